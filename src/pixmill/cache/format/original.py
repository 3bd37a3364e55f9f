"""Encode an original as one self-describing file, and decode it, without copying its body through this process.

Knows the header; must never know where files are stored. Decoding is total: any file at all gives the original that
was written under this key, or None; never an exception but that of the file system, never another image.

The layout is in ``envelope.py``. The body goes from file to file within the kernel where it can; its checksum is
computed in place (mmap(2)).
"""

import os
from dataclasses import dataclass
from io import FileIO
from math import isfinite
from mmap import MAP_PRIVATE, PROT_READ, mmap
from typing import Final

import msgspec

from pixmill.cache.format.entry import convert_validator, from_stored, is_finite, to_stored
from pixmill.cache.format.envelope import DECODE_ERRORS, DIGEST_BYTES, PREFIX_BYTES, Envelope, checksum
from pixmill.plan.key import Key
from pixmill.ports.values import CachedOriginal, OriginalVersion
from pixmill.runtime.operating_system import copy_between_files

MAGIC: Final = b"PXMO"
VERSION: Final = 2

MAX_HEADER_BYTES: Final = 48 * 1024
"""More than a source's longest URL, validator and tags; with its prefix it fits into what a purge sweep reads."""

_ENVELOPE: Final = Envelope(MAGIC, VERSION)


class StoredOriginalHeader(msgspec.Struct, frozen=True):
    """A cached original without its body. Its texts are as ``entry.to_stored`` gives them."""

    key: str
    version: OriginalVersion
    validated_at: float
    retained_until: float
    sources: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OriginalHeader:
    """The decoded beginning of a file. ``preamble`` is all before the body, of which there are ``body_bytes``."""

    version: OriginalVersion
    validated_at: float
    retained_until: float
    sources: tuple[str, ...]
    tags: tuple[str, ...]
    preamble: bytes
    body_bytes: int

    @property
    def purge_watermark(self) -> float:
        return self.version.purge_watermark


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(StoredOriginalHeader)


def encode(key: Key, cached_original: CachedOriginal) -> tuple[bytes, mmap, bytes]:
    """Return the parts of the file of this original, whose body is not empty, under ``key``."""
    original = cached_original.original
    header = StoredOriginalHeader(
        key,
        convert_validator(original.version, to_stored),
        cached_original.validated_at,
        cached_original.retained_until,
        tuple(map(to_stored, original.sources)),
        tuple(map(to_stored, original.tags)),
    )
    preamble, body = _ENVELOPE.preamble(_ENCODER.encode(header)), original.spool.view()
    return preamble, body, checksum(preamble, body)


def decode_header(key: str, head: bytes, size: int) -> OriginalHeader | None:
    """Return the header of a file of ``size`` bytes if it is an original under ``key``; verifies no checksum."""
    body_offset = _ENVELOPE.body_offset(head)
    if body_offset is None or body_offset > PREFIX_BYTES + MAX_HEADER_BYTES:
        return None
    body_bytes = size - body_offset - DIGEST_BYTES
    try:
        stored = _DECODER.decode(head[PREFIX_BYTES:body_offset])
        header = OriginalHeader(
            convert_validator(stored.version, from_stored),
            stored.validated_at,
            stored.retained_until,
            tuple(map(from_stored, stored.sources)),
            tuple(map(from_stored, stored.tags)),
            head[:body_offset],
            body_bytes,
        )
    except DECODE_ERRORS:
        return None
    times_are_finite = isfinite(header.validated_at) and isfinite(header.retained_until) and is_finite(header.version)
    return header if stored.key == key and body_bytes > 0 and times_are_finite else None


def read_header(key: str, file: FileIO, size: int) -> OriginalHeader | None:
    """Return the header of an open file, as ``decode_header``."""
    return decode_header(key, os.pread(file.fileno(), PREFIX_BYTES + MAX_HEADER_BYTES, 0), size)


def copy_body(destination: FileIO, cached_file: FileIO, header: OriginalHeader) -> bool:
    """Copy the body into ``destination``, which is empty; False if its checksum is wrong."""
    offset, remaining_bytes = len(header.preamble), header.body_bytes
    while remaining_bytes:
        copied_bytes = copy_between_files(destination.fileno(), cached_file.fileno(), offset, remaining_bytes)
        if not copied_bytes:
            return False  # the file was truncated meanwhile
        offset, remaining_bytes = offset + copied_bytes, remaining_bytes - copied_bytes
    with mmap(destination.fileno(), header.body_bytes, flags=MAP_PRIVATE, prot=PROT_READ) as body:
        return os.pread(cached_file.fileno(), DIGEST_BYTES, offset) == checksum(header.preamble, body)
