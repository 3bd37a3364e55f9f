"""Reads and writes PNG chunks (PNG specification, third edition, §5.3).

Parses untrusted data: short and linear.
"""

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MAX_CHUNKS = 100_000


def encode_chunk(kind: bytes, data: bytes | memoryview) -> bytes:
    """Encode length, type, data and CRC."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))


def iter_chunks(source: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield the type and data of each chunk up to the end of the file; CRCs are not checked."""
    return ((kind, data) for kind, data, _ in iter_chunks_with_crc(source))


def last_chunk(source: memoryview) -> tuple[bytes, bool]:
    """Return the type of the last chunk, and whether its data are whole; its CRC may be missing."""
    at, last, is_whole = len(SIGNATURE), b"", True
    for _ in range(_MAX_CHUNKS):
        length, kind = int.from_bytes(source[at : at + 4]), bytes(source[at + 4 : at + 8])
        if len(kind) < 4 or last == b"IEND":  # noqa: PLR2004 - end of file
            break
        last, at = kind, at + 8 + length
        is_whole = at <= len(source)
        at += 4
    return last, is_whole


def iter_chunks_with_crc(source: memoryview) -> Iterator[tuple[bytes, memoryview, int]]:
    """Yield the type, the data and the stored CRC of each chunk up to the end of the file."""
    at = len(SIGNATURE)
    for _ in range(_MAX_CHUNKS):
        length, kind = int.from_bytes(source[at : at + 4]), bytes(source[at + 4 : at + 8])
        if len(kind) < 4:  # noqa: PLR2004 - end of file
            return
        data_end = at + 8 + length
        yield kind, source[at + 8 : data_end], int.from_bytes(source[data_end : data_end + 4])
        at += length + 12
