"""The region that a crop cuts out before the resize, in whole pixels: integers in, integers out."""

from fractions import Fraction
from math import ceil, floor

from pixmill.errors import InvalidParameter
from pixmill.plan.gravity import Point
from pixmill.plan.lengths import Box, Size, exact_fraction, round_length, round_position
from pixmill.plan.ops import AspectRule, Crop, CropInsets, CropOverflow, CropUnit, CropWindow
from pixmill.plan.placement import window_position

_Scale = tuple[Fraction, Fraction]


def resolve_crop(source: Size, crop: Crop | CropWindow | CropInsets | None) -> Box:
    """Return the region of an image of this size; a window that depends on the pixels is centred.

    Raises InvalidParameter for a crop that is refused because it does not lie in the image.
    """
    match crop:
        case Crop():
            return _region_box(source, crop)
        case CropWindow():
            size = _window_size(source, crop)
            if crop.aspect_rule is AspectRule.THUMBOR and isinstance(crop.gravity, Point):
                return _window_of_thumbor(source, size, crop.gravity)
            return Box(*window_position(source, size, crop.gravity, Box.whole(source)), *size.sides)
        case CropInsets():
            return _box_inside(source, crop)
        case None:
            return Box.whole(source)


def _region_box(source: Size, crop: Crop) -> Box:
    scale_x, scale_y = _scales(source, crop.unit)
    left, width = _span(
        exact_fraction(crop.left) * scale_x, exact_fraction(crop.width) * scale_x, source.width, crop.overflow
    )
    top, height = _span(
        exact_fraction(crop.top) * scale_y, exact_fraction(crop.height) * scale_y, source.height, crop.overflow
    )
    if not width or not height:
        return Box.whole(source)
    return Box(left, top, width, height)


def _span(start: Fraction, length: Fraction, side: int, overflow: CropOverflow) -> tuple[int, int]:
    """Return the start and the length along one axis; a length of 0 for a crop that is ignored."""
    match overflow:
        case CropOverflow.MOVE:
            whole = min(side, round_length(length))
            return min(round_position(start), side - whole), whole
        case CropOverflow.IGNORE if start >= side:
            return 0, 0
        case CropOverflow.RESET if start >= side:
            start = Fraction(0)
        case CropOverflow.REFUSE if start + length > side:
            raise InvalidParameter("The crop does not lie in the image", param="crop")
    if start >= side:
        raise InvalidParameter("The crop begins outside the image", param="crop")
    first = min(round_position(start), side - 1)
    last = min(side, round_position(start + length))
    return first, max(1, last - first)


def _box_inside(source: Size, crop: CropInsets) -> Box:
    scale_x, scale_y = _scales(source, crop.unit)
    left, right = _edges(
        exact_fraction(crop.left) * scale_x, exact_fraction(crop.right) * scale_x, source.width, crop.overflow
    )
    top, bottom = _edges(
        exact_fraction(crop.top) * scale_y, exact_fraction(crop.bottom) * scale_y, source.height, crop.overflow
    )
    if left < right and top < bottom:
        return Box(left, top, right - left, bottom - top)
    if crop.overflow is CropOverflow.IGNORE:
        return Box.whole(source)
    raise InvalidParameter("The crop leaves nothing of the image", param="crop")


def _edges(start_inset: Fraction, end_inset: Fraction, side: int, overflow: CropOverflow) -> tuple[int, int]:
    """Return where the rest begins and ends along one axis; a negative inset counts from the opposite edge."""
    start = round_position(start_inset) if start_inset >= 0 else side - round_position(-start_inset)
    end = side - round_position(end_inset) if end_inset >= 0 else round_position(-end_inset)
    if overflow is CropOverflow.REFUSE and (start < 0 or end > side):
        raise InvalidParameter("The crop does not lie in the image", param="crop")
    return max(0, start), min(side, end)


def _window_size(source: Size, crop: CropWindow) -> Size:
    scale_x, scale_y = _scales(source, crop.unit)
    width = round_length(exact_fraction(crop.width) * scale_x) if crop.width else source.width
    height = round_length(exact_fraction(crop.height) * scale_y) if crop.height else source.height
    if crop.overflow is CropOverflow.REFUSE and (width > source.width or height > source.height):
        raise InvalidParameter("The crop does not lie in the image", param="crop")
    width, height = min(width, source.width), min(height, source.height)
    if crop.aspect is not None:
        ratio = Fraction(crop.aspect.width, crop.aspect.height)
        largest = _largest_of_thumbor if crop.aspect_rule is AspectRule.THUMBOR else _largest
        width, height = largest(width, height, ratio)
    zoom = crop.gravity.zoom
    return Size(width, height).scaled(1 / exact_fraction(zoom)) if zoom > 1 else Size(width, height)


def _largest(width: int, height: int, ratio: Fraction) -> tuple[int, int]:
    """Return the sides of the largest rectangle of an aspect ratio."""
    return min(width, round_length(height * ratio)), min(height, round_length(width / ratio))


def _largest_of_thumbor(width: int, height: int, ratio: Fraction) -> tuple[int, int]:
    if round(width / height, 2) == round(float(ratio), 2):
        return width, height
    if ratio * height > width:
        return width, max(1, round(width / ratio))
    return min(width, ceil(height * ratio)), height


def _window_of_thumbor(source: Size, size: Size, point: Point) -> Box:
    """Return a window around a point in whole pixels, whose edges are rounded half to even."""
    pairs = ((source.width, size.width, point.x), (source.height, size.height, point.y))
    left, top = (round(min(max(floor(side * at) - part / 2, 0.0), side - part)) for side, part, at in pairs)
    return Box(left, top, *size.sides)


def _scales(source: Size, unit: CropUnit) -> _Scale:
    """Return the pixels of one unit along each axis."""
    is_share_x = unit in (CropUnit.PERCENT, CropUnit.PERCENT_PIXELS)
    is_share_y = unit in (CropUnit.PERCENT, CropUnit.PIXELS_PERCENT)
    return (
        Fraction(source.width, 100) if is_share_x else Fraction(1),
        Fraction(source.height, 100) if is_share_y else Fraction(1),
    )
