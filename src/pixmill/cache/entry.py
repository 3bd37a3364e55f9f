"""An entry as one self-describing blob, and back.

Knows what a header says; must never know where blobs are kept. Reading is total: any bytes at all
give the entry that was written under this key, or None; never an exception, never another picture.

The layout of the blob is in ``envelope.py``.
"""

from hashlib import sha256
from math import isfinite
from typing import Annotated, Final

import msgspec

from pixmill.cache.envelope import DIGEST_BYTES, PREFIX_BYTES, UNREADABLE, Envelope, checksum
from pixmill.media import Format
from pixmill.plan.key import Key
from pixmill.ports import Entry

MAGIC: Final = b"PXMC"
VERSION: Final = 2
"""Raised when the layout or the meaning of a header field changes; a new field with a default needs no new version."""

LEAST_BYTES: Final = PREFIX_BYTES + DIGEST_BYTES

_ENVELOPE: Final = Envelope(MAGIC, VERSION)


class Header(msgspec.Struct, frozen=True):
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
    heeds: float
    error_until: float = 0.0
    kept_until: float = 0.0
    immutable: bool = False
    modified: float = 0.0
    told_s: float | None = None


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Header)


def encode(key: Key, entry: Entry) -> bytes:
    """The blob of this entry under this key."""
    header = Header(
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
        heeds=entry.heeds,
        error_until=entry.error_until,
        kept_until=entry.kept_until,
        immutable=entry.immutable,
        modified=entry.modified,
        told_s=entry.told_s,
    )
    return seal(_ENCODER.encode(header), entry.body)


def decode(key: Key, blob: bytes) -> Entry | None:
    """The entry that was written under this key, or None when the blob is damaged, foreign or of another version."""
    parts = unseal(blob)
    return None if parts is None else _named(key, *parts)


def heading(name: str, blob: bytes) -> Entry | None:
    """The entry that is said to be under this name, without its body; only the beginning of the blob is needed, and nothing proves it.

    For finding what can go: a mistake costs an entry and nothing else.
    """
    body_at = _ENVELOPE.body_at(blob)
    return None if body_at is None else _named(name, blob[PREFIX_BYTES:body_at], b"")


def seal(header: bytes, body: bytes) -> bytes:
    """One blob of a header and a body, with its checksum."""
    start = _ENVELOPE.start(header)
    return b"".join((start, body, checksum(start, body)))


def unseal(blob: bytes) -> tuple[bytes, bytes] | None:
    """Header and body, or None when anything about the blob is not as it was sealed."""
    if len(blob) < LEAST_BYTES:
        return None
    body_at, end = _ENVELOPE.body_at(blob), len(blob) - DIGEST_BYTES
    if body_at is None or body_at > end:
        return None
    if sha256(memoryview(blob)[:end]).digest() != blob[end:]:
        return None
    return blob[PREFIX_BYTES:body_at], blob[body_at:end]


def _named(name: str, header: bytes, body: bytes) -> Entry | None:
    try:
        said = _DECODER.decode(header)
        return _entry(said, body) if said.key == name else None
    except UNREADABLE:
        return None


def _entry(header: Header, body: bytes) -> Entry | None:
    times = (
        header.stored_at,
        header.fresh_until,
        header.stale_until,
        header.error_until,
        header.kept_until,
        header.heeds,
        header.modified,
        header.told_s or 0.0,
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
        heeds=header.heeds,
        error_until=header.error_until,
        kept_until=header.kept_until,
        immutable=header.immutable,
        modified=header.modified,
        told_s=header.told_s,
    )


def to_bytes(text: str) -> bytes:
    """As headers hold it."""
    return text.encode("utf-8", "surrogatepass")


def to_text(data: bytes) -> str:
    """The text of these bytes. Raises UnicodeDecodeError."""
    return data.decode("utf-8", "surrogatepass")
