"""An original as one self-describing file, and back, without its body passing through here.

Knows what a header says; must never know where files are kept. Reading is total: any file at all gives the
original that was written under this key, or None; never an exception but that of the file system, never another picture.

The layout is in ``envelope.py``. The body goes from file to file within the kernel (sendfile(2)), and is looked at where it lies.
"""

import os
from dataclasses import dataclass
from io import FileIO
from math import isfinite
from mmap import MAP_PRIVATE, PROT_READ, mmap
from typing import Final

import msgspec

from pixmill.cache.format.entry import to_bytes, to_text
from pixmill.cache.format.envelope import DECODE_ERRORS, DIGEST_BYTES, PREFIX_BYTES, Envelope, checksum
from pixmill.plan.freshness import CacheDirectives
from pixmill.plan.key import Key
from pixmill.ports.values import CachedOriginal

MAGIC: Final = b"PXMO"
VERSION: Final = 2

MAX_HEADER_BYTES: Final = 48 * 1024
"""More than a source's longest URL, validator and tags; with its prefix it lies in what a purge reads of a file."""

_ENVELOPE: Final = Envelope(MAGIC, VERSION)


class StoredOriginalHeader(msgspec.Struct, frozen=True):
    """All of a deposit but its body. The texts are as in ``entry.py``."""

    key: str
    validator: bytes
    directives: CacheDirectives
    checked_at: float
    retained_until: float
    purge_watermark: float
    sources: tuple[bytes, ...]
    tags: tuple[bytes, ...]
    modified: float = 0.0


@dataclass(frozen=True, slots=True)
class OriginalHeader:
    """What is read of a file before its body; the sizes are in bytes."""

    validator: str
    directives: CacheDirectives
    checked_at: float
    retained_until: float
    purge_watermark: float
    sources: tuple[str, ...]
    tags: tuple[str, ...]
    modified: float
    preamble: bytes
    body_bytes: int


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(StoredOriginalHeader)


def encode(key: Key, cached_original: CachedOriginal) -> tuple[bytes, mmap, bytes]:
    """The file of this deposit, which has a body, under this key."""
    original = cached_original.original
    header = _ENCODER.encode(
        StoredOriginalHeader(
            key=key,
            validator=to_bytes(original.validator),
            directives=original.directives,
            checked_at=cached_original.validated_at,
            retained_until=cached_original.retained_until,
            purge_watermark=original.purge_watermark,
            sources=tuple(map(to_bytes, original.sources)),
            tags=tuple(map(to_bytes, original.tags)),
            modified=original.modified,
        )
    )
    preamble, body = _ENVELOPE.preamble(header), original.spool.view()
    return preamble, body, checksum(preamble, body)


def decode_header(key: str, head: bytes, size: int) -> OriginalHeader | None:
    """What the beginning of a file of so many bytes says, if it is a deposit under this key; nothing proves it yet."""
    body_offset = _ENVELOPE.body_offset(head)
    if body_offset is None or body_offset > PREFIX_BYTES + MAX_HEADER_BYTES:
        return None
    try:
        stored = _DECODER.decode(head[PREFIX_BYTES:body_offset])
        return (
            _header_from_stored(stored, head[:body_offset], size - body_offset - DIGEST_BYTES)
            if stored.key == key
            else None
        )
    except DECODE_ERRORS:
        return None


def read_header(key: str, file: FileIO, size: int) -> OriginalHeader | None:
    """The same of an open file."""
    return decode_header(key, os.pread(file.fileno(), PREFIX_BYTES + MAX_HEADER_BYTES, 0), size)


def copy_body(destination: FileIO, cached_file: FileIO, header: OriginalHeader) -> bool:
    """Copy the body into ``place``, which is empty; False if it is not what was written."""
    offset, remaining_bytes = len(header.preamble), header.body_bytes
    while remaining_bytes:
        copied_bytes = os.sendfile(destination.fileno(), cached_file.fileno(), offset, remaining_bytes)
        if not copied_bytes:
            return False  # it was cut off meanwhile
        offset, remaining_bytes = offset + copied_bytes, remaining_bytes - copied_bytes
    with mmap(destination.fileno(), header.body_bytes, flags=MAP_PRIVATE, prot=PROT_READ) as body:
        return os.pread(cached_file.fileno(), DIGEST_BYTES, offset) == checksum(header.preamble, body)


def _header_from_stored(stored: StoredOriginalHeader, preamble: bytes, body_bytes: int) -> OriginalHeader | None:
    times = (stored.checked_at, stored.retained_until, stored.purge_watermark, stored.modified)
    if body_bytes <= 0 or not all(map(isfinite, times)):
        return None
    return OriginalHeader(
        validator=to_text(stored.validator),
        directives=stored.directives,
        checked_at=stored.checked_at,
        retained_until=stored.retained_until,
        purge_watermark=stored.purge_watermark,
        sources=tuple(map(to_text, stored.sources)),
        tags=tuple(map(to_text, stored.tags)),
        modified=stored.modified,
        preamble=preamble,
        body_bytes=body_bytes,
    )
