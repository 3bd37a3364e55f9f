"""Removes comments and unknown extensions of a GIF without touching its images.

Knows the blocks of GIF89a. Parses untrusted data: one pass.
"""

from typing import Final

_HEADER_BYTES: Final = 13
_IMAGE, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B
_GRAPHIC_CONTROL, _APPLICATION = 0xF9, 0xFF
_IMAGE_HEADER_BYTES: Final = 10
_GRAPHIC_CONTROL_BYTES: Final = 8
_LOOP_APPLICATIONS: Final = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_LOOP_BLOCK: Final = b"\3\1"
_LOOP_BLOCK_END: Final = 18
"""Introducer, label, identifier with its length, and a block of three bytes with its length."""
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
        out += source[start:end] if kind == _IMAGE else _kept(bytes(source[start:end]))
    return None


def _kept(extension: bytes) -> bytes:
    """Return what stays of an extension: the graphic control, and of an application the loop count.

    An ICC profile (ICCRGBG1012) goes, because no decoder here and no browser reads it.
    """
    if extension[1] == _APPLICATION:
        is_loop = extension[3:14] in _LOOP_APPLICATIONS and extension[14:16] == _LOOP_BLOCK
        return extension[:_LOOP_BLOCK_END] + b"\0" if is_loop else b""
    return extension if extension[1] == _GRAPHIC_CONTROL and len(extension) == _GRAPHIC_CONTROL_BYTES else b""


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
