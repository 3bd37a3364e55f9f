"""Decodes the run lengths of bitmaps: RLE8 and RLE4 of Windows, RLE24 of OS/2.

Knows the escapes for the end of a row, the end of the bitmap, moves and literal pixels
(https://learn.microsoft.com/windows/win32/gdi/bitmap-compression). Parses untrusted data: linear in the size of the
file and of the image.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from operator import mul
from typing import Final

from pixmill.plan.lengths import Size

_END_OF_BITMAP, _MOVE = 1, 2
_NEXT_ROW: Final = (-1, 1)
"""What stands for the escape that ends a row, as a move by less than 0 is not possible."""

_TRUE_COLOUR_BITS: Final = 24
_NIBBLE_BITS: Final = 4
_WRITTEN: Final = b"\xff"
_MAX_JOINED_RUNS: Final = 512
_SINGLE_BYTES: Final = [bytes((value,)) for value in range(256)]
_NIBBLE_PAIRS: Final = [bytes((value >> 4, value & 0x0F)) * 128 for value in range(256)]


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
    for token in islice(_iter_tokens(data, bits), 2 * (size.pixels + height)):  # more than any file needs
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
    at, step = 0, 1 + _channels(bits)
    while at + 2 <= len(data):
        if data[at]:
            coded = bytes(data[at : at + _MAX_JOINED_RUNS * step])
            counts = coded[: len(coded) // step * step : step]
            runs = counts.find(0) if 0 in counts else len(counts)
            if not runs:
                return
            yield _expand_runs(coded, counts[:runs], bits)
            at += runs * step
            continue
        value = data[at + 1]
        at += 2
        if value > _MOVE:
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


def _expand_runs(coded: bytes, counts: bytes, bits: int) -> bytes:
    """Expand runs that follow each other: one call for each takes ten times as long."""
    if bits == _NIBBLE_BITS:
        return b"".join([_NIBBLE_PAIRS[value][:count] for value, count in zip(coded[1::2], counts, strict=False)])
    if bits == _TRUE_COLOUR_BITS:
        return b"".join([coded[4 * at + 1 : 4 * at + 4] * count for at, count in enumerate(counts)])
    return b"".join(map(mul, map(_SINGLE_BYTES.__getitem__, coded[1::2]), counts))


def _expand_literal(coded: bytes, count: int, bits: int) -> bytes:
    if bits == _NIBBLE_BITS:
        return bytes(nibble for byte in coded for nibble in (byte >> 4, byte & 0x0F))[:count]
    return coded
