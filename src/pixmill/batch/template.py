"""Names of results: ``s3://thumbs/{dir}/{stem}-{width}.{ext}``.

Knows placeholders. Must never let a name lead out of the location that the template begins with.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from pixmill.batch.patterns import STORE_SCHEMES
from pixmill.batch.variants import BATCH_PARAMS, ENDINGS, Variant
from pixmill.errors import InvalidParameter
from pixmill.media import MEDIA, OUTPUT_FORMATS, Format
from pixmill.storage.paths import is_valid_path

INPUT_PLACEHOLDERS: Final[Mapping[str, str]] = {
    "path": "path of the original below the folder where the pattern begins: `rome/2026/sea.jpg`",
    "dir": "its folders: `rome/2026`; empty at the top",
    "parent": "the last of its folders: `2026`",
    "name": "its name: `sea.jpg`",
    "stem": "its name without the ending: `sea`",
    "suffix": "the ending of its name: `jpg`",
    "hash": "16 hexadecimal digits that stand for its path",
}
"""What is known of the original."""

RESULT_PLACEHOLDERS: Final[Mapping[str, str]] = {
    "ext": "the usual ending of the format of the result: `avif`, `jpg`",
    "format": "the format of the result: `avif`, `jpeg`",
}
"""What is known of the result; besides, each parameter that is given is a placeholder: ``{width}``."""

_TOKEN: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._,:-]+")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_LATE_EXTENSION: Final = "\0"
"""Stands for an ending that is known when the result is there; no name can have it."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where results go: the URL of a store, and the parts of the path there: (text, is a placeholder)."""

    location: str
    parts: tuple[tuple[str, bool], ...]

    @property
    def text(self) -> str:
        return f"{self.location}/" + "".join(f"{{{text}}}" if named else text for text, named in self.parts)

    @property
    def placeholders(self) -> frozenset[str]:
        return frozenset(text for text, named in self.parts if named)

    def format_of_extension(self) -> Format | None:
        """Return the format that the template's own ending names, if it has one."""
        text, named = self.parts[-1] if self.parts else ("", False)
        return None if named else ENDINGS.get(text.rpartition(".")[2].lower() if "." in text else "")


def parse_target(text: str) -> Target:
    """Parse the template. Raises InvalidParameter."""
    match = _SCHEME.fullmatch(text)
    scheme = match[1].lower() if match else ""
    if match and scheme not in {*STORE_SCHEMES, "file"}:
        raise _invalid(f"Results cannot be written to {scheme}://: use a folder, s3://, gs:// or az://")
    if match and scheme != "file":
        bucket, _, path = match[2].partition("/")
        if not bucket or "{" in bucket:
            raise _invalid("The bucket of the target must be named, without placeholders")
        location, rest = _split_folder(path)
        return Target("/".join(part for part in (f"{scheme}://{bucket}", location) if part), rest)
    path = unquote(urlsplit(text).path) if match else text
    if not path or "\0" in path:
        raise _invalid("The target has no name")
    location, rest = _split_folder(path)
    is_folder = not rest
    folder = Path("/" if path.startswith("/") else "", location).expanduser()
    if is_folder:
        return Target(str(folder.resolve()), ())
    return Target(str(folder.resolve()), rest)


def _split_folder(path: str) -> tuple[str, tuple[tuple[str, bool], ...]]:
    """Split into the folders before the first placeholder and the parts after them; no parts for a mere folder."""
    tokens = _tokens(path)
    first = next((number for number, (_, named) in enumerate(tokens) if named), None)
    if first is None:
        whole = "".join(text for text, _ in tokens)
        if ENDINGS.get(whole.rpartition("/")[2].rpartition(".")[2].lower()) and not whole.endswith("/"):
            raise _invalid("All results would have the same name: the target needs placeholders, such as {stem}")
        return whole.rstrip("/").lstrip("/") if whole.strip("/") else "", ()
    before = "".join(text for text, _ in tokens[:first])
    folder, slash, begin = before.rpartition("/")
    rest = [(begin, False)] if begin else []
    return (folder if slash else "").strip("/"), (*rest, *tokens[first:])


def _tokens(text: str) -> list[tuple[str, bool]]:
    """Return literal texts and names of placeholders, joined."""
    found: list[tuple[str, bool]] = []
    end = 0
    for match in _TOKEN.finditer(text):
        literal = text[end : match.start()] + (match[0][0] if match[0] in {"{{", "}}"} else "")
        if match[0] in {"{", "}"}:
            raise _invalid(f"A single {match[0]} in the target: write {match[0] * 2} for the character itself")
        _append_literal(found, literal)
        if match[1] is not None:
            found.append((_placeholder(match[1]), True))
        end = match.end()
    _append_literal(found, text[end:])
    return found


def _append_literal(found: list[tuple[str, bool]], literal: str) -> None:
    if literal and found and not found[-1][1]:
        found[-1] = (found[-1][0] + literal, False)
    elif literal:
        found.append((literal, False))


