"""Perceptual hash of 64 bits: pHash as the library ImageHash defines it, for comparable hashes.

The image in grey at 32 × 32 pixels, by Lanczos; its discrete cosine transform (type II); of that the 8 × 8 lowest
frequencies; each bit tells whether one is above their median. Similar images differ in few bits (up to about 10).
"""

from collections.abc import Sequence
from functools import lru_cache
from math import cos, pi
from statistics import median
from typing import Final

from PIL import Image

from pixmill.engine.raster.convert import from_vips, to_pillow, to_vips
from pixmill.engine.raster.frame import Frame

_SIDE: Final = 32
_FREQUENCIES: Final = 8


def phash(frame: Frame) -> str:
    """Return 16 hexadecimal digits: rows of frequencies, from low to high. Alpha is flattened on white."""
    opaque = from_vips(to_vips(frame).flatten(background=255), frame) if frame.layout.has_alpha else frame
    grey = to_pillow(opaque).convert("L").resize((_SIDE, _SIDE), Image.Resampling.LANCZOS).tobytes()
    rows = [_low_frequencies(grey[at : at + _SIDE]) for at in range(0, len(grey), _SIDE)]
    columns = [_low_frequencies(column) for column in zip(*rows, strict=True)]
    coefficients = [wave for row in zip(*columns, strict=True) for wave in row]
    threshold = median(coefficients)
    return f"{int(''.join('1' if wave > threshold else '0' for wave in coefficients), 2):016x}"


def _low_frequencies(values: Sequence[float]) -> list[float]:
    """Return the lowest frequencies of the transform."""
    return [sum(value * weight for value, weight in zip(values, wave, strict=True)) for wave in _dct_basis()]


@lru_cache(maxsize=1)
def _dct_basis() -> list[list[float]]:
    return [[2 * cos(pi * wave * (2 * at + 1) / (2 * _SIDE)) for at in range(_SIDE)] for wave in range(_FREQUENCIES)]
