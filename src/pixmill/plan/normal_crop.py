"""The normal form of crops: clipped where the edges of the image are known, None for the whole image."""

from typing import Final

from msgspec.structs import replace

from pixmill.plan.gravity import Gravity, Point, Smart, normal_point
from pixmill.plan.lengths import exact_fraction
from pixmill.plan.ops import AspectRule, Crop, CropInsets, CropOverflow, CropUnit, CropWindow

_PERCENT_X: Final = (CropUnit.PERCENT, CropUnit.PERCENT_PIXELS)
_PERCENT_Y: Final = (CropUnit.PERCENT, CropUnit.PIXELS_PERCENT)
_FULL_PERCENT: Final = 100


def normal_crop(crop: Crop | CropWindow | CropInsets) -> Crop | CropWindow | CropInsets | None:
    """Return the normal form of a crop; None for the whole image."""
    match crop:
        case Crop():
            return _normal_region(crop)
        case CropInsets():
            return _normal_insets(crop)
        case _:
            return _normal_window(crop)


def _normal_insets(crop: CropInsets) -> CropInsets | None:
    """Drop insets of nothing, and rules that are the default for insets."""
    if not (crop.left or crop.top or crop.right or crop.bottom):
        return None
    has_rule = crop.overflow in (CropOverflow.REFUSE, CropOverflow.IGNORE)
    is_x, is_y = bool(crop.left or crop.right), bool(crop.top or crop.bottom)
    unit = _normal_unit(crop.unit, is_x=is_x, is_y=is_y)
    return replace(crop, unit=unit, overflow=crop.overflow if has_rule else CropOverflow.CLIP)


def _normal_region(crop: Crop) -> Crop | None:
    if crop.overflow is CropOverflow.CLIP and crop.unit in _PERCENT_X:
        crop = replace(crop, width=_clipped(crop.left, crop.width))
    if crop.overflow is CropOverflow.CLIP and crop.unit in _PERCENT_Y:
        crop = replace(crop, height=_clipped(crop.top, crop.height))
    is_whole = crop.unit is CropUnit.PERCENT and crop.width == crop.height == _FULL_PERCENT
    return None if is_whole and not crop.left and not crop.top else crop


def _clipped(start: float, length: float) -> float:
    """Return the length that is inside the image, unchanged for a region outside, which is refused."""
    rest = _FULL_PERCENT - exact_fraction(start)
    return float(min(exact_fraction(length), rest)) if rest > 0 else length


def _normal_window(window: CropWindow) -> CropWindow | None:
    width = _window_side(window.width, _PERCENT_X, window)
    height = _window_side(window.height, _PERCENT_Y, window)
    if not width and not height and window.aspect is None:
        return None
    is_refused = window.overflow is CropOverflow.REFUSE and bool(width or height)
    return replace(
        window,
        gravity=_normal_gravity(window.gravity),
        width=width,
        height=height,
        unit=_normal_unit(window.unit, is_x=bool(width), is_y=bool(height)),
        overflow=window.overflow if is_refused else CropOverflow.CLIP,
        aspect_rule=AspectRule.EXACT if window.aspect is None else window.aspect_rule,
    )


def _normal_gravity(gravity: Gravity) -> Gravity:
    """Drop a closeness: the size of a crop does not depend on the pixels."""
    if isinstance(gravity, Point):
        return normal_point(gravity)
    if isinstance(gravity, Smart) or not gravity.closeness:
        return gravity
    return replace(gravity, closeness=0.0, zoom=max(1.0, gravity.zoom))


def _window_side(side: float, percent_units: tuple[CropUnit, ...], window: CropWindow) -> float:
    return 0 if window.unit in percent_units and side == _FULL_PERCENT else side


def _normal_unit(unit: CropUnit, *, is_x: bool, is_y: bool) -> CropUnit:
    """Drop the unit of a side that is that of the image."""
    is_percent_x, is_percent_y = is_x and unit in _PERCENT_X, is_y and unit in _PERCENT_Y
    if is_percent_x and is_percent_y:
        return CropUnit.PERCENT
    if not is_percent_x and not is_percent_y:
        return CropUnit.PIXELS
    if not (is_x and is_y):
        return CropUnit.PERCENT
    return CropUnit.PERCENT_PIXELS if is_percent_x else CropUnit.PIXELS_PERCENT
