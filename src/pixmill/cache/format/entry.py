"""An entry as one self-describing blob, and back.

Knows what a header says; must never know where blobs are kept. Reading is total: any bytes at all
give the entry that was written under this key, or None; never an exception, never another picture.

The layout of the blob is in ``envelope.py``.
"""

from hashlib import sha256
from math import isfinite
from typing import Annotated, Final

import msgspec

from pixmill.cache.format.envelope import DECODE_ERRORS, DIGEST_BYTES, PREFIX_BYTES, Envelope, checksum
from pixmill.media import Format
from pixmill.plan.key import Key
from pixmill.ports.values import Entry

MAGIC: Final = b"PXMC"
VERSION: Final = 3
"""Raised when the layout or the meaning of a header field changes; a new field with a default needs no new version."""

MIN_BLOB_BYTES: Final = PREFIX_BYTES + DIGEST_BYTES
MAX_OVERHEAD_BYTES: Final = 64 * 1024
"""More than a blob ever takes besides its body."""

_ENVELOPE: Final = Envelope(MAGIC, VERSION)


class EntryHeader(msgspec.Struct, frozen=True):
    """All of an entry but its body. The texts are UTF-8 with lone surrogates let through: an origin's ETag may hold any."""

    key: str
    format: Format
    width: Annotated[int, msgspec.Meta(ge=1)]
    height: Annotated[int, msgspec.Meta(ge=1)]
    etag: bytes
    source_validator: bytes
    stored_at: float
    fresh_until: float
    stale_until: float
    sources: tuple[bytes, ...]
    tags: tuple[bytes, ...]
    purge_watermark: float
    stale_if_error_until: float = 0.0
    retained_until: float = 0.0
    immutable: bool = False
    modified: float = 0.0
    client_max_age_s: float | None = None


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(EntryHeader)


def encode(key: Key, entry: Entry) -> bytes:
    """The blob of this entry under this key."""
    header = EntryHeader(
        key=key,
        format=entry.format,
        width=entry.width,
        height=entry.height,
        etag=to_bytes(entry.etag),
        source_validator=to_bytes(entry.source_validator),
        stored_at=entry.stored_at,
        fresh_until=entry.fresh_until,
        stale_until=entry.stale_until,
        sources=tuple(map(to_bytes, entry.sources)),
        tags=tuple(map(to_bytes, entry.tags)),
        purge_watermark=entry.purge_watermark,
        stale_if_error_until=entry.stale_if_error_until,
        retained_until=entry.retained_until,
        immutable=entry.immutable,
        modified=entry.modified,
        client_max_age_s=entry.client_max_age_s,
    )
    return seal(_ENCODER.encode(header), entry.body)


def decode(key: Key, blob: bytes) -> Entry | None:
    """The entry that was written under this key, or None when the blob is damaged, foreign or of another version."""
    parts = unseal(blob)
    return None if parts is None else _decode_parts(key, *parts)


def decode_header(name: str, head: bytes) -> Entry | None:
    """The entry that is said to be under this name, without its body; only the beginning of the blob is needed, and nothing proves it.

    For finding what can go: a mistake costs an entry and nothing else.
    """
    body_offset = _ENVELOPE.body_offset(head)
    return None if body_offset is None else _decode_parts(name, head[PREFIX_BYTES:body_offset], b"")


def seal(header: bytes, body: bytes) -> bytes:
    """One blob of a header and a body, with its checksum."""
    preamble = _ENVELOPE.preamble(header)
    return b"".join((preamble, body, checksum(preamble, body)))


def unseal(blob: bytes) -> tuple[bytes, bytes] | None:
    """Header and body, or None when anything about the blob is not as it was sealed."""
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
        return _entry_from_header(decoded, body) if decoded.key == name else None
    except DECODE_ERRORS:
        return None


def _entry_from_header(header: EntryHeader, body: bytes) -> Entry | None:
    times = (
        header.stored_at,
        header.fresh_until,
        header.stale_until,
        header.stale_if_error_until,
        header.retained_until,
        header.purge_watermark,
        header.modified,
        header.client_max_age_s or 0.0,
    )
    if not all(map(isfinite, times)):
        return None
    return Entry(
        body=body,
        format=header.format,
        width=header.width,
        height=header.height,
        etag=to_text(header.etag),
        source_validator=to_text(header.source_validator),
        stored_at=header.stored_at,
        fresh_until=header.fresh_until,
        stale_until=header.stale_until,
        sources=tuple(map(to_text, header.sources)),
        tags=tuple(map(to_text, header.tags)),
        purge_watermark=header.purge_watermark,
        stale_if_error_until=header.stale_if_error_until,
        retained_until=header.retained_until,
        immutable=header.immutable,
        modified=header.modified,
        client_max_age_s=header.client_max_age_s,
    )


def to_bytes(text: str) -> bytes:
    """As headers hold it."""
    return text.encode("utf-8", "surrogatepass")


def to_text(data: bytes) -> str:
    """The text of these bytes. Raises UnicodeDecodeError."""
    return data.decode("utf-8", "surrogatepass")
