"""Fills a mask with a colour, and composites one image over another.

Composites in floats and rounds: libvips' own 8-bit results are truncated, half a value darker each time. Must never
know plans other than colours and blend modes.
"""

import pyvips

from pixmill.engine.pixels.draw.nonseparable_blend import NONSEPARABLE_BLENDS
from pixmill.engine.raster.alpha import round_to_8_bit, split_alpha
from pixmill.engine.raster.convert import VipsImage
from pixmill.plan.colour import Colour
from pixmill.plan.overlays import Blend

_OPAQUE = 255
_VIPS_OPERATORS = {
    Blend.NORMAL: "over",
    Blend.ADD: "add",
    Blend.BEHIND: "dest-over",
    Blend.ERASE: "dest-out",
    Blend.XOR: "xor",
}
_VIPS_BLEND_NAMES = {Blend.COLOUR_DODGE: "colour-dodge", Blend.COLOUR_BURN: "colour-burn"}


def fill_mask(mask: VipsImage, colour: Colour) -> VipsImage:
    """Return one colour whose alpha is the 8-bit mask times the alpha of the colour."""
    values = bytes((colour.red, colour.green, colour.blue))
    flat = pyvips.Image.new_from_memory(values, 1, 1, 3, "uchar")
    alpha = mask if colour.alpha == _OPAQUE else mask * (colour.alpha / _OPAQUE)
    return flat.replicate(mask.width, mask.height).copy(interpretation="srgb").bandjoin(round_to_8_bit(alpha))


def multiply_opacity(image: VipsImage, opacity: float) -> VipsImage:
    """Multiply the alpha of an RGBA image, and round to 8 bits."""
    if opacity == 1:
        return round_to_8_bit(image)
    return round_to_8_bit(image.extract_band(0, n=3)).bandjoin(round_to_8_bit(image[3] * opacity))


def composite_over(backdrop: VipsImage, source: VipsImage, left: int = 0, top: int = 0) -> VipsImage:
    """Composite ``source`` over ``backdrop``; the result has alpha."""
    return _composite(backdrop, source, "over", left, top)


def blend_images(backdrop: VipsImage, source: VipsImage, blend: Blend) -> VipsImage:
    """Blend two images of one size, the upper one with alpha; the result has alpha too.

    CSS blends colours before opacity counts: Cs' = (1 - αb) Cs + αb B(Cb, Cs), then source over
    (https://www.w3.org/TR/compositing-1/#blending). libvips' own modes, and its atop, do so for opaque images only.
    """
    if blend in _VIPS_OPERATORS:
        return _composite(backdrop, source, _VIPS_OPERATORS[blend])
    (backdrop_colours, backdrop_alpha), (source_colours, source_alpha) = split_alpha(backdrop), split_alpha(source)
    if blend is Blend.ATOP:
        return (
            composite_over(backdrop_colours, source)
            .extract_band(0, n=3)
            .bandjoin(_OPAQUE if backdrop_alpha is None else backdrop_alpha)
        )
    if blend in NONSEPARABLE_BLENDS:
        blended = NONSEPARABLE_BLENDS[blend](backdrop_colours, source_colours)
    else:
        mode = _VIPS_BLEND_NAMES.get(blend, blend.value)
        blended = _composite(backdrop_colours, source_colours, mode).extract_band(0, n=3)
    if backdrop_alpha is not None:
        blended = source_colours + (blended - source_colours) * (backdrop_alpha / _OPAQUE)
    return composite_over(backdrop, blended.bandjoin(source_alpha))


def _composite(backdrop: VipsImage, source: VipsImage, mode: str, left: int = 0, top: int = 0) -> VipsImage:
    space = backdrop.interpretation
    source = source.cast("float").copy(interpretation=space)
    return round_to_8_bit(backdrop.cast("float").composite2(source, mode, x=left, y=top, compositing_space=space))
