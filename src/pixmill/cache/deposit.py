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

from pixmill.cache.entry import to_bytes, to_text
from pixmill.cache.envelope import DIGEST_BYTES, PREFIX_BYTES, UNREADABLE, Envelope, checksum
from pixmill.plan.freshness import Vouched
from pixmill.plan.key import Key
from pixmill.ports import Deposit

MAGIC: Final = b"PXMO"
VERSION: Final = 1

MAX_HEADER_BYTES: Final = 48 * 1024
"""More than a source's longest URL, validator and tags; with its prefix it lies in what a purge reads of a file."""

_ENVELOPE: Final = Envelope(MAGIC, VERSION)


class Header(msgspec.Struct, frozen=True):
    """All of a deposit but its body. The texts are as in ``entry.py``."""

    key: str
    validator: bytes
    vouched: Vouched
    checked_at: float
    kept_until: float
    heeds: float
    sources: tuple[bytes, ...]
    tags: tuple[bytes, ...]
    modified: float = 0.0


@dataclass(frozen=True, slots=True)
class Label:
    """What is read of a file before its body; the sizes are in bytes."""

    validator: str
    vouched: Vouched
    checked_at: float
    kept_until: float
    heeds: float
    sources: tuple[str, ...]
    tags: tuple[str, ...]
    modified: float
    start: bytes
    body_bytes: int


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Header)


def packed(key: Key, deposit: Deposit) -> tuple[bytes, mmap, bytes]:
    """The file of this deposit, which has a body, under this key."""
    original = deposit.original
    header = _ENCODER.encode(
        Header(
            key=key,
            validator=to_bytes(original.validator),
            vouched=original.vouched,
            checked_at=deposit.checked_at,
            kept_until=deposit.kept_until,
            heeds=original.heeds,
            sources=tuple(map(to_bytes, original.sources)),
            tags=tuple(map(to_bytes, original.tags)),
            modified=original.modified,
        )
    )
    start, body = _ENVELOPE.start(header), original.spool.view()
    return start, body, checksum(start, body)


def label(key: str, beginning: bytes, size: int) -> Label | None:
    """What the beginning of a file of so many bytes says, if it is a deposit under this key; nothing proves it yet."""
    body_at = _ENVELOPE.body_at(beginning)
    if body_at is None or body_at > PREFIX_BYTES + MAX_HEADER_BYTES:
        return None
    try:
        header = _DECODER.decode(beginning[PREFIX_BYTES:body_at])
        return _label(header, beginning[:body_at], size - body_at - DIGEST_BYTES) if header.key == key else None
    except UNREADABLE:
        return None


def read_label(key: str, file: FileIO, size: int) -> Label | None:
    """The same of an open file."""
    return label(key, os.pread(file.fileno(), PREFIX_BYTES + MAX_HEADER_BYTES, 0), size)


def fill(place: FileIO, file: FileIO, said: Label) -> bool:
    """Copy the body into ``place``, which is empty; False if it is not what was written."""
    at, left = len(said.start), said.body_bytes
    while left:
        moved = os.sendfile(place.fileno(), file.fileno(), at, left)
        if not moved:
            return False  # it was cut off meanwhile
        at, left = at + moved, left - moved
    with mmap(place.fileno(), said.body_bytes, flags=MAP_PRIVATE, prot=PROT_READ) as body:
        return os.pread(file.fileno(), DIGEST_BYTES, at) == checksum(said.start, body)


def _label(header: Header, start: bytes, body_bytes: int) -> Label | None:
    times = (header.checked_at, header.kept_until, header.heeds, header.modified)
    if body_bytes <= 0 or not all(map(isfinite, times)):
        return None
    return Label(
        validator=to_text(header.validator),
        vouched=header.vouched,
        checked_at=header.checked_at,
        kept_until=header.kept_until,
        heeds=header.heeds,
        sources=tuple(map(to_text, header.sources)),
        tags=tuple(map(to_text, header.tags)),
        modified=header.modified,
        start=start,
        body_bytes=body_bytes,
    )
