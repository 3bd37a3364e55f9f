"""Crop modes: what ``c_`` does with sides, ratio, gravity and coordinates. Knows plans, and no other parameters."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from pixmill.dialects.cloudinary.values import AUTOMATIC, DIRECTIONS, FACE, XY_CENTRE, Background, Side
from pixmill.dialects.kit.stages import StageSequence
from pixmill.errors import InvalidParameter
from pixmill.plan.gravity import Faces, FocalPixels, Gravity, PixelRegion, Point, Smart
from pixmill.plan.lengths import round_length
from pixmill.plan.ops import MAX_SIDE, Aspect, Canvas, Clamp, Crop, CropInsets, CropUnit, CropWindow, Fit, Resize
from pixmill.plan.transforms import Extend, Fill, LengthUnit

_RESIZE: Final = ("resize",)
_CROP: Final = ("crop",)
_CANVAS: Final = ("canvas",)
_EXTEND: Final = ("extend",)
_BACKGROUND: Final = ("background",)
_PERCENT: Final = 100


@dataclass(frozen=True, slots=True)
class Mode:
    """A way to fit an image to a box."""

    fit: Fit
    enlarge: bool = True
    shrink: bool = True
    clamp: Clamp = Clamp.SHAPE
    is_automatic: bool = False


MODES: Final[Mapping[str, Mode]] = {
    "scale": Mode(Fit.FILL),
    "fit": Mode(Fit.INSIDE),
    "limit": Mode(Fit.INSIDE, enlarge=False),
    "mfit": Mode(Fit.INSIDE, shrink=False),
    "fill": Mode(Fit.COVER),
    "lfill": Mode(Fit.COVER, enlarge=False, clamp=Clamp.SIDES),
    "fill_pad": Mode(Fit.COVER, is_automatic=True),
    "thumb": Mode(Fit.COVER),
    "auto": Mode(Fit.COVER, is_automatic=True),
    "pad": Mode(Fit.CONTAIN),
    "auto_pad": Mode(Fit.CONTAIN),
    "lpad": Mode(Fit.CONTAIN, enlarge=False),
}
_PADDED: Final = frozenset({"pad", "lpad", "mpad", "auto_pad"})
_WITHOUT_AUTO: Final = frozenset({"scale", "fit", "limit", "mfit", "pad", "lpad", "mpad"})


@dataclass(frozen=True, slots=True)
class Sizing:
    """The parameters of a component that say its size, with the device pixel ratio multiplied in."""

    mode: str = "scale"
    width: Side | None = None
    height: Side | None = None
    aspect: Aspect | None = None
    gravity: str = ""
    x: Side | None = None
    y: Side | None = None
    zoom: float = 1.0
    background: Background | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it changes nothing."""
        has_corner = self.mode == "crop" and bool(self.x or self.y)
        return not (self.width or self.height or self.aspect or has_corner)

    @property
    def is_padded(self) -> bool:
        return self.mode in _PADDED


def put_size(sequence: StageSequence, sizing: Sizing) -> None:
    """Add what a crop mode does. Raises InvalidParameter."""
    if sizing.gravity == AUTOMATIC and sizing.mode in _WITHOUT_AUTO:
        raise InvalidParameter(f"Gravity auto is not supported for {sizing.mode}", param="g")
    if sizing.mode.startswith("imagga"):
        raise InvalidParameter("Invalid crop in transformation: an add-on that does not exist here", param="c")
    if sizing.is_empty:
        return
    if sizing.mode == "crop":
        sequence.put(_CROP, _crop(sizing))
    elif sizing.mode == "mpad":
        sequence.put(_CANVAS, _canvas(sizing))
        _fill(sequence, sizing.background)
    else:
        sequence.put(_RESIZE, _resize(sizing, MODES[sizing.mode]))
        if sizing.is_padded:
            _fill(sequence, sizing.background)


def _fill(sequence: StageSequence, background: Background | None) -> None:
    """Say what the canvas is filled with."""
    if background is None:
        return
    if background.colour is not None:
        sequence.change(_BACKGROUND, background.colour)
    else:
        sequence.change(_EXTEND, Extend(Fill.BLUR if background.is_blurred else Fill.AVERAGE))


def _resize(sizing: Sizing, mode: Mode) -> Resize:
    width, height, aspect = sizing.width, sizing.height, sizing.aspect
    if width and height:
        aspect = None
    elif aspect and not (width or height):
        if mode.fit not in (Fit.COVER, Fit.CONTAIN):
            raise InvalidParameter("Invalid aspect ratio in transformation: it needs a width or a height", param="ar")
    elif aspect and not (width and width.is_share) and not (height and height.is_share):
        width, height = _by_ratio(width, height, aspect)
        aspect = None
    has_both = bool((width and height) or aspect)
    fit = mode.fit if has_both else Fit.INSIDE
    return Resize(
        *(_pixels(width), _pixels(height)),
        fit=fit,
        gravity=_gravity(sizing, mode) if fit in (Fit.COVER, Fit.CONTAIN) else Point(),
        enlarge=mode.enlarge,
        shrink=mode.shrink,
        clamp=mode.clamp if fit is mode.fit else Clamp.SHAPE,
        aspect=aspect,
        width_share=_share(width),
        height_share=_share(height),
    )


def _by_ratio(width: Side | None, height: Side | None, aspect: Aspect) -> tuple[Side, Side]:
    """Return both sides of a box of which one is known. Raises InvalidParameter."""
    ratio = Fraction(aspect.width, aspect.height)
    if width is not None:
        height = Side(Fraction(round_length(width.value / ratio)))
        other = height
    elif height is not None:
        width = other = Side(Fraction(round_length(height.value * ratio)))
    else:
        raise AssertionError("one side is known")
    if other.value > MAX_SIDE:
        raise InvalidParameter("Invalid aspect ratio in transformation: the other side is too long", param="ar")
    return width, height


