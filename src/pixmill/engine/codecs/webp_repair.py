"""Rebuilds WebPs whose RIFF size is wrong or that are cut off, from the chunks that are whole.

Knows RIFF chunks (RFC 9649 §2.3). Parses untrusted data: short, linear, bounded.
"""

from dataclasses import dataclass
from typing import Final

_FILE_HEADER_BYTES: Final = 12
_CHUNK_HEADER_BYTES: Final = 8
_MAX_CHUNKS: Final = 100_000
_BITSTREAMS: Final = (b"VP8 ", b"VP8L")
_PIXELS: Final = (*_BITSTREAMS, b"ALPH", b"ANMF")


@dataclass(frozen=True, slots=True)
class RepairedWebP:
    """A file of whole chunks; only the bitstream of a still image may be incomplete, with the length that there is."""

    file: bytes
    truncated: bool


def repair_webp(source: memoryview) -> RepairedWebP:
    """Rebuild the file. Raises ValueError if it has no image."""
    at, body = _FILE_HEADER_BYTES, bytearray(b"WEBP")
    truncated = has_image = False
    for _ in range(_MAX_CHUNKS):
        head = bytes(source[at : at + _CHUNK_HEADER_BYTES])
        if len(head) < _CHUNK_HEADER_BYTES or truncated:
            break
        name, length = head[:4], int.from_bytes(head[4:], "little")
        content = source[at + _CHUNK_HEADER_BYTES : at + _CHUNK_HEADER_BYTES + length]
        is_whole = len(content) == length
        truncated = not is_whole and name in _PIXELS
        if is_whole or name in _BITSTREAMS:
            has_image = has_image or name in (*_BITSTREAMS, b"ANMF")
            body += name + len(content).to_bytes(4, "little") + content + bytes(len(content) % 2)
        at += _CHUNK_HEADER_BYTES + length + length % 2
    if not has_image:
        raise ValueError("No image")
    return RepairedWebP(b"RIFF" + len(body).to_bytes(4, "little") + bytes(body), truncated)
