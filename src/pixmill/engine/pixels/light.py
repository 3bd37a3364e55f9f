"""sRGB codes to linear light and back (IEC 61966-2-1), on libvips pictures, with alpha multiplied in.

Knows the sRGB curve. Must never know frames or plans.
"""

from functools import lru_cache

import pyvips

from pixmill.engine.pixels.bridge import VipsImage

_FINE = 65_535
"""Linear light has 16 bits on its way back: near black a code of sRGB is as narrow as 20 of them."""

_LINEAR_CODES = 0.04045
"""Up to here the curve is a straight line."""


def to_light(image: VipsImage) -> VipsImage:
    """8-bit codes as floats from 0 to 1, premultiplied."""
    if not image.hasalpha():
        return image.maplut(_decoding())
    alpha = image[image.bands - 1] / 255
    return (image.extract_band(0, n=image.bands - 1).maplut(_decoding()) * alpha).bandjoin(alpha)


def from_light(image: VipsImage, *, alpha: bool) -> VipsImage:
    """Floats as 8-bit codes, no longer premultiplied."""
    if not alpha:
        return _encoded(image)
    opacity = image[image.bands - 1]
    colours = image.extract_band(0, n=image.bands - 1) / opacity  # libvips: by 0 is 0
    return _encoded(colours).bandjoin((opacity * 255).rint().cast("uchar"))


def _encoded(image: VipsImage) -> VipsImage:
    return (image * _FINE).rint().cast("ushort").maplut(_encoding())


@lru_cache(maxsize=1)
def _decoding() -> VipsImage:
    return _table([_linear(code / 255) for code in range(256)], "float")


@lru_cache(maxsize=1)
def _encoding() -> VipsImage:
    return _table([round(255 * _code(light / _FINE)) for light in range(_FINE + 1)], "uchar")


def _table(values: list[float], kind: str) -> VipsImage:
    return pyvips.Image.new_from_array([values]).cast(kind).copy_memory()


def _linear(code: float) -> float:
    return code / 12.92 if code <= _LINEAR_CODES else ((code + 0.055) / 1.055) ** 2.4


def _code(light: float) -> float:
    return light * 12.92 if light <= _LINEAR_CODES / 12.92 else 1.055 * light ** (1 / 2.4) - 0.055
