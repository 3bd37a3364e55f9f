"""Content coding of answers that are text (RFC 9110 §8.4, §12.5.3): which one a client gets, and the compressed body.

Knows headers and bytes. Images are compressed already, and never by this module.
"""

import asyncio
import gzip
from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from pixmill.media import MEDIA, Format
from pixmill.runtime.bounded import SizedDict

MIN_BYTES: Final = 860
"""A smaller answer fits into the packet that it needs anyway."""

MAX_BYTES: Final = 8 << 20
"""A larger one is sent as it is: 8 MiB take 0.2 s, in a thread."""

COMPRESSIBLE_FORMATS: Final = (Format.SVG, Format.JSON)
"""Of results."""

_TEXT: Final = ("text/",)
_TYPES: Final = frozenset(
    (
        "application/javascript",
        "application/json",
        "application/ld+json",
        "application/manifest+json",
        "application/problem+json",
        "application/xml",
        MEDIA[Format.SVG].mime,
    )
)
_MAX_HEADER_CHARS: Final = 1_024
_ALIASES: Final = {"x-gzip": "gzip"}
_IDENTITY: Final = "identity"
_DEFAULT_WEIGHT, _UNNAMED_IDENTITY_WEIGHT = 1.0, 0.0001
_DIRECT_BYTES: Final = 16 << 10
"""A larger body is compressed in a thread: 16 KiB take 0.3 ms."""

_MAX_STORED_BYTES: Final = 8 << 20
_GZIP_LEVEL, _BROTLI_QUALITY, _ZSTD_LEVEL = 6, 5, 6
"""Kilobytes and milliseconds of an SVG of 200 kB: 50 and 4.6, 46 and 3.3, 49 and 1.6."""


def _brotli(body: bytes) -> bytes:
    import brotli  # noqa: PLC0415 - 5 MB, for the first answer that is compressed

    return bytes(brotli.compress(body, quality=_BROTLI_QUALITY))


def _zstd(body: bytes) -> bytes:
    from backports import zstd  # noqa: PLC0415 - see _brotli

    return bytes(zstd.compress(body, _ZSTD_LEVEL))


CODINGS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "br": _brotli,
    "zstd": _zstd,
    "gzip": lambda body: gzip.compress(body, _GZIP_LEVEL, mtime=0),
}
"""In the order in which a client that takes several gets them."""


class Compressor:
    """Compresses bodies, and stores what it has compressed, up to 8 MiB."""

    def __init__(self) -> None:
        self._stored: SizedDict[bytes, bytes] = SizedDict(len)

    async def compress(self, body: bytes, coding: str) -> bytes:
        key = coding.encode() + blake2b(body, digest_size=16).digest()
        stored = self._stored.entries.get(key)
        if stored is not None:
            self._stored.entries.move_to_end(key)
            return stored
        work = CODINGS[coding]
        compressed = work(body) if len(body) <= _DIRECT_BYTES else await asyncio.to_thread(work, body)
        self._stored.put(key, compressed)
        while self._stored.total_bytes > _MAX_STORED_BYTES:
            self._stored.pop_oldest()
        return compressed


def is_compressible(content_type: str) -> bool:
    """Whether a body of this type is text."""
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type.startswith(_TEXT) or media_type in _TYPES


@lru_cache(maxsize=256)
def choose_coding(accept_encoding: str, codings: tuple[str, ...]) -> str:
    """Return the coding with the highest weight, the first of equal ones; empty for none.

    A header that names none of ours, or that is longer than 1,024 characters, gets the body as it is.
    """
    if len(accept_encoding) > _MAX_HEADER_CHARS:
        return ""
    weights = dict(map(_weighted, filter(str.strip, accept_encoding.lower().split(","))))
    others = weights.get("*", 0.0)
    identity = weights.get(_IDENTITY, _UNNAMED_IDENTITY_WEIGHT)
    best = max(codings, key=lambda coding: weights.get(coding, others), default="")
    return best if best and weights.get(best, others) >= max(identity, _UNNAMED_IDENTITY_WEIGHT) else ""


def _weighted(element: str) -> tuple[str, float]:
    """Return a coding and its weight, 0 for one that is not a number."""
    coding, *parameters = (part.strip() for part in element.split(";"))
    coding = _ALIASES.get(coding, coding)
    texts = [text.partition("=")[2].strip() for text in parameters if text.replace(" ", "").startswith("q=")]
    if not texts:
        return coding, _DEFAULT_WEIGHT
    try:
        weight = float(texts[0])
    except ValueError:
        return coding, 0.0
    return coding, weight if 0 <= weight <= 1 else 0.0
