"""Text drawn by Pango, as libvips' wheel carries it: letters, a line around them, a background.

The family Noto Sans comes with its own package, so that text looks the same where no font is installed; other families are the
system's, and Noto Sans stands in for one that is missing. Sizes are pixels; what is drawn has the size of its ink. Must never know plans other than texts.
"""

from functools import cache
from math import isqrt
from typing import Final

import pyvips
from fontpkg_noto_sans import ROOT

from pixmill.engine.pixels.bridge import VipsImage
from pixmill.engine.pixels.paint import over, painted
from pixmill.errors import ResultTooLarge
from pixmill.plan.overlays import FONT, Align, Text

MOST_PIXELS: Final = 16_000_000
"""More than a poster needs; each costs a byte for the letters and four for their colours."""

_MEASURED_AT: Final = 8.0
_FILES: Final = sorted(str(path) for path in (ROOT / "files").glob("*.ttf"))
_ALIGNS: Final = {Align.LEFT: "low", Align.CENTRE: "centre", Align.RIGHT: "high", Align.JUSTIFY: "low"}


def lettered(text: Text) -> VipsImage:
    """RGBA. Raises ResultTooLarge."""
    _register()
    _check(text)
    mask = _drawn(text, text.size)
    stroke = text.stroke
    if stroke:
        around = painted(_widened(mask, stroke.width), stroke.colour)
        drawn = over(around, painted(mask, text.colour), stroke.width, stroke.width).copy_memory()
    else:
        drawn = painted(mask, text.colour)
    if text.background is None:
        return drawn
    width, height = drawn.width + 2 * text.padding, drawn.height + 2 * text.padding
    box = painted((pyvips.Image.black(width, height) + 255).cast("uchar"), text.background)
    return over(box, drawn, text.padding, text.padding)


def _drawn(text: Text, size: float) -> VipsImage:
    """How much of each pixel is ink, as codes of 8 bits."""
    wrap = int(text.width.value) if text.width else 0
    return pyvips.Image.text(
        text.markup,
        font=f"{text.font}, {FONT} {size:g}px",
        width=max(1, round(wrap * size / text.size)),
        wrap="word-char",
        align=_ALIGNS[text.align],
        justify=text.align is Align.JUSTIFY,
        dpi=72,
    ).copy_memory()


def _check(text: Text) -> None:
    """Drawn small first: Pango would allocate whatever it takes."""
    if text.size <= _MEASURED_AT:
        return
    small, scale = _drawn(text, _MEASURED_AT), text.size / _MEASURED_AT
    if small.width * small.height * scale**2 > MOST_PIXELS:
        raise ResultTooLarge(f"The text would have more than {MOST_PIXELS} pixels")


def _widened(mask: VipsImage, radius: int) -> VipsImage:
    """The mask dilated by a disc: in each row of the disc the maximum along that row, by windows of powers of two."""
    width, height = mask.width + 2 * radius, mask.height + 2 * radius
    windows = {1: mask.embed(radius, radius, width, height).copy_memory()}
    while (longest := max(windows)) <= radius:
        last = windows[longest]
        windows[2 * longest] = last.maxpair(last.embed(-longest, 0, width, height)).copy_memory()
    widest = windows[1]
    for row in range(-radius, radius + 1):
        half = isqrt(radius * radius - row * row)
        part = max(window for window in windows if window <= 2 * half + 1)
        window = windows[part]
        for at in (half, part - half - 1):
            widest = widest.maxpair(window.embed(at, row, width, height))
    return widest.copy_memory()


@cache
def _register() -> None:
    """Make the family known to this process."""
    for file in _FILES:
        pyvips.Image.text("a", font=FONT, fontfile=file, dpi=72).copy_memory()
