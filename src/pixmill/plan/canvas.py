"""The canvas of a stage, independent of how its image was fitted: its size, and what is cut off the image for it.

Integers in, integers out. Positions are computed in ``placement.py``.
"""

from fractions import Fraction

from pixmill.plan.lengths import Size, exact_fraction, round_length
from pixmill.plan.ops import Canvas
from pixmill.plan.transforms import Extend, LengthUnit

_HUNDREDTHS = 10_000


def canvas_size(canvas: Canvas, image: Size, scale: Fraction) -> Size:
    """Return the sides of the canvas of an image of this size; ``scale`` multiplies sides in pixels."""
    if canvas.aspect:
        shape = Fraction(canvas.aspect.width, canvas.aspect.height)
        is_wider = Fraction(image.width, image.height) < shape
        if is_wider != canvas.cut:
            return Size(round_length(image.height * shape), image.height)
        return Size(image.width, round_length(image.width / shape))
    sides = (
        _side(canvas.width, image.width, canvas.unit, scale),
        _side(canvas.height, image.height, canvas.unit, scale),
    )
    if canvas.cut:
        return Size(*sides)
    return Size(max(sides[0], image.width), max(sides[1], image.height))


def in_pixels(extend: Extend, canvas: Size, scale: Fraction) -> tuple[int, int, int, int]:
    """Return the padding at the top, right, bottom and left; ``scale`` multiplies pixels, with halves to even."""
    margins = (extend.top, extend.right, extend.bottom, extend.left)
    if extend.unit is LengthUnit.PERCENT:
        sides = (canvas.height, canvas.width) * 2
        top, right, bottom, left = (
            int(Fraction(margin * side, _HUNDREDTHS) + Fraction(1, 2))
            for margin, side in zip(margins, sides, strict=True)
        )
    elif scale == 1:
        return margins
    else:
        top, right, bottom, left = (round(margin * scale) for margin in margins)
    return top, right, bottom, left


def _side(side: float, own: int, unit: LengthUnit, scale: Fraction) -> int:
    if not side:
        return own
    exact = exact_fraction(side)
    return round_length(own * exact / 100 if unit is LengthUnit.PERCENT else exact * scale)
