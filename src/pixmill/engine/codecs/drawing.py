"""What is made of shapes gets its pixels late: at which scale to draw what is needed.

Knows needs only.
"""

from math import ceil, floor, sqrt
from typing import Final

from pixmill.engine.codecs.picture import Need
from pixmill.engine.pixels.frame import Area
from pixmill.plan.geometry import Size

MAX_OWN_SIDE: Final = 16_383
MAX_OWN_PIXELS: Final = 50_000_000
"""A drawing or a page that says to be larger is taken to be this large, in its own shape: it has no pixels to lose."""

_MAX_DRAWN_PIXELS: Final = 50_000_000
"""A part stretched along one side, where both would be drawn as large, is enlarged by the kernel beyond this."""


def own_size(width: float, height: float) -> tuple[Size, float]:
    """The size of a drawing in whole pixels, and the scale at which it is drawn for that."""
    fit = min(1.0, MAX_OWN_SIDE / max(width, height), sqrt(MAX_OWN_PIXELS / (width * height)))
    return Size(max(1, round(width * fit)), max(1, round(height * fit))), fit


def drawn_scale(need: Need, most: float) -> float:
    """How many pixels to draw for one of the drawing's own, along each side, but no more than ``most``.

    Where the part keeps its shape that is said by the longer side, whose rounding counts for less.
    """
    across, down = need.size.width / need.area.width, need.size.height / need.area.height
    longer = across if need.size.width >= need.size.height else down
    scale = longer if _same(need.area.shrunk(1 / longer), need.size) else max(across, down)
    return min(scale, most, sqrt(_MAX_DRAWN_PIXELS / (need.area.width * need.area.height)))


def drawn_box(need: Need, scale: float) -> tuple[int, int, Size, Area | None]:
    """The pixels to draw, from left and top; and where the needed area lies in them, None where they are just what is needed."""
    area = need.area.shrunk(1 / scale)
    if _same(area, need.size):
        return round(area.left), round(area.top), need.size, None
    left, top = floor(area.left), floor(area.top)
    size = Size(ceil(area.left + area.width) - left, ceil(area.top + area.height) - top)
    return left, top, size, area.moved(left, top)


def _same(area: Area, size: Size) -> bool:
    """But for rounding."""
    return abs(area.width - size.width) <= 1 and abs(area.height - size.height) <= 1
