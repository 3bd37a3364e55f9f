"""What the values of Glide's parameters mean as stages, in its order of work.

Orientation, region, size, brightness, contrast, gamma, sharpening, filter, mirroring, blur, pixelation, watermark,
background, border. Knows plans; must never know a text.
"""

from fractions import Fraction
from math import sqrt
from typing import Final

from msgspec import Struct

from pixmill.dialects.glide.values import MAX_SIDE, Border, Dimension
from pixmill.dialects.kit.effects import blur_sigma, contrast_of_slope
from pixmill.dialects.kit.stages import StageSequence
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.effects import Convolution
from pixmill.plan.gravity import Point
from pixmill.plan.ops import Crop, Fit, Flip, ImageOverlay, Plan, Resize
from pixmill.plan.overlays import ZERO_LENGTH, Length, OverlayFit, Placement
from pixmill.plan.shapes import Border as PlanBorder
from pixmill.plan.shapes import Shape
from pixmill.plan.source import SourceRef
from pixmill.plan.transforms import Extend

_BRIGHTNESS: Final = ("adjust", "tone", "brightness")
_CONTRAST: Final = ("adjust", "tone", "contrast")
_CONVOLUTION: Final = ("effects", "convolution")
_EXACT: Final = frozenset(("crop", "stretch", "fill", "fill-max"))
_MARK_FITS: Final = {"stretch": OverlayFit.FILL, "crop": OverlayFit.COVER}
_OPAQUE: Final = 255
_MAX_BORDER: Final = 1_000
_MIN_CORNER_SHARPENING: Final = 10
_MIDDLE: Final = 0.5


class Values(Struct, frozen=True):
    """The values of the parameters."""

    orientation: int | None = None
    crop: Crop | None = None
    w: int = 0
    h: int = 0
    fit: tuple[str, Point] = ("contain", Point())
    dpr: Fraction = Fraction(1)
    bri: int = 0
    con: int = 0
    gam: float = 1.0
    sharp: int = 0
    filt: str = ""
    flip: Flip = Flip.NONE
    blur: int = 0
    pixel: int = 0
    mark: SourceRef | None = None
    markw: Dimension | None = None
    markh: Dimension | None = None
    markx: Dimension | None = None
    marky: Dimension | None = None
    markpad: Dimension | None = None
    markpos: tuple[float, float] = (1.0, 1.0)
    markfit: str = "contain"
    markalpha: int = 100
    bg: Colour | None = None
    border: Border | None = None
    q: int | None = None
    fm: str = ""
    interlace: bool = False


def plan_of(values: Values) -> Plan:
    """Return the plan of values, without input and output. Raises InvalidParameter."""
    stages = StageSequence("parameters")
    if values.orientation:
        stages.put(("rotate",), -values.orientation % 360)
    if values.crop:
        stages.put(("crop",), values.crop)
    _add_size(stages, values)
    _add_pixels(stages, values)
    if values.mark:
        stages.add_overlay(_watermark(values, values.mark))
    if values.bg and values.bg.alpha == _OPAQUE:
        stages.put(("flatten",), values.bg)
    if values.border:
        _add_border(stages, values, values.border)
    return stages.plan()


def _add_size(stages: StageSequence, values: Values) -> None:
    """Add the resize. Canvas and size belong together, so that all else comes on the padded image."""
    name, gravity = values.fit
    width, height = (min(int(side * values.dpr), MAX_SIDE) for side in (values.w, values.h))
    may_enlarge = name not in {"max", "fill"}
    if not width and not height:
        if values.dpr != 1:
            stages.put(("resize",), Resize(zoom=float(values.dpr), enlarge=may_enlarge))
        return
    if not (width and height):
        stages.put(("resize",), Resize(width, height, enlarge=may_enlarge, enlarge_drawings=may_enlarge))
        return
    resize = Resize(width, height, _FITS[name], gravity, enlarge=may_enlarge, enlarge_drawings=may_enlarge)
    stages.put(("resize",), resize)
    if resize.fit is Fit.CONTAIN:
        stages.change(("background",), values.bg or TRANSPARENT)
        stages.put(("canvas",), None)  # what follows is on the padded image


_FITS: Final = {
    "contain": Fit.INSIDE,
    "max": Fit.INSIDE,
    "fill": Fit.CONTAIN,
    "fill-max": Fit.CONTAIN,
    "stretch": Fit.FILL,
    "crop": Fit.COVER,
}


