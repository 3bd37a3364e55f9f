"""Encode a cache entry as one self-describing blob, and decode it.

Knows the header; must never know where blobs are stored. Decoding is total: any bytes at all give the entry that was
written under this key, or None; never an exception, never another image.

The layout of the blob is in ``envelope.py``.
"""

from collections.abc import Callable
from hashlib import sha256
from math import isfinite
from typing import Annotated, Final

import msgspec

from pixmill.cache.format.envelope import DECODE_ERRORS, DIGEST_BYTES, PREFIX_BYTES, Envelope, checksum
from pixmill.media import Format
from pixmill.plan.key import Key
from pixmill.ports.values import Entry, EntryMetadata, OriginalVersion

MAGIC: Final = b"PXMC"
VERSION: Final = 3
"""Raised when the layout or the meaning of a header field changes; a new field with a default needs no new version."""

MIN_BLOB_BYTES: Final = PREFIX_BYTES + DIGEST_BYTES
MAX_OVERHEAD_BYTES: Final = 64 * 1024
"""More than a blob ever takes besides its body."""

_ENVELOPE: Final = Envelope(MAGIC, VERSION)


class EntryHeader(msgspec.Struct, frozen=True):
    """An entry without its body. Its texts are as ``to_stored`` gives them."""

    key: str
    format: Format
    width: Annotated[int, msgspec.Meta(ge=1)]
    height: Annotated[int, msgspec.Meta(ge=1)]
    meta: EntryMetadata


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(EntryHeader)


def encode(key: Key, entry: Entry) -> bytes:
    """Return the blob of the entry under ``key``."""
    header = EntryHeader(key, entry.format, entry.width, entry.height, _convert_texts(entry.meta, to_stored))
    return seal(_ENCODER.encode(header), entry.body)


def decode(key: Key, blob: bytes) -> Entry | None:
    """Return the entry that was written under ``key``; None if the blob is damaged, foreign or of another version."""
    parts = unseal(blob)
    return None if parts is None else _decode_parts(key, *parts)


def decode_header(name: str, head: bytes) -> Entry | None:
    """Return the entry under this name without its body, from the beginning of its blob; the checksum is not verified.

    For sweeps, where a mistake costs an entry and nothing else.
    """
    body_offset = _ENVELOPE.body_offset(head)
    return None if body_offset is None else _decode_parts(name, head[PREFIX_BYTES:body_offset], b"")


def seal(header: bytes, body: bytes) -> bytes:
    """Return the blob of a header and a body, with its checksum."""
    preamble = _ENVELOPE.preamble(header)
    return b"".join((preamble, body, checksum(preamble, body)))


def unseal(blob: bytes) -> tuple[bytes, bytes] | None:
    """Return header and body, or None if the checksum or the layout is wrong."""
    if len(blob) < MIN_BLOB_BYTES:
        return None
    body_offset, end = _ENVELOPE.body_offset(blob), len(blob) - DIGEST_BYTES
    if body_offset is None or body_offset > end:
        return None
    if sha256(memoryview(blob)[:end]).digest() != blob[end:]:
        return None
    return blob[PREFIX_BYTES:body_offset], blob[body_offset:end]


def _decode_parts(name: str, header: bytes, body: bytes) -> Entry | None:
    try:
        decoded = _DECODER.decode(header)
        meta = _convert_texts(decoded.meta, from_stored)
    except DECODE_ERRORS:
        return None
    if decoded.key != name or not (meta.lifetime.is_finite() and is_finite(meta.version)):
        return None
    return Entry(body, decoded.format, decoded.width, decoded.height, meta) if _is_client_age_finite(meta) else None


def is_finite(version: OriginalVersion) -> bool:
    """Whether all times of the version are numbers."""
    return isfinite(version.purge_watermark) and isfinite(version.modified)


def _is_client_age_finite(meta: EntryMetadata) -> bool:
    return isfinite(meta.client_caching.max_age_s)


def _convert_texts(meta: EntryMetadata, convert: Callable[[str], str]) -> EntryMetadata:
    return msgspec.structs.replace(
        meta,
        etag=convert(meta.etag),
        version=convert_validator(meta.version, convert),
        sources=tuple(map(convert, meta.sources)),
        tags=tuple(map(convert, meta.tags)),
    )


def convert_validator(version: OriginalVersion, convert: Callable[[str], str]) -> OriginalVersion:
    """Return the version with its validator converted by ``to_stored`` or ``from_stored``."""
    return msgspec.structs.replace(version, validator=convert(version.validator))


def to_stored(text: str) -> str:
    """Return the text as headers hold it: ASCII as it is, else its UTF-8 bytes as Latin-1.

    Lone surrogates, which stand for bytes of an origin's header that are not UTF-8, cannot be encoded otherwise.
    """
    return text if text.isascii() else text.encode("utf-8", "surrogatepass").decode("latin-1")


def from_stored(text: str) -> str:
    """Undo ``to_stored``. Raises UnicodeError for a text that it never returns."""
    return text if text.isascii() else text.encode("latin-1").decode("utf-8", "surrogatepass")
