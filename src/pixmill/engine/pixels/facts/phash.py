"""Perceptual hash of 64 bits: that of ``imagehash.phash`` for the same pixels, bit for bit, for comparable hashes.

The whole image in grey, without its alpha, is reduced to 32 × 32 pixels by Lanczos. Of its discrete cosine transform
(type II) the 8 × 8 lowest frequencies count; each bit tells whether one is above their median. Similar images differ
in few bits (up to about 10).
"""

from collections.abc import Sequence
from functools import lru_cache
from math import cos, pi
from statistics import median
from typing import Final

from PIL import Image

from pixmill.engine.raster.convert import to_pillow
from pixmill.engine.raster.frame import Frame
from pixmill.plan.lengths import Size

_SIDE: Final = 32
_FREQUENCIES: Final = 8
_STRIP_ROWS: Final = 256


def phash(frame: Frame) -> str:
    """Return 16 hexadecimal digits: rows of frequencies, from low to high."""
    grey = _grey(frame).resize((_SIDE, _SIDE), Image.Resampling.LANCZOS).tobytes()
    rows = [_low_frequencies(grey[at : at + _SIDE]) for at in range(0, len(grey), _SIDE)]
    columns = [_low_frequencies(column) for column in zip(*rows, strict=True)]
    coefficients = [wave for row in zip(*columns, strict=True) for wave in row]
    threshold = median(coefficients)
    return f"{int(''.join('1' if wave > threshold else '0' for wave in coefficients), 2):016x}"


def _grey(frame: Frame) -> Image.Image:
    """Convert to grey in strips, because Pillow takes four bytes for each pixel in colours."""
    grey, pixels = Image.new("L", (frame.width, frame.height)), memoryview(frame.pixels).cast("B")
    row_bytes = frame.width * frame.layout.stored_channels
    for top in range(0, frame.height, _STRIP_ROWS):
        rows = min(_STRIP_ROWS, frame.height - top)
        strip = frame.with_pixels(
            pixels[top * row_bytes : (top + rows) * row_bytes], Size(frame.width, rows), frame.layout
        )
        grey.paste(to_pillow(strip).convert("L"), (0, top))
    return grey


def _low_frequencies(values: Sequence[float]) -> list[float]:
    """Return the lowest frequencies of the transform."""
    return [sum(value * weight for value, weight in zip(values, wave, strict=True)) for wave in _dct_basis()]


@lru_cache(maxsize=1)
def _dct_basis() -> list[list[float]]:
    return [[2 * cos(pi * wave * (2 * at + 1) / (2 * _SIDE)) for at in range(_SIDE)] for wave in range(_FREQUENCIES)]