def _add_pixels(stages: StageSequence, values: Values) -> None:
    if values.bri:
        stages.put(_BRIGHTNESS, float(values.bri))
    if values.con:
        stages.put(_CONTRAST, _contrast(values.con))
    if values.gam != 1:
        stages.put(("adjust", "tone", "gamma"), values.gam)
    if values.sharp:
        stages.put(_CONVOLUTION, _sharpening(values.sharp))
    if values.filt:
        stages.put(("grayscale",), True)
    if values.filt == "sepia":
        _add_sepia(stages)
    if values.flip is not Flip.NONE:
        stages.put(("flip",), values.flip)
    if sigma := blur_sigma(sqrt(values.blur / 2)):
        stages.blur(sigma)
    if values.pixel > 1:
        stages.put(("effects", "pixelate"), values.pixel)


def _add_sepia(stages: StageSequence) -> None:
    """Add the colours of Glide's sepia on grey."""
    stages.put(_BRIGHTNESS, -10.0)
    stages.put(_CONTRAST, _contrast(10))
    for name, change in (("red", 38.0), ("green", 27.0), ("blue", 12.0)):
        stages.put(("adjust", "tone", name), change)
    stages.put(_BRIGHTNESS, -10.0)
    stages.put(_CONTRAST, _contrast(10))


def _contrast(level: int) -> float:
    """Return the contrast of GD: values are multiplied by a square around the middle."""
    return contrast_of_slope(((100 + level) / 100) ** 2)


def _sharpening(amount: int) -> Convolution:
    """Return the matrix of Intervention Image for GD: corners count from 10 on."""
    corner = amount * -0.01 if amount >= _MIN_CORNER_SHARPENING else 0.0
    edge = amount * -0.025
    middle = 1 - 4 * (corner + edge)
    return Convolution((corner, edge, corner, edge, middle, edge, corner, edge, corner))


def _watermark(values: Values, source: SourceRef) -> ImageOverlay:
    width, height = (
        size.length(values.dpr, axis) if size else None for size, axis in ((values.markw, "w"), (values.markh, "h"))
    )
    fit = _MARK_FITS.get(values.markfit.partition("-")[0], OverlayFit.INSIDE)
    x, y = values.markpos
    offsets = (values.markpad or values.markx, values.markpad or values.marky)
    offset_x, offset_y = (
        _inward(offset, values.dpr, axis, edge) for offset, axis, edge in zip(offsets, "wh", (x, y), strict=True)
    )
    if (x, y) != (_MIDDLE, _MIDDLE):  # only in the centre of both axes do distances count along a middle
        offset_x = ZERO_LENGTH if x == _MIDDLE else offset_x
        offset_y = ZERO_LENGTH if y == _MIDDLE else offset_y
    return ImageOverlay(
        source, width, height, fit, Placement(x, y, offset_x, offset_y, opacity=float(values.markalpha))
    )


def _inward(offset: Dimension | None, dpr: Fraction, axis: str, edge: float) -> Length:
    """Return a distance from an edge."""
    length = offset.length(dpr, axis) if offset else None
    if length is None or not length.value:
        return ZERO_LENGTH
    return Length(-length.value, length.percent) if edge == 1 else length


def _add_border(stages: StageSequence, values: Values, border: Border) -> None:
    """Add a border on what there is: inside, around the shrunk image, or around the image."""
    length = border.width.length(values.dpr, "w")
    if length is None or length.percent or not int(length.value):
        return
    width = int(length.value)
    sides = [min(int(side * values.dpr), MAX_SIDE) - 2 * width for side in (values.w, values.h)]
    is_exact = values.fit[0] in _EXACT and values.w and values.h and min(sides) > 0
    if border.method == "expand" or (border.method == "shrink" and is_exact):
        stages.begin()
        if border.method == "shrink":
            stages.put(("resize",), Resize(sides[0], sides[1], fit=Fit.FILL, enlarge=True))
        stages.put(("extend",), Extend(top=width, right=width, bottom=width, left=width))
        stages.change(("background",), border.colour)
        return
    stages.put(("shape",), Shape(border=PlanBorder(min(width, _MAX_BORDER), border.colour)))
