"""Alpha handling (split, join, premultiply) and colour transforms that map each pixel on its own.

Filters that mix neighbouring pixels work on premultiplied colours, so that the colours of transparent pixels never
show. Must never know plans.
"""

from collections.abc import Callable

import pyvips

from pixmill.engine.raster.convert import VipsImage, from_vips, to_vips
from pixmill.engine.raster.frame import Frame

_OPAQUE = 255


def split_alpha(image: VipsImage) -> tuple[VipsImage, VipsImage | None]:
    """Return the colour bands, and the alpha band if there is one."""
    if not image.hasalpha():
        return image, None
    colours = image.bands - 1
    return image.extract_band(0, n=colours), image[colours]


def join_alpha(colours: VipsImage, alpha: VipsImage | None) -> VipsImage:
    """Round and clamp to 8 bits, and append the alpha."""
    values = round_to_8_bit(colours)
    return values if alpha is None else values.bandjoin(round_to_8_bit(alpha))


def round_to_8_bit(image: VipsImage) -> VipsImage:
    """Round to the nearest 8-bit values, clamped to 0 to 255."""
    return image if image.format == "uchar" else image.rint().cast("uchar")


def premultiply(colours: VipsImage, alpha: VipsImage | None) -> VipsImage:
    """Multiply the alpha in, as floats from 0 to 255; images without alpha are returned as they are."""
    return colours if alpha is None else colours * (alpha / _OPAQUE)


def unpremultiply(colours: VipsImage, alpha: VipsImage | None) -> VipsImage:
    """Divide the alpha out; black where alpha is 0."""
    return colours if alpha is None else colours * _OPAQUE / alpha  # libvips: division by 0 gives 0


def map_colours(frame: Frame, transform: Callable[[VipsImage], VipsImage]) -> Frame:
    """Apply an RGB-to-RGB function to each pixel's colour.

    Grey stays one channel if the function keeps it grey.
    """
    image, alpha = split_alpha(to_vips(frame))
    transformed = image.maplut(_grey_lookup_table(transform)) if frame.is_grey else transform(image)
    return from_vips(join_alpha(transformed, alpha), frame)


def _grey_lookup_table(transform: Callable[[VipsImage], VipsImage]) -> VipsImage:
    """Tabulate the function for the 256 greys."""
    greys = pyvips.Image.identity(bands=3).copy(interpretation="srgb")
    table = round_to_8_bit(transform(greys)).copy_memory()
    red, green, blue = (bytes(band.write_to_memory()) for band in table.bandsplit())
    return table[0] if red == green == blue else table
