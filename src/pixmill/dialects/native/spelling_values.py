"""Values of plans as native parameters write them: numbers, colours, gravities, crops, lists.

The inverse of ``grammars/``. Must never know a request.
"""

from collections.abc import Mapping
from enum import Enum
from fractions import Fraction
from math import lcm
from typing import Final

from pixmill.dialects.native.grammars.gravity import DIRECTIONS
from pixmill.plan.colour import Colour
from pixmill.plan.effects import Convolution, Curve, GradientRamp, RegionBlur, RegionPixelation
from pixmill.plan.gravity import Faces, FocalPixels, FocalRegions, Gravity, Interest, Point, Smart
from pixmill.plan.lengths import exact_fraction
from pixmill.plan.ops import Aspect, Canvas, Crop, CropInsets, CropUnit, CropWindow, ResampleSpace
from pixmill.plan.overlays import Length
from pixmill.plan.shapes import CornerRadii, Ellipse, ImageMask, Mask, Polygon, Star
from pixmill.plan.source import SourceKind, SourceRef
from pixmill.plan.transforms import Extend, LengthUnit

Pair = tuple[str, str]

_DIRECTION_NAMES: Final[Mapping[tuple[float, float], str]] = {
    (point.x, point.y): name
    for name, point in reversed(DIRECTIONS.items())
    if len(name) > 2  # noqa: PLR2004 - full names
}
_MAX_DIVISOR: Final = 9_999
_OPAQUE: Final = 255


def text_of(value: object) -> str:
    """Return a flag, a number, a word or a colour."""
    match value:
        case bool():
            return "true" if value else "false"
        case Enum():
            return str(value.value)
        case float() | int():
            return number(value)
        case Colour():
            return colour_text(value)
        case SourceRef():
            return source_text(value)
        case _:
            return str(value)


def light_text(space: ResampleSpace) -> str:
    return "gamma" if space is ResampleSpace.SRGB else space.value


def number(value: float) -> str:
    """Return a decimal without an exponent."""
    if isinstance(value, int) or value.is_integer():
        return str(int(value))
    return f"{value:.20f}".rstrip("0") if "e" in repr(value) else repr(value)


def listed(*values: float) -> str:
    return ",".join(map(number, values))


def colour_text(colour: Colour) -> str:
    digits = f"{colour.red:02x}{colour.green:02x}{colour.blue:02x}"
    return digits if colour.alpha == _OPAQUE else f"{digits}{colour.alpha:02x}"


def source_text(source: SourceRef) -> str:
    """Return a text that is parsed as this source: the slash keeps ``a:b.jpg`` from being read as a URL."""
    is_like_url = source.kind is SourceKind.PATH and ":" in source.text
    return f"/{source.text}" if is_like_url else source.text


def aspect_text(aspect: Aspect) -> str:
    return f"{aspect.width}:{aspect.height}"


_SMART_NAMES: Final = {Interest.ATTENTION: "smart", Interest.ENTROPY: "smart:entropy", Interest.AUTO: "auto"}


def gravity_text(gravity: Gravity) -> str:
    text = _place_text(gravity)
    if not isinstance(gravity, Point | Smart) and gravity.closeness:
        text += f",close:{number(gravity.closeness)}"
    return text if gravity.zoom == 1 else f"{text},zoom:{number(gravity.zoom)}"


def _place_text(gravity: Gravity) -> str:
    match gravity:
        case Point():
            return _point_text(gravity)
        case Smart(interest):
            return _SMART_NAMES[interest]
        case Faces():
            return "face"
        case FocalRegions(regions):
            return "fr:" + ";".join(listed(one.x, one.y, one.width, one.height, one.weight) for one in regions)
        case FocalPixels(pixels):
            return "px:" + ";".join(listed(one.left, one.top, one.width, one.height, one.weight) for one in pixels)


