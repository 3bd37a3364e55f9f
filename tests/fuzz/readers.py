"""What reads the words of strangers, each under atheris (libFuzzer): any bytes give a value or a failure of ours, and nothing else.

    python -m tests.fuzz.readers NAME [CORPUS_DIR] [-max_total_time=600 …]
    python -m tests.fuzz.readers all FOLDER [-max_total_time=600 …]

``all`` instruments the code once, for that is what takes long, and gives each reader a process and a corpus in the folder. A finding is printed and kept by libFuzzer as a file ``crash-…``. ``make fuzz`` runs them all for longer; a short run of each is in the tests.
"""

import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final
from xml.parsers import expat

import atheris  # type: ignore[import-untyped]

with atheris.instrument_imports(include=["pixmill"]):
    from pixmill.api.http.cache_headers import entity_tags
    from pixmill.api.http.negotiation import accepted_formats
    from pixmill.cache.format.entry import decode, seal
    from pixmill.dialects.native.dialect import parse
    from pixmill.dialects.signing import Keyring
    from pixmill.engine import protocol
    from pixmill.engine.codecs.svg_sanitiser import sanitise_svg
    from pixmill.errors import PixmillError
    from pixmill.plan.key import Key, canonical_json
    from pixmill.plan.source import parse_source
    from pixmill.plan.url import canonical_url, resolve_redirect
    from pixmill.sources.addresses import check_address

HERE: Final = Path(__file__).parent
RING: Final = Keyring((b"0123456789abcdef",))
KEY: Final = Key("0" * 64)
_LOADS: Final = re.compile(r"url\((?!#)|@import|(?:image|image-set|src)\(", re.IGNORECASE)
"""What no style has that was made safe."""
_LINKS: Final = ("href", "xlink:href")


def grammar(data: bytes) -> None:
    with suppress(PixmillError):
        for path in (b"/resize", b"/info"):
            assert canonical_json(parse(path, data).plan)


def signature(data: bytes) -> None:
    with suppress(PixmillError):
        RING.verify(b"/resize", data, 0)
        raise AssertionError("nobody has the key")


def url(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    with suppress(PixmillError):
        once = canonical_url("http://" + text)
        assert canonical_url(once) == once
    with suppress(PixmillError):
        resolve_redirect("http://example.com/a/b", text)
    with suppress(PixmillError):
        parse_source(text)


def headers(data: bytes) -> None:
    text = data.decode("latin-1")
    assert len(accepted_formats(text)) <= len(text)
    entity_tags(text)


def entry(data: bytes) -> None:
    decode(KEY, data)
    half = len(data) // 2
    decode(KEY, seal(data[:half], data[half:]))


def messages(data: bytes) -> None:
    with suppress(protocol.ProtocolError):
        protocol._decode(protocol._COMMAND_DECODER, data)
    with suppress(protocol.ProtocolError):
        protocol._decode(protocol._REPLY_DECODER, data)


def address(data: bytes) -> None:
    with suppress(PixmillError):
        check_address(data.decode("latin-1"))


def drawing(data: bytes) -> None:
    with suppress(PixmillError, expat.ExpatError):
        once = sanitise_svg(data).serialise()
        assert sanitise_svg(once).serialise() == once
        _look_at(once)


def _look_at(text: bytes) -> None:
    """By another reader than the one that made it safe."""
    parser = expat.ParserCreate()
    within: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        within.append(name)
        assert name.lower() not in ("script", "foreignobject", "iframe", "handler"), text
        for attribute, value in attributes.items():
            assert attribute[:2].lower() != "on", text
            assert attribute not in ("ping", "xml:base"), text
            assert attribute not in _LINKS or re.match(r"\s*#|data:image/", value, re.IGNORECASE), text
            assert attribute in _LINKS or not _LOADS.search(value), text

    def said(data: str) -> None:
        assert within[-1] != "style" or not _LOADS.search(data), text

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: within.pop()
    parser.CharacterDataHandler = said
    parser.buffer_text = True
    parser.Parse(text, True)


READERS: Final[dict[str, Callable[[bytes], None]]] = {
    reader.__name__: reader for reader in (grammar, signature, url, headers, entry, messages, address, drawing)
}


def fuzz(name: str, options: list[str]) -> None:
    """Does not return."""
    atheris.Setup([sys.argv[0], *options], READERS[name])
    atheris.Fuzz()


def fuzz_all(folder: Path, options: list[str]) -> None:
    """Each in a process of its own; ends with the first that finds something."""
    for name in READERS:
        kept = folder / name
        kept.mkdir(parents=True, exist_ok=True)
        child = os.fork()
        if not child:
            print(name, file=sys.stderr, flush=True)  # noqa: T201
            fuzz(name, [str(kept), str(HERE / "corpus" / name), *options])
        _, status = os.waitpid(child, 0)
        if status:
            sys.exit(f"{name} ended with {status}")


if __name__ == "__main__":
    first, *rest = sys.argv[1:]
    if first == "all":
        fuzz_all(Path(rest[0]), rest[1:])
    else:
        fuzz(first, rest)
