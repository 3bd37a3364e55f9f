"""Chooses the scale at which vector formats (SVG, PDF) are rendered for a decode request.

Must never render.
"""

from dataclasses import replace
from fractions import Fraction
from math import ceil, floor, sqrt
from typing import Final

from pixmill.engine.codecs.decoder import DecodeRequest
from pixmill.engine.raster.frame import MAX_SIDE, Area
from pixmill.plan.lengths import RealSize, Size

MAX_INTRINSIC_SIDE: Final = 16_383
MAX_INTRINSIC_PIXELS: Final = 50_000_000
"""The intrinsic size is reduced to these limits, with its aspect ratio: a vector image has no pixels to lose."""

_MIN_SIDE, _MIN_SHORT_SIDE = 1e-3, 1e-9
_MAX_RENDERED_PIXELS: Final = 50_000_000
_MAX_RENDERED_SIDE: Final = MAX_SIDE - 2
"""A part stretched along one side, which is rendered with the larger scale on both, is enlarged by the resampler
beyond these. The side leaves room for rounding outward."""


def intrinsic_size(width: float, height: float) -> tuple[Size, float]:
    """The intrinsic size in whole pixels, and the scale that renders it at that size."""
    scale = min(1.0, MAX_INTRINSIC_SIDE / max(width, height))
    scale *= min(1.0, sqrt(MAX_INTRINSIC_PIXELS / max(width * scale * height * scale, 1.0)))
    return Size(max(1, round(width * scale)), max(1, round(height * scale))), scale


def exact_intrinsic_size(width: float, height: float) -> tuple[Size, RealSize | None]:
    """The intrinsic size in whole pixels, and the exact one if it differs."""
    _, scale = intrinsic_size(width, height)
    scale *= max(1.0, _MIN_SIDE / (max(width, height) * scale))
    exact = RealSize(*(_decimal(max(side * scale, _MIN_SHORT_SIDE)) for side in (width, height)))
    size = exact.scaled(Fraction(1))
    return size, None if exact == RealSize(Fraction(size.width), Fraction(size.height)) else exact


def _decimal(side: float) -> Fraction:
    """Return the side without the digits that are errors of floating-point arithmetic."""
    return Fraction(f"{side:.9g}")


def exact_request(request: DecodeRequest, size: Size, exact_size: RealSize | None) -> DecodeRequest:
    """Convert the requested area from whole pixels of the intrinsic size to those of the exact one."""
    if exact_size is None:
        return request
    width, height = map(float, exact_size.sides)
    return replace(request, area=request.area.scaled(width / size.width, height / size.height))


def render_scale(request: DecodeRequest, max_scale: float) -> float:
    """The scale from intrinsic to rendered pixels, at most ``max_scale``.

    If the aspect ratio is kept, the longer side determines it, because its rounding error is smaller.
    """
    scale_x, scale_y = request.target_size.width / request.area.width, request.target_size.height / request.area.height
    long_side_scale = scale_x if request.target_size.width >= request.target_size.height else scale_y
    scale = (
        long_side_scale
        if _is_same_size(request.area.scaled_down(1 / long_side_scale), request.target_size)
        else max(scale_x, scale_y)
    )
    width, height = request.area.width, request.area.height
    return min(scale, max_scale, _MAX_RENDERED_SIDE / max(width, height), sqrt(_MAX_RENDERED_PIXELS / (width * height)))


def render_box(request: DecodeRequest, scale: float) -> tuple[int, int, Size, Area | None]:
    """The region to render (left, top, size), and the requested area in it; None if it is all of it."""
    area = request.area.scaled_down(1 / scale)
    if _is_same_size(area, request.target_size):
        return round(area.left), round(area.top), request.target_size, None
    left, top = floor(area.left), floor(area.top)
    size = Size(ceil(area.left + area.width) - left, ceil(area.top + area.height) - top)
    return left, top, size, area.relative_to(left, top)


def _is_same_size(area: Area, size: Size) -> bool:
    """Whether both are equal up to rounding."""
    return abs(area.width - size.width) <= 1 and abs(area.height - size.height) <= 1
