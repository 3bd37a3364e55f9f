"""Removes comments and unknown extensions of a GIF without touching its images.

Knows the blocks of GIF89a. Parses untrusted data: one pass.
"""

from typing import Final

_HEADER_BYTES: Final = 13
_IMAGE, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B
_GRAPHIC_CONTROL, _APPLICATION = 0xF9, 0xFF
_IMAGE_HEADER_BYTES: Final = 10
_KEPT_APPLICATIONS: Final = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")
_TABLE_FLAG, _TABLE_SIZE = 0x80, 0x07


def strip_gif(source: memoryview) -> bytes | None:
    """Return images, their control blocks and the loop count, up to the trailer; None if the file is damaged."""
    at = _HEADER_BYTES + _table_bytes(source, 10)
    out = bytearray(source[:at])
    while at < len(source):
        start, kind = at, source[at]
        if kind == _TRAILER:
            return bytes(out + b";")
        if kind == _IMAGE:
            at += _IMAGE_HEADER_BYTES + _table_bytes(source, at + 9) + 1
        elif kind == _EXTENSION:
            at += 2
        else:
            return None
        end = _end_of_blocks(source, at)
        if end is None:
            return None
        at = end
        if kind == _IMAGE or _is_kept(source[start:end]):
            out += source[start:end]
    return None


def _is_kept(extension: memoryview) -> bool:
    if extension[1] == _APPLICATION:
        return bytes(extension[3:14]) in _KEPT_APPLICATIONS
    return extension[1] == _GRAPHIC_CONTROL


def _table_bytes(source: memoryview, flags_at: int) -> int:
    """The length of the colour table that these flags announce."""
    flags = source[flags_at] if flags_at < len(source) else 0
    return 3 << ((flags & _TABLE_SIZE) + 1) if flags & _TABLE_FLAG else 0


def _end_of_blocks(source: memoryview, at: int) -> int | None:
    while at < len(source):
        size = source[at]
        at += 1 + size
        if not size:
            return at
    return None
