"""Sides of a box that are given as shares of the image: resolved to pixels before the image is fitted.

Must never know how an image is fitted.
"""

from fractions import Fraction

from msgspec.structs import replace

from pixmill.plan.lengths import RealSize, Size, exact_fraction, round_length
from pixmill.plan.ops import Resize


def absolute_resize(source: Size | RealSize, resize: Resize) -> Resize:
    """Replace the shares of an image of size ``source`` by pixels; a free side then follows from the aspect ratio."""
    if not resize.width_share and not resize.height_share:
        return resize
    width = resize.width or _part(source.width, resize.width_share, resize)
    height = resize.height or _part(source.height, resize.height_share, resize)
    if resize.aspect is not None:
        ratio = Fraction(resize.aspect.width, resize.aspect.height)
        width, height = (
            width or round_length(height * ratio, resize.rounding),
            height or round_length(width / ratio, resize.rounding),
        )
    return replace(resize, width=width, height=height, width_share=0.0, height_share=0.0, aspect=None)


def _part(side: int | Fraction, share: float, resize: Resize) -> int:
    return round_length(side * exact_fraction(share), resize.rounding) if share else 0
