"""What is made of shapes gets its pixels late: at which scale to draw what is needed.

Knows needs only.
"""

from math import ceil, floor, sqrt
from typing import Final

from pixmill.engine.codecs.decoder import DecodeRequest
from pixmill.engine.raster.frame import Area
from pixmill.plan.lengths import Size

MAX_INTRINSIC_SIDE: Final = 16_383
MAX_INTRINSIC_PIXELS: Final = 50_000_000
"""A drawing or a page that says to be larger is taken to be this large, in its own shape: it has no pixels to lose."""

_MAX_RENDERED_PIXELS: Final = 50_000_000
"""A part stretched along one side, where both would be drawn as large, is enlarged by the kernel beyond this."""


def intrinsic_size(width: float, height: float) -> tuple[Size, float]:
    """The size of a drawing in whole pixels, and the scale at which it is drawn for that."""
    scale = min(1.0, MAX_INTRINSIC_SIDE / max(width, height), sqrt(MAX_INTRINSIC_PIXELS / (width * height)))
    return Size(max(1, round(width * scale)), max(1, round(height * scale))), scale


def render_scale(request: DecodeRequest, max_scale: float) -> float:
    """How many pixels to draw for one of the drawing's own, along each side, but no more than ``most``.

    Where the part keeps its shape that is said by the longer side, whose rounding counts for less.
    """
    scale_x, scale_y = request.target_size.width / request.area.width, request.target_size.height / request.area.height
    long_side_scale = scale_x if request.target_size.width >= request.target_size.height else scale_y
    scale = (
        long_side_scale
        if _is_same_size(request.area.scaled_down(1 / long_side_scale), request.target_size)
        else max(scale_x, scale_y)
    )
    return min(scale, max_scale, sqrt(_MAX_RENDERED_PIXELS / (request.area.width * request.area.height)))


def render_box(request: DecodeRequest, scale: float) -> tuple[int, int, Size, Area | None]:
    """The pixels to draw, from left and top; and where the needed area lies in them, None where they are just what is needed."""
    area = request.area.scaled_down(1 / scale)
    if _is_same_size(area, request.target_size):
        return round(area.left), round(area.top), request.target_size, None
    left, top = floor(area.left), floor(area.top)
    size = Size(ceil(area.left + area.width) - left, ceil(area.top + area.height) - top)
    return left, top, size, area.relative_to(left, top)


def _is_same_size(area: Area, size: Size) -> bool:
    """But for rounding."""
    return abs(area.width - size.width) <= 1 and abs(area.height - size.height) <= 1