def _point_text(point: Point) -> str:
    if (point.x, point.y) in _DIRECTION_NAMES and not point.proportional:
        text = _DIRECTION_NAMES[point.x, point.y]
    else:
        text = f"{'pos' if point.proportional else 'fp'}:{listed(point.x, point.y)}"
    if not (point.offset_x or point.offset_y or point.share_x or point.share_y):
        return text
    distances = (_distance(point.offset_x, point.share_x, point.x), _distance(point.offset_y, point.share_y, point.y))
    return f"{text}:{','.join(distances)}"


def _distance(offset: int, share: float, edge: float) -> str:
    sign = -1 if edge == 1 else 1
    if share:
        return f"pct:{number(float(sign * exact_fraction(share) * 100))}"
    return number(sign * offset)


def crop_text(crop: Crop | CropWindow | CropInsets) -> str:
    unit = "" if crop.unit is CropUnit.PIXELS else f"{crop.unit.value}:"
    match crop:
        case Crop():
            return unit + listed(crop.left, crop.top, crop.width, crop.height)
        case CropInsets():
            return f"edges:{unit}{listed(crop.top, crop.right, crop.bottom, crop.left)}"
        case CropWindow():
            return f"window:{unit}{listed(crop.width, crop.height)}"


def canvas_text(canvas: Canvas) -> str:
    if canvas.aspect is not None:
        return aspect_text(canvas.aspect)
    return _unit(canvas.unit) + listed(canvas.width, canvas.height)


def padding_text(extend: Extend) -> str:
    margins = (extend.top, extend.right, extend.bottom, extend.left)
    if extend.unit is LengthUnit.PIXELS:
        return listed(*margins)
    return "pct:" + listed(*(margin / 100 for margin in margins))


def length_text(length: int, unit: LengthUnit) -> str:
    """Return pixels, or hundredths of a percent."""
    return number(length) if unit is LengthUnit.PIXELS else f"pct:{number(length / 100)}"


def _unit(unit: LengthUnit) -> str:
    return "" if unit is LengthUnit.PIXELS else "pct:"


def share_text(share: float) -> str:
    return f"pct:{number(float(exact_fraction(share) * 100))}"


def overlay_length(length: Length) -> str:
    return f"{'pct:' if length.percent else ''}{number(length.value)}"


def curve_text(curve: Curve) -> str:
    return ",".join(f"{x},{y}" for x, y in curve)


def ramp_text(ramp: GradientRamp, *middle: str) -> str:
    """Return a direction, what stands behind it, and the part of the way."""
    return ",".join((number(ramp.angle), *middle, number(ramp.start), number(ramp.stop)))


def regions_text(redaction: RegionBlur | RegionPixelation) -> str:
    strength = redaction.sigma if isinstance(redaction, RegionBlur) else redaction.block_size
    regions = (
        f"{'pct:' if one.percent else ''}{listed(one.left, one.top, one.width, one.height)}"
        for one in redaction.regions
    )
    return ";".join((number(strength), *regions))


def convolution_text(convolution: Convolution) -> str:
    """Return whole weights and the divisor, where they have one; sums of thirds are no decimals."""
    fractions = [Fraction(weight).limit_denominator(_MAX_DIVISOR) for weight in convolution.weights]
    divisor = lcm(*(fraction.denominator for fraction in fractions))
    if divisor > _MAX_DIVISOR:
        fractions, divisor = [exact_fraction(weight) for weight in convolution.weights], 1
    weights = ",".join(number(float(fraction * divisor)) for fraction in fractions)
    return f"{weights};{divisor};{number(convolution.offset)}"


def radius_text(radii: CornerRadii) -> str:
    corners = listed(radii.top_left, radii.top_right, radii.bottom_right, radii.bottom_left)
    return f"pct:{corners}" if radii.percent else corners


def mask_text(mask: Mask) -> str:
    match mask:
        case Ellipse(circle):
            return "circle" if circle else "ellipse"
        case Polygon(corners):
            return f"polygon:{corners}"
        case Star():
            return "star"
        case ImageMask(source, channel):
            return f"{channel.value}:{source_text(source)}"