def _pixels(side: Side | None) -> int:
    if side is None or side.is_share:
        return 0
    pixels = max(1, side.pixels)
    if pixels > MAX_SIDE:
        raise InvalidParameter(f"A side may have at most {MAX_SIDE} pixels", param="dpr")
    return pixels


def _share(side: Side | None) -> float:
    return float(side.value) if side and side.is_share else 0.0


def _gravity(sizing: Sizing, mode: Mode | None = None) -> Gravity:
    """Return what is kept, or where the image is placed."""
    zoom = max(1.0, sizing.zoom)
    word = sizing.gravity or (AUTOMATIC if mode and mode.is_automatic else "center")
    if mode is not None and mode.fit is Fit.CONTAIN:
        return _point(sizing, word if word in DIRECTIONS else "center", 1.0)
    if word == AUTOMATIC:
        return Smart(zoom=zoom)
    if word == FACE:
        is_close = sizing.mode == "thumb"
        return Faces(zoom=sizing.zoom if is_close else zoom, closeness=1.0 if is_close else 0.0)
    if word == XY_CENTRE:
        left, top = (max(0, one.pixels) if one and not one.is_share else 0 for one in (sizing.x, sizing.y))
        return FocalPixels((PixelRegion(left, top),), zoom=zoom)
    return _point(sizing, word, zoom)


def _point(sizing: Sizing, word: str, zoom: float) -> Point:
    """Return a direction; distances from an edge lead inside."""
    x, y = DIRECTIONS[word]
    offset_x, share_x = _distance(sizing.x, is_far=x == 1)
    offset_y, share_y = _distance(sizing.y, is_far=y == 1)
    return Point(x, y, offset_x, offset_y, share_x, share_y, zoom=zoom)


def _distance(side: Side | None, *, is_far: bool) -> tuple[int, float]:
    """Return a distance in pixels, or as a share."""
    if side is None:
        return 0, 0.0
    value = -side.value if is_far else side.value
    if side.is_share:
        return 0, float(value)
    return min(max(replace(side, value=value).pixels, -MAX_SIDE), MAX_SIDE), 0.0


def _crop(sizing: Sizing) -> Crop | CropWindow | CropInsets:
    width, height, aspect = sizing.width, sizing.height, sizing.aspect
    if aspect and bool(width) != bool(height) and not (width or height or _NO_SIDE).is_share:
        width, height = _by_ratio(width, height, aspect)
        aspect = None
    elif width and height:
        aspect = None
    has_corner = not sizing.gravity and bool(sizing.x or sizing.y)
    if has_corner and aspect is None and sizing.zoom == 1 and (region := _region(sizing, width, height)):
        return region
    where = replace(sizing, gravity="north_west") if has_corner else sizing
    window_x, is_share_x = _window_side(width)
    window_y, is_share_y = _window_side(height)
    unit = CropUnit.of_axes(is_percent_x=is_share_x, is_percent_y=is_share_y)
    return CropWindow(window_x, window_y, _gravity(where), unit, aspect)


_NO_SIDE: Final = Side(Fraction(0))


def _window_side(side: Side | None) -> tuple[float, bool]:
    if side is None:
        return 0.0, False
    return (min(100.0, float(side.value * _PERCENT)), True) if side.is_share else (float(_pixels(side)), False)


def _region(sizing: Sizing, width: Side | None, height: Side | None) -> Crop | CropInsets | None:
    """Return the region at a corner; None if an axis has pixels and shares. Raises InvalidParameter."""
    corner = (sizing.x or _NO_SIDE, sizing.y or _NO_SIDE)
    for name, one in zip("xy", corner, strict=True):
        if one.value < 0:
            raise InvalidParameter(f"Invalid {name} in transformation: a crop begins in the image", param=name)
    units: list[bool] = []
    numbers: list[tuple[float, float]] = []
    for start, length in zip(corner, (width, height), strict=True):
        if start.value and length and start.is_share is not length.is_share:
            return None
        is_share = length.is_share if length else start.is_share
        factor = _PERCENT if is_share else 1
        whole = _PERCENT if is_share else MAX_SIDE
        begin = float(start.value * factor) if is_share else float(start.pixels)
        size = (
            float(length.value * factor) if length and is_share else float(_pixels(length)) if length else float(whole)
        )
        units.append(is_share)
        numbers.append((begin, size))
    (left, across), (top, down) = numbers
    unit = CropUnit.of_axes(is_percent_x=units[0], is_percent_y=units[1])
    if not width and not height:
        return CropInsets(left, top, unit=unit)
    return Crop(left, top, across, down, unit)


def _canvas(sizing: Sizing) -> Canvas:
    """Return the canvas of ``mpad``, around the image at its size."""
    sides = [one for one in (sizing.width, sizing.height) if one]
    if len({one.is_share for one in sides}) > 1:
        raise InvalidParameter("Invalid width in transformation: pixels and shares exclude each other", param="w")
    gravity = _point(sizing, sizing.gravity if sizing.gravity in DIRECTIONS else "center", 1.0)
    if not sides:
        return Canvas(aspect=sizing.aspect, gravity=gravity)
    width, height = sizing.width, sizing.height
    if len(sides) == 1 and sizing.aspect and not sides[0].is_share:
        width, height = _by_ratio(width, height, sizing.aspect)
    if sides[0].is_share:
        across, down = (_share(one) * _PERCENT for one in (width, height))
        return Canvas(across, down, gravity=gravity, unit=LengthUnit.PERCENT)
    return Canvas(_pixels(width), _pixels(height), gravity=gravity)
