"""The chunks that a PNG consists of (PNG specification, third edition, §5.3). Reads what strangers wrote: short and linear."""

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MAX_CHUNKS = 100_000


def encode_chunk(kind: bytes, data: bytes | memoryview) -> bytes:
    """Length, kind, data, checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))


def iter_chunks(source: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Kind and data of each, as far as the file goes; checksums are not looked at."""
    at = len(SIGNATURE)
    for _ in range(_MAX_CHUNKS):
        length, kind = int.from_bytes(source[at : at + 4]), bytes(source[at + 4 : at + 8])
        if len(kind) < 4:  # noqa: PLR2004 - the file has ended
            return
        yield kind, source[at + 8 : at + 8 + length]
        at += length + 12
