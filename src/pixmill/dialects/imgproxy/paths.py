"""Splits a path of imgproxy into signature, options and source. Knows its syntax; must never know what options mean.

Works on the raw path: the part that is signed is what is parsed. Some proxies change a path on its way, by escaping
colons and by merging slashes; both are undone first, as imgproxy does.
"""

import re
from dataclasses import dataclass
from typing import Final

from pixmill.dialects.imgproxy.config import OptionSegment
from pixmill.errors import MalformedRequest, RequestTooLarge

MAX_PATH_BYTES: Final = 65_536
MAX_OPTIONS: Final = 512
MAX_PIPELINES: Final = 8

_PLAIN: Final = b"/plain/"
_MERGED_SLASHES: Final = re.compile(rb"(?i:(local)|([a-z][a-z0-9+.-]{0,15})):/(?!/)")
_PIPELINE: Final = "-"


@dataclass(frozen=True, slots=True)
class SignedPath:
    """A path below the mount: the signature, and the rest with its first slash, which is signed."""

    signature: bytes
    rest: bytes


def split_signature(path: bytes) -> SignedPath:
    """Split a path; raises BadRequest without a signature or a rest."""
    if len(path) > MAX_PATH_BYTES:
        raise RequestTooLarge(f"The path may have at most {MAX_PATH_BYTES} bytes")
    signature, slash, rest = path.removeprefix(b"/").partition(b"/")
    if not slash or not signature or not rest:
        raise MalformedRequest("The path must be /signature/options/source")
    return SignedPath(signature, restored(b"/" + rest))


def restored(rest: bytes) -> bytes:
    """Return the path as its author wrote it: without escaped colons in options, and with both slashes of a URL."""
    options, plain, source = rest.partition(_PLAIN)
    if b"%3A" in options:
        options = options.replace(b"%3A", b":")
    if plain and (match := _MERGED_SLASHES.match(source)):
        source = match[0] + (b"//" if match[1] else b"/") + source[match.end() :]
    return options + plain + source


@dataclass(frozen=True, slots=True)
class SplitPath:
    """The options of a path, by pipeline, and the segments of its source."""

    pipelines: tuple[tuple[OptionSegment, ...], ...]
    source: tuple[str, ...]


def split_path(rest: bytes, separator: str) -> SplitPath:
    """Split the signed part of a path: options end at the first segment without a separator. Raises BadRequest."""
    segments = _segments(rest)
    pipelines: list[list[OptionSegment]] = [[]]
    position = 0
    for position, segment in enumerate(segments):
        if segment == _PIPELINE and position + 1 < len(segments):
            pipelines.append([])
        elif separator in segment:
            name, *arguments = segment.split(separator)
            pipelines[-1].append((name, tuple(arguments)))
        else:
            break
        if position > MAX_OPTIONS:
            raise RequestTooLarge(f"A URL may have at most {MAX_OPTIONS} options")
    else:
        position = len(segments)
    if len(pipelines) > MAX_PIPELINES:
        raise RequestTooLarge(f"A URL may have at most {MAX_PIPELINES} pipelines")
    return SplitPath(tuple(map(tuple, pipelines)), tuple(segments[position:]))


def split_presets(rest: bytes, separator: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split the signed part of a path that names presets only; return them and the segments of the source."""
    names, *source = _segments(rest)
    return tuple(names.split(separator)), tuple(source)


def _segments(rest: bytes) -> list[str]:
    try:
        return rest.removeprefix(b"/").decode().split("/")
    except UnicodeDecodeError:
        raise MalformedRequest("The path is not UTF-8") from None
