"""Colour put where a mask says, and one picture over another. Knows libvips pictures and colours.

Compositing is done in floats and rounded: libvips' own bytes are cut off, half a code darker each time.
"""

import pyvips

from pixmill.engine.pixels.bridge import VipsImage
from pixmill.engine.pixels.opacity import parted, rounded
from pixmill.plan.colour import Colour
from pixmill.plan.overlays import Blend

_OPAQUE = 255
_OPERATORS = {
    Blend.NORMAL: "over",
    Blend.ADD: "add",
    Blend.BEHIND: "dest-over",
    Blend.ERASE: "dest-out",
    Blend.XOR: "xor",
}
_NAMES = {Blend.COLOUR_DODGE: "colour-dodge", Blend.COLOUR_BURN: "colour-burn"}


def painted(mask: VipsImage, colour: Colour) -> VipsImage:
    """One colour, as opaque as the mask (codes of 8 bits) and the colour itself."""
    codes = bytes((colour.red, colour.green, colour.blue))
    flat = pyvips.Image.new_from_memory(codes, 1, 1, 3, "uchar")
    alpha = mask if colour.alpha == _OPAQUE else mask * (colour.alpha / _OPAQUE)
    return flat.replicate(mask.width, mask.height).copy(interpretation="srgb").bandjoin(rounded(alpha))


def translucent(image: VipsImage, opacity: float) -> VipsImage:
    """RGBA with its alpha multiplied, in whole codes."""
    if opacity == 1:
        return rounded(image)
    return rounded(image.extract_band(0, n=3)).bandjoin(rounded(image[3] * opacity))


def over(below: VipsImage, above: VipsImage, left: int = 0, top: int = 0) -> VipsImage:
    """Both in one; with alpha."""
    return _composited(below, above, "over", left, top)


def mixed(below: VipsImage, above: VipsImage, blend: Blend) -> VipsImage:
    """Two pictures of one size, the upper one with alpha; the result has alpha too.

    CSS blends colours before opacity counts: Cs' = (1 - αb) Cs + αb B(Cb, Cs), then source over
    (https://www.w3.org/TR/compositing-1/#blending). libvips' own modes, and its atop, do so for opaque pictures only.
    """
    if blend in _OPERATORS:
        return _composited(below, above, _OPERATORS[blend])
    (under, cover), (colours, alpha) = parted(below), parted(above)
    if blend is Blend.ATOP:
        return over(under, above).extract_band(0, n=3).bandjoin(_OPAQUE if cover is None else cover)
    blended = _composited(under, colours, _NAMES.get(blend, blend.value)).extract_band(0, n=3)
    if cover is not None:
        blended = colours + (blended - colours) * (cover / _OPAQUE)
    return over(below, blended.bandjoin(alpha))


def _composited(below: VipsImage, above: VipsImage, mode: str, left: int = 0, top: int = 0) -> VipsImage:
    space = below.interpretation
    above = above.cast("float").copy(interpretation=space)
    return rounded(below.cast("float").composite2(above, mode, x=left, y=top, compositing_space=space))
