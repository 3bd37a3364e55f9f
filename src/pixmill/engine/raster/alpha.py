"""Colours apart from their alpha, and what is done to each pixel for itself.

Knows frames and alpha. A filter that mixes neighbours works on colours with alpha multiplied in: so what is hidden never
comes out. Must never know plans.
"""

from collections.abc import Callable

import pyvips

from pixmill.engine.raster.convert import VipsImage, from_vips, to_vips
from pixmill.engine.raster.frame import Frame

_OPAQUE = 255


def split_alpha(image: VipsImage) -> tuple[VipsImage, VipsImage | None]:
    """The colours, and the alpha if there is one."""
    if not image.hasalpha():
        return image, None
    colours = image.bands - 1
    return image.extract_band(0, n=colours), image[colours]


def join_alpha(colours: VipsImage, alpha: VipsImage | None) -> VipsImage:
    """Colours, rounded and held to 8 bits, with their alpha."""
    values = round_to_8_bit(colours)
    return values if alpha is None else values.bandjoin(round_to_8_bit(alpha))


def round_to_8_bit(image: VipsImage) -> VipsImage:
    """The nearest codes; beyond 0 and 255 there are none."""
    return image if image.format == "uchar" else image.rint().cast("uchar")


def premultiply(colours: VipsImage, alpha: VipsImage | None) -> VipsImage:
    """Colours with alpha multiplied in, as floats from 0 to 255; opaque ones as they are."""
    return colours if alpha is None else colours * (alpha / _OPAQUE)


def unpremultiply(colours: VipsImage, alpha: VipsImage | None) -> VipsImage:
    """The other way; where alpha is 0, black."""
    return colours if alpha is None else colours * _OPAQUE / alpha  # libvips: by 0 is 0


def map_colours(frame: Frame, transform: Callable[[VipsImage], VipsImage]) -> Frame:
    """``change``, which takes and gives RGB, made to each pixel's colour. What of grey stays grey keeps one channel."""
    image, alpha = split_alpha(to_vips(frame))
    transformed = image.maplut(_grey_lookup_table(transform)) if frame.is_grey else transform(image)
    return from_vips(join_alpha(transformed, alpha), frame)


def _grey_lookup_table(transform: Callable[[VipsImage], VipsImage]) -> VipsImage:
    """What becomes of each of the 256 greys."""
    greys = pyvips.Image.identity(bands=3).copy(interpretation="srgb")
    table = round_to_8_bit(transform(greys)).copy_memory()
    red, green, blue = (bytes(band.write_to_memory()) for band in table.bandsplit())
    return table[0] if red == green == blue else table
