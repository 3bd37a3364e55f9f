"""Divides a path: cloud, resource, type, signature, components, version, public id and extension.

Knows the shape of paths. Must never know what a parameter does, nor whether a source exists.
"""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from pixmill.dialects.kit.encodings import percent_decode
from pixmill.errors import InvalidParameter, MissingParameter, RequestTooLarge, RouteNotFound

MAX_PATH_BYTES: Final = 16_384
MAX_COMPONENTS: Final = 64
"""Of a URL with all its named transformations."""

IMAGE: Final = "image"
VIDEO: Final = "video"
UPLOAD: Final = "upload"
FETCH: Final = "fetch"
PROTECTED_TYPES: Final = frozenset({"private", "authenticated"})
TYPES: Final = frozenset({UPLOAD, FETCH}) | PROTECTED_TYPES
_OTHER_TYPES: Final = frozenset(
    {
        "facebook",
        "twitter",
        "twitter_name",
        "gravatar",
        "youtube",
        "vimeo",
        "hulu",
        "dailymotion",
        "worldstarhiphop",
        "animoto",
        "vine",
        "sprite",
        "multi",
        "explode",
        "text",
        "list",
        "url2png",
        "asset",
    }
)
_RESOURCES: Final = frozenset({IMAGE, VIDEO, "raw"})
_SHORT: Final[Mapping[str, tuple[str, str]]] = {"iu": (IMAGE, UPLOAD)}
_WITH_SUFFIX: Final[Mapping[str, tuple[str, str]]] = {
    "images": (IMAGE, UPLOAD),
    "private_images": (IMAGE, "private"),
    "authenticated_images": (IMAGE, "authenticated"),
    "videos": (VIDEO, UPLOAD),
    "files": ("raw", UPLOAD),
}
_MARKS: Final = _RESOURCES | _SHORT.keys() | _WITH_SUFFIX.keys()
_SIGNATURE: Final = re.compile(rb"s--([A-Za-z0-9_-]{8}|[A-Za-z0-9_-]{32})--")
_VERSION: Final = re.compile(rb"v([0-9]{1,18})")
_EXTENSION: Final = re.compile(r"[A-Za-z0-9]{1,10}")
_COMMA: Final = re.compile(rb",|%2[Cc]")
_REMOTE: Final = re.compile(rb"https?(?::|%3[Aa])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A path in pieces. ``components`` are as sent, ``source`` is decoded once: a public id, or a URL.

    ``extension`` is that of a public id, without dot, empty if it has none. ``signed_texts``: what a client may have
    signed.
    """

    resource: str
    type: str
    components: tuple[bytes, ...]
    source: str
    extension: str = ""
    version: str = ""
    signature: bytes = b""
    signed_texts: tuple[bytes, ...] = ()

    @property
    def name(self) -> str:
        """The public id with its extension, or the URL."""
        return f"{self.source}.{self.extension}" if self.extension else self.source


def split_path(path: bytes, keys: Container[str], cloud_name: str = "", *, use_root_path: bool = False) -> Delivery:
    """Divide a path. ``keys``: those of parameters. Raises BadRequest."""
    if len(path) > MAX_PATH_BYTES:
        raise RequestTooLarge(f"The path may have at most {MAX_PATH_BYTES} bytes")
    segments = path.removeprefix(b"/").split(b"/")
    resource, kind, rest, has_suffix = _kind_of(segments, cloud_name, use_root_path=use_root_path)
    signature = b""
    if rest and (match := _SIGNATURE.fullmatch(rest[0])):
        signature, rest = match[1], rest[1:]
    count = 0
    last = len(rest) if kind == FETCH else len(rest) - 1
    while count < last and is_component(rest[count], keys):
        count += 1
    if count > MAX_COMPONENTS:
        raise InvalidParameter(f"A URL may have at most {MAX_COMPONENTS} components", param="transformation")
    components, rest = tuple(rest[:count]), rest[count:]
    version = ""
    if len(rest) > 1 and (match := _VERSION.fullmatch(rest[0])):
        version, rest = match[1].decode().lstrip("0"), rest[1:]
    if not rest or rest == [b""]:
        raise MissingParameter("The URL names no image", param="public_id")
    return _delivery(resource, kind, components, rest, version, signature, has_suffix=has_suffix)


def _kind_of(
    segments: Sequence[bytes], cloud_name: str, *, use_root_path: bool
) -> tuple[str, str, Sequence[bytes], bool]:
    """Return resource, type, the segments behind them, and whether the last one is a suffix."""
    names = [segment.decode("latin-1") for segment in segments[:3]]
    at = 0 if _is_kind(names) else 1
    if at and not _is_kind(names[1:]):
        if not use_root_path:
            raise RouteNotFound
        return IMAGE, UPLOAD, segments[1:] if cloud_name and names[0] == cloud_name else segments, False
    if at and cloud_name and names[0] != cloud_name:
        raise RouteNotFound
    mark = names[at]
    if mark in _RESOURCES:
        kind = names[at + 1]
        if kind in _OTHER_TYPES:
            raise InvalidParameter(f"Assets of type {kind} are not delivered here", param="type")
        return mark, kind, segments[at + 2 :], False
    has_suffix = mark in _WITH_SUFFIX
    resource, kind = _WITH_SUFFIX[mark] if has_suffix else _SHORT[mark]
    return resource, kind, segments[at + 1 :], has_suffix


def _is_kind(names: Sequence[str]) -> bool:
    """Return whether these segments begin with a resource and a type, or with a word for both."""
    if not names or names[0] not in _MARKS:
        return False
    return names[0] not in _RESOURCES or (len(names) > 1 and names[1] in TYPES | _OTHER_TYPES)


def _delivery(
    resource: str,
    kind: str,
    components: tuple[bytes, ...],
    rest: Sequence[bytes],
    version: str,
    signature: bytes,
    *,
    has_suffix: bool,
) -> Delivery:
    raw = b"/".join(rest)
    if kind == FETCH:
        source, extension = _decoded(raw), ""
    elif has_suffix and len(rest) > 1:
        _, extension = _split_extension(_decoded(rest[-1]))
        raw = b"/".join(rest[:-1])
        source = _decoded(raw)
        raw += b"." + extension.encode() if extension else b""
    else:
        source, extension = _split_extension(_decoded(raw))
    prefix = b"/".join(components)
    texts = dict.fromkeys((raw, _escaped(_decoded(raw))))
    signed = tuple(prefix + b"/" + text if prefix else text for text in texts)
    return Delivery(resource, kind, components, source, extension, version, signature, signed)


def is_component(segment: bytes, keys: Container[str]) -> bool:
    """Return whether each part of a segment begins with the key of a parameter, or with ``$``."""
    if _REMOTE.match(segment):
        return False
    return all(_has_key(part, keys) for part in _COMMA.split(segment))


def _has_key(part: bytes, keys: Container[str]) -> bool:
    if part.startswith((b"$", b"%24")):
        return True
    key, mark, _ = part[:8].partition(b"_")
    return bool(mark) and key.decode("latin-1") in keys


def split_component(component: bytes) -> tuple[tuple[str, str], ...]:
    """Return keys and values of a component, decoded once; the key of a variable is ``$``. Raises InvalidParameter."""
    text = _decoded(component, "transformation")
    parts = [part.partition("_") for part in text.split(",")]
    return tuple(("$", f"{key}_{value}") if key.startswith("$") else (key, value) for key, _, value in parts)


def _split_extension(name: str) -> tuple[str, str]:
    """Divide a public id at its last dot, if what follows is a file extension."""
    stem, dot, extension = name.rpartition(".")
    if not dot or not stem or stem.endswith("/") or not _EXTENSION.fullmatch(extension):
        return name, ""
    return stem, extension


split_extension = _split_extension


def _escaped(text: str) -> bytes:
    """Escape a public id or a URL as the libraries do before they sign it: no two texts become one."""
    return quote(text, safe="/:").replace("~", "%7E").encode()


def _decoded(raw: bytes, param: str = "public_id") -> str:
    try:
        return percent_decode(raw)
    except ValueError as error:
        raise InvalidParameter(f"{param}: {error}", param=param) from None