def _placeholder(name: str) -> str:
    key = name.strip().replace("-", "_")
    if key in INPUT_PLACEHOLDERS or key in RESULT_PLACEHOLDERS:
        return key
    param = next((param.name for param in BATCH_PARAMS.values() if key in param.names), None)
    if param is None:
        known = ", ".join(f"{{{one}}}" for one in (*INPUT_PLACEHOLDERS, *RESULT_PLACEHOLDERS))
        raise _invalid(f"There is no placeholder {{{name[:40]}}}: use {known}, or a parameter that is given")
    return param


class Namer:
    """Names the results of originals, by one target and all variants. Raises InvalidParameter for what cannot be."""

    def __init__(self, target: Target, variants: tuple[Variant, ...]) -> None:
        self.target = target
        self.variants = variants
        parts = target.parts or _default_parts(variants)
        self._rows = [_bind(parts, variant) for variant in variants]
        _check_distinct(parts, variants)

    @property
    def has_late_names(self) -> bool:
        """Whether a part of names is known only when the result is there."""
        return any(_LATE_EXTENSION in text for row in self._rows for text, named in row if not named)

    def paths(self, name: str) -> list[str]:
        """Return the path of each variant of an original with this relative name, as far as it is known."""
        facts = _facts_of(name)
        return [
            _without_empty_segments("".join(facts[text] if named else text for text, named in row))
            for row in self._rows
        ]


def finished_path(path: str, form: Format) -> str:
    """Return a path with the ending of the result; raises InvalidParameter for what is no path in a store."""
    path = with_ending(path, form)
    if not is_valid_path(path):
        raise InvalidParameter(f"{path!r} is no name that a result can have", param="to")
    return path


def possible_paths(paths: Iterable[str]) -> list[str]:
    """Return the paths with every ending that a result may get, where it is not known yet."""
    found: list[str] = []
    for path in paths:
        found += (
            dict.fromkeys(with_ending(path, form) for form in OUTPUT_FORMATS) if _LATE_EXTENSION in path else [path]
        )
    return found


def with_ending(path: str, form: Format) -> str:
    """Return a path with the ending of a result of this format."""
    return path.replace(_LATE_EXTENSION + "e", MEDIA[form].extension).replace(_LATE_EXTENSION + "f", form.value)


def shown_path(path: str) -> str:
    """Return a path for people, with a star for what is not known yet."""
    return path.replace(_LATE_EXTENSION + "e", "*").replace(_LATE_EXTENSION + "f", "*")


def _bind(parts: tuple[tuple[str, bool], ...], variant: Variant) -> list[tuple[str, bool]]:
    """Replace the placeholders of one variant; those of originals stay."""
    bound: list[tuple[str, bool]] = []
    for text, named in parts:
        if named and text in INPUT_PLACEHOLDERS:
            bound.append((text, True))
        else:
            _append_literal(bound, _value_of(text, variant) if named else text)
    return bound


def _value_of(name: str, variant: Variant) -> str:
    if name == "ext":
        return variant.extension or _LATE_EXTENSION + "e"
    if name == "format":
        return variant.format.value if variant.format else _LATE_EXTENSION + "f"
    if name not in variant.params:
        raise _invalid(f"The target has {{{name}}}, so --{name.replace('_', '-')} must be given")
    return _UNSAFE.sub("-", variant.params[name]).strip(".") or "-"


def _default_parts(variants: tuple[Variant, ...]) -> tuple[tuple[str, bool], ...]:
    """Return the parts below a target that is a folder: all that varies is in the name."""
    varying = [name for name in _varying(variants) if name != "format"]
    suffix = [part for name in varying for part in (("-", False), (name, True))]
    return ("dir", True), ("/", False), ("stem", True), *suffix, (".", False), ("ext", True)


def _varying(variants: tuple[Variant, ...]) -> list[str]:
    """Return the parameters that have several values."""
    names = variants[0].params if variants else {}
    return [name for name in names if len({variant.params[name] for variant in variants}) > 1]


def _check_distinct(parts: tuple[tuple[str, bool], ...], variants: tuple[Variant, ...]) -> None:
    """Raise InvalidParameter if a parameter with several values has no placeholder, or originals have none."""
    placeholders = {text for text, named in parts if named}
    for name in _varying(variants):
        wanted = {"ext", "format"} if name == "format" else {name}
        if not wanted & placeholders:
            shown = " or ".join(f"{{{one}}}" for one in sorted(wanted))
            raise _invalid(f"--{name.replace('_', '-')} has several values, so the target needs {shown}")
    if not placeholders & INPUT_PLACEHOLDERS.keys():
        raise _invalid("All originals would get the same name: the target needs {stem}, {name}, {path} or {hash}")


def _facts_of(name: str) -> dict[str, str]:
    folders, _, leaf = name.rpartition("/")
    stem, dot, suffix = leaf.rpartition(".")
    return {
        "path": name,
        "dir": folders,
        "parent": folders.rpartition("/")[2],
        "name": leaf,
        "stem": stem if dot and stem else leaf,
        "suffix": suffix if dot and stem else "",
        "hash": blake2b(name.encode(errors="surrogatepass"), digest_size=8).hexdigest(),
    }


def _without_empty_segments(path: str) -> str:
    """Drop empty segments, which an empty ``{dir}`` leaves."""
    return "/".join(filter(None, path.split("/"))) if "//" in path or path[:1] == "/" else path


def _invalid(message: str) -> InvalidParameter:
    return InvalidParameter(message, param="to")
