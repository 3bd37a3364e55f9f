"""Regions and canvases of lengths in pixels and in percent. Knows lengths and plans; must never know an option."""

from fractions import Fraction
from typing import Final

from pixmill.dialects.sirv.values import MAX_SIDE, Side, Start
from pixmill.errors import InvalidParameter
from pixmill.plan.gravity import Gravity, Point
from pixmill.plan.ops import Aspect, Canvas, Crop, CropUnit, CropWindow
from pixmill.plan.transforms import LengthUnit

_FULL: Final = 100
_WHOLE: Final = Start()
_CENTRE: Final = Point()
_CENTRED: Final = Start(anchor=0.5)


def region(
    x: Start | None,
    y: Start | None,
    width: Side | None,
    height: Side | None,
    aspect: Aspect | None = None,
    gravity: Gravity | None = None,
) -> Crop | CropWindow:
    """Return a region: at lengths from the corner, or a window that is placed by words. Raises InvalidParameter."""
    width, height = (side if side and side.value else None for side in (width, height))
    starts = (x or (_CENTRED if aspect else _WHOLE), y or (_CENTRED if aspect else _WHOLE))
    if gravity is None and aspect is None and all(start.anchor is None for start in starts):
        return _region(starts[0].side, starts[1].side, width, height)
    unit = CropUnit.of_axes(is_percent_x=bool(width and width.is_share), is_percent_y=bool(height and height.is_share))
    placed = gravity or _window_place(*starts)
    return CropWindow(width.number if width else 0, height.number if height else 0, placed, unit, aspect)


def _window_place(x: Start, y: Start) -> Point:
    offset_x, share_x = _moved(x)
    offset_y, share_y = _moved(y)
    return Point(x.anchor or 0.0, y.anchor or 0.0, offset_x, offset_y, share_x, share_y, proportional=True)


def _moved(start: Start) -> tuple[int, float]:
    """Return by how many pixels, and by which share of the image, a window is moved from the corner."""
    if start.anchor is not None:
        return 0, 0.0
    if start.side.is_share:
        return 0, max(min(float(start.side.value), 1.0), -1.0)
    return round(start.side.value), 0.0


def _region(x: Side, y: Side, width: Side | None, height: Side | None) -> Crop:
    left, size_x, is_percent_x = _span(x, width, "crop.x")
    top, size_y, is_percent_y = _span(y, height, "crop.y")
    unit = CropUnit.of_axes(is_percent_x=is_percent_x, is_percent_y=is_percent_y)
    return Crop(left, top, size_x, size_y, unit)


def _span(start: Side, length: Side | None, name: str) -> tuple[float, float, bool]:
    """Return start, length and whether they are percent; what is left of the image has no effect."""
    if length is None:
        length = Side(Fraction(MAX_SIDE))
        if start.is_share:
            length = Side(Fraction(_FULL), is_share=True)
    if start.value and start.is_share is not length.is_share:
        raise InvalidParameter(f"{name} must have the unit of the length", param=name)
    first, last = max(start.value, Fraction(0)), start.value + length.value
    if last <= first:
        raise InvalidParameter(f"{name} leaves nothing of the image", param=name)
    factor = _FULL if length.is_share else 1
    return float(first * factor), float((last - first) * factor), length.is_share


def canvases_of(
    width: Side | None, height: Side | None, aspect: Aspect | None = None, gravity: Point = _CENTRE
) -> list[Canvas]:
    """Return canvases, the inner ones first: one for each unit, and one for a ratio that no length gives."""
    width, height = (side if side and side.value else None for side in (width, height))
    side = width or height
    if width and height:
        aspect = None
    elif aspect and side and not side.is_share:
        ratio = Fraction(aspect.width, aspect.height)
        other = Side(min(side.value / ratio if width else side.value * ratio, Fraction(MAX_SIDE)))
        width, height, aspect = width or other, height or other, None
    found: list[Canvas] = []
    for is_share in (False, True):
        x, y = (min(one.number, MAX_SIDE) if one and one.is_share is is_share else 0 for one in (width, height))
        if x or y:
            unit = LengthUnit.PERCENT if is_share else LengthUnit.PIXELS
            found.append(Canvas(x, y, gravity=gravity, cut=True, unit=unit))
    return [*found, Canvas(aspect=aspect, gravity=gravity)] if aspect else found
