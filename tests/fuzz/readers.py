"""What reads the words of strangers, each under atheris (libFuzzer): any bytes give a value or a failure of ours, and nothing else.

    python -m tests.fuzz.readers NAME [CORPUS_DIR] [-max_total_time=600 …]

A finding is printed and kept by libFuzzer as a file ``crash-…``. ``make fuzz`` runs them all for longer; a short run of each is in the tests.
"""

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import atheris  # type: ignore[import-untyped]

with atheris.instrument_imports(include=["pixmill"]):
    from pixmill.api.caching import entity_tags
    from pixmill.api.negotiate import named_formats
    from pixmill.cache.entry import decode, seal
    from pixmill.dialects.native import parse
    from pixmill.dialects.signing import Keyring
    from pixmill.engine import wire
    from pixmill.errors import PixmillError
    from pixmill.plan.key import Key, canonical
    from pixmill.plan.source import parse_source
    from pixmill.plan.url import canonical_url, redirected
    from pixmill.sources.addresses import check_address

RING: Final = Keyring((b"0123456789abcdef",))
KEY: Final = Key("0" * 64)


def grammar(data: bytes) -> None:
    with suppress(PixmillError):
        for path in (b"/resize", b"/info"):
            assert canonical(parse(path, data).plan)


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
        redirected("http://example.com/a/b", text)
    with suppress(PixmillError):
        parse_source(text)


def headers(data: bytes) -> None:
    text = data.decode("latin-1")
    assert len(named_formats(text)) <= len(text)
    entity_tags(text)


def entry(data: bytes) -> None:
    decode(KEY, data)
    half = len(data) // 2
    decode(KEY, seal(data[:half], data[half:]))


def messages(data: bytes) -> None:
    with suppress(wire.Garbled):
        wire._decode(wire._ORDERS, data)
    with suppress(wire.Garbled):
        wire._decode(wire._REPLIES, data)


def address(data: bytes) -> None:
    with suppress(PixmillError):
        check_address(data.decode("latin-1"))


READERS: Final[dict[str, Callable[[bytes], None]]] = {
    reader.__name__: reader for reader in (grammar, signature, url, headers, entry, messages, address)
}

if __name__ == "__main__":
    name, *options = sys.argv[1:]
    atheris.Setup([sys.argv[0], *options], READERS[name])
    atheris.Fuzz()
