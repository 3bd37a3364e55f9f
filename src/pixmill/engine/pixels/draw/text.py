"""Draws text by Pango, from libvips' wheel: glyphs, a stroke, a background.

Families are those of ``raster/fonts.py``, with Noto Sans as the fallback. Sizes are pixels; the image has the size of
the ink. Must never know plans other than texts.
"""

from math import isqrt
from typing import Final

import pyvips

from pixmill.engine.pixels.draw.compositing import composite_over, fill_mask
from pixmill.engine.raster.convert import VipsImage
from pixmill.engine.raster.fonts import register_fonts
from pixmill.errors import ResultTooLarge
from pixmill.plan.overlays import DEFAULT_FONT, MAX_TEXT_PIXELS, Align, TextOverlay

_MEASURING_SIZE: Final = 8.0
_NO_INK: Final = "no text to render"
"""libvips' message for characters that show nothing: spaces, marks of direction, soft hyphens."""

_VIPS_ALIGNS: Final = {Align.LEFT: "low", Align.CENTRE: "centre", Align.RIGHT: "high", Align.JUSTIFY: "low"}


def render_text(text: TextOverlay) -> VipsImage:
    """Return the text as RGBA. Raises ResultTooLarge."""
    register_fonts()
    _check_size(text)
    mask = _text_mask(text, text.size)
    stroke = text.stroke
    if stroke:
        stroke_image = fill_mask(_dilate_by_disc(mask, stroke.width), stroke.colour)
        image = composite_over(stroke_image, fill_mask(mask, text.colour), stroke.width, stroke.width).copy_memory()
    else:
        image = fill_mask(mask, text.colour)
    if text.background is None:
        return image
    width, height = image.width + 2 * text.padding, image.height + 2 * text.padding
    background_image = fill_mask((pyvips.Image.black(width, height) + 255).cast("uchar"), text.background)
    return composite_over(background_image, image, text.padding, text.padding)


def _text_mask(text: TextOverlay, size: float) -> VipsImage:
    """Return the ink coverage of each pixel, as 8-bit values; one empty pixel if there is no ink."""
    wrap_width = int(text.width.value) if text.width else 0
    try:
        return pyvips.Image.text(
            text.markup,
            font=f"{text.font}, {DEFAULT_FONT} {size:g}px",
            width=max(1, round(wrap_width * size / text.size)),
            wrap="word-char",
            align=_VIPS_ALIGNS[text.align],
            justify=text.align is Align.JUSTIFY,
            dpi=72,
        ).copy_memory()
    except pyvips.Error as error:
        if _NO_INK in str(error):
            return pyvips.Image.black(1, 1)
        raise


def _check_size(text: TextOverlay) -> None:
    """Measure the text at a small size first, because Pango would allocate the full size without a limit."""
    if text.size <= _MEASURING_SIZE:
        return
    measured, scale = _text_mask(text, _MEASURING_SIZE), text.size / _MEASURING_SIZE
    if measured.width * measured.height * scale**2 > MAX_TEXT_PIXELS:
        raise ResultTooLarge(f"The text would have more than {MAX_TEXT_PIXELS} pixels")


def _dilate_by_disc(mask: VipsImage, radius: int) -> VipsImage:
    """Dilate the mask by a disc.

    For each row of the disc this is the maximum along that row, from windows of powers of two.
    """
    width, height = mask.width + 2 * radius, mask.height + 2 * radius
    windows = {1: mask.embed(radius, radius, width, height).copy_memory()}
    while (widest_window := max(windows)) <= radius:
        previous = windows[widest_window]
        windows[2 * widest_window] = previous.maxpair(previous.embed(-widest_window, 0, width, height)).copy_memory()
    dilated = windows[1]
    for row in range(-radius, radius + 1):
        half_width = isqrt(radius * radius - row * row)
        window_width = max(window for window in windows if window <= 2 * half_width + 1)
        window = windows[window_width]
        for offset in (half_width, window_width - half_width - 1):
            dilated = dilated.maxpair(window.embed(offset, row, width, height))
    return dilated.copy_memory()
