"""Colour put where a mask says, and what is drawn made translucent. Knows libvips pictures and colours."""

import pyvips

from pixmill.engine.pixels.bridge import VipsImage
from pixmill.engine.pixels.opacity import rounded
from pixmill.plan.colour import Colour


def painted(mask: VipsImage, colour: Colour) -> VipsImage:
    """One colour, as opaque as the mask (codes of 8 bits) and the colour itself."""
    codes = bytes((colour.red, colour.green, colour.blue))
    flat = pyvips.Image.new_from_memory(codes, 1, 1, 3, "uchar")
    alpha = mask if colour.alpha == 255 else mask * (colour.alpha / 255)  # noqa: PLR2004 - opaque
    return flat.replicate(mask.width, mask.height).copy(interpretation="srgb").bandjoin(rounded(alpha))


def translucent(image: VipsImage, opacity: float) -> VipsImage:
    """RGBA with its alpha multiplied, in whole codes."""
    if opacity == 1:
        return rounded(image)
    return rounded(image.extract_band(0, n=3)).bandjoin(rounded(image[3] * opacity))
