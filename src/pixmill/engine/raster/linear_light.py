"""Converts libvips images between sRGB values and what is mixed: premultiplied linear light (IEC 61966-2-1), or values.

Must never know frames or plans.
"""

from functools import lru_cache

import pyvips

from pixmill.engine.raster.convert import VipsImage

_MAX_16_BIT = 65_535
"""Linear light is encoded from 16 bits: near black one sRGB level is only 20 of these steps wide."""

_MAX_8_BIT = 255
_LINEAR_SEGMENT_END = 0.04045
"""The sRGB value up to which the curve is linear."""


def to_linear(image: VipsImage) -> VipsImage:
    """Decode 8-bit values to floats from 0 to 1, premultiplied."""
    if not image.hasalpha():
        return image.maplut(_decoding_table())
    alpha = image[image.bands - 1] / 255
    return (image.extract_band(0, n=image.bands - 1).maplut(_decoding_table()) * alpha).bandjoin(alpha)


def from_linear(image: VipsImage, *, has_alpha: bool) -> VipsImage:
    """Encode premultiplied floats as 8-bit values with straight alpha."""
    if not has_alpha:
        return encode_srgb(image)
    alpha = image[image.bands - 1]
    colours = image.extract_band(0, n=image.bands - 1) / alpha  # libvips: division by 0 gives 0
    return encode_srgb(colours).bandjoin((alpha * 255).rint().cast("uchar"))


def to_floats(image: VipsImage, *, linear: bool) -> VipsImage:
    """Decode 8-bit values to floats from 0 to 1, premultiplied: linear light, or sRGB values."""
    if linear:
        return to_linear(image)
    values = (image / _MAX_8_BIT).cast("float")
    if not image.hasalpha():
        return values
    alpha = values[image.bands - 1]
    return (values.extract_band(0, n=image.bands - 1) * alpha).bandjoin(alpha)


def from_floats(image: VipsImage, *, linear: bool, has_alpha: bool) -> VipsImage:
    """Encode the floats of ``to_floats``."""
    if linear:
        return from_linear(image, has_alpha=has_alpha)
    if has_alpha:
        alpha = image[image.bands - 1]
        image = (image.extract_band(0, n=image.bands - 1) / alpha).bandjoin(alpha)
    return (image * _MAX_8_BIT).rint().cast("uchar")


def encode_srgb(image: VipsImage) -> VipsImage:
    """Encode linear floats as 8-bit values; what is below 0 or above 1 is clipped."""
    return (image * _MAX_16_BIT).rint().cast("ushort").maplut(_encoding_table())


@lru_cache(maxsize=1)
def _decoding_table() -> VipsImage:
    return _lookup_table([srgb_to_linear(value / 255) for value in range(256)], "float")


@lru_cache(maxsize=1)
def _encoding_table() -> VipsImage:
    return _lookup_table(
        [round(255 * linear_to_srgb(light / _MAX_16_BIT)) for light in range(_MAX_16_BIT + 1)], "uchar"
    )


def _lookup_table(values: list[float], band_format: str) -> VipsImage:
    return pyvips.Image.new_from_array([values]).cast(band_format).copy_memory()


def srgb_to_linear(value: float) -> float:
    """Decode a value from 0 to 1."""
    return value / 12.92 if value <= _LINEAR_SEGMENT_END else ((value + 0.055) / 1.055) ** 2.4


def linear_to_srgb(linear: float) -> float:
    """Encode light from 0 to 1."""
    return linear * 12.92 if linear <= _LINEAR_SEGMENT_END / 12.92 else 1.055 * linear ** (1 / 2.4) - 0.055
