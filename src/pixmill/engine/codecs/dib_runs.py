"""Decodes the run lengths of bitmaps: RLE8 and RLE4 of Windows, RLE24 of OS/2.

Knows the escapes for the end of a row, the end of the bitmap, moves and literal pixels
(https://learn.microsoft.com/windows/win32/gdi/bitmap-compression). Parses untrusted data: linear in the size of the
file and of the image.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pixmill.plan.lengths import Size

_END_OF_BITMAP, _MOVE = 1, 2
_NEXT_ROW: Final = (-1, 1)
"""What stands for the escape that ends a row, as a move by less than 0 is not possible."""

_TRUE_COLOUR_BITS: Final = 24
_NIBBLE_BITS: Final = 4
_WRITTEN: Final = b"\xff"


@dataclass(frozen=True, slots=True)
class RunLengthImage:
    """One byte for each pixel, three in true colour, in the order of the file.

    ``rows`` of them are complete; in a bitmap that is ended by its escape all are. ``written`` has 255 for each pixel
    that the file has a value for, None if that is all of them.
    """

    pixels: bytearray
    rows: int
    written: bytearray | None


def decode_runs(data: memoryview, bits: int, size: Size) -> RunLengthImage:
    """Decode the runs up to the end of the bitmap, of the image or of the data."""
    width, height = size.width, size.height
    channels = _channels(bits)
    pixels, written = bytearray(size.pixels * channels), bytearray(size.pixels)
    x = y = 0
    for token in _iter_tokens(data, bits):
        if isinstance(token, bytes):
            count = min(len(token) // channels, max(0, width - x))
            start = y * width + x
            pixels[start * channels : (start + count) * channels] = token[: count * channels]
            written[start : start + count] = _WRITTEN * count
            x += count
        elif token is None:
            x, y = 0, height
        else:
            x, y = x + token[0] if token != _NEXT_ROW else 0, y + token[1]
        if y >= height:
            break
    rows = min(height, y + (x >= width))
    return RunLengthImage(pixels, rows, None if written.count(_WRITTEN) == size.pixels else written)


def _iter_tokens(data: memoryview, bits: int) -> Iterator[bytes | tuple[int, int] | None]:
    """Yield pixels, moves to the right and to further rows, and None for the end of the bitmap."""
    at, more = 0, _channels(bits) - 1
    while at + 2 <= len(data):
        count, value = data[at], data[at + 1]
        at += 2
        if count:
            yield _expand_run(bytes(data[at - 1 : at + more]), count, bits)
            at += more
        elif value > _MOVE:
            length = (value * bits + 7) // 8
            yield _expand_literal(bytes(data[at : at + length]), value, bits)
            at += length + length % 2
        elif value == _MOVE:
            if at + 2 > len(data):
                return
            yield data[at], data[at + 1]
            at += 2
        else:
            yield None if value == _END_OF_BITMAP else _NEXT_ROW


def _channels(bits: int) -> int:
    return 3 if bits == _TRUE_COLOUR_BITS else 1


def _expand_run(coded: bytes, count: int, bits: int) -> bytes:
    if bits == _NIBBLE_BITS:
        return (bytes((coded[0] >> 4, coded[0] & 0x0F)) * (count + 1))[:count]
    return coded * count


def _expand_literal(coded: bytes, count: int, bits: int) -> bytes:
    if bits == _NIBBLE_BITS:
        return bytes(nibble for byte in coded for nibble in (byte >> 4, byte & 0x0F))[:count]
    return coded
