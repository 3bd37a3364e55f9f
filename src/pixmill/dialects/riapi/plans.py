"""Makes plans of the commands of RIAPI. Must never know how one is spelled.

Order of work: turn and mirror before all else, border, region, size, corners, colours, canvas, margins, watermarks,
turn and mirror after all else.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from msgspec.structs import replace

from pixmill.dialects.kit.effects import blur_sigma, contrast_of_slope
from pixmill.dialects.kit.resampling import resampled
from pixmill.dialects.kit.stages import StageSequence
from pixmill.dialects.riapi.options import Values
from pixmill.dialects.riapi.values import AUTO, KEEP, MAX_SIDE
from pixmill.media import Format
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.effects import UnsharpMask
from pixmill.plan.gravity import Point
from pixmill.plan.lengths import round_length
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import (
    Aspect,
    Canvas,
    Clamp,
    CropInsets,
    CropOverflow,
    CropUnit,
    CropWindow,
    Fit,
    Flip,
    ImageOverlay,
    Input,
    Kernel,
    Output,
    Plan,
    Resize,
)
from pixmill.plan.output import Encoding, Metadata, RenderMode
from pixmill.plan.shapes import CornerRadii, Shape
from pixmill.plan.size_rules import SkipSmaller
from pixmill.plan.transforms import Extend, LengthUnit, Trim

_WRITABLE: Final = (Format.JPEG, Format.PNG, Format.GIF, Format.WEBP, Format.AVIF, Format.JXL)
_BLACK: Final = Colour(0, 0, 0)
_NO_MARGINS: Final = (0, 0, 0, 0)
_FLIPS: Final = {
    (False, False): Flip.NONE,
    (True, False): Flip.HORIZONTAL,
    (False, True): Flip.VERTICAL,
    (True, True): Flip.BOTH,
}
_SEPIA: Final = ((0.393, 0.769, 0.189), (0.349, 0.686, 0.168), (0.272, 0.534, 0.131))
_SATURATION_WEIGHTS: Final = (0.3086, 0.6094, 0.0820)
_SHARPEN_SIGMA: Final = 0.7
_MAX_AMOUNT: Final = 3.0
_LOSSLESS: Final = 100
_MAX_SIGMA: Final = 10.0

Rows = Sequence[Sequence[float]]
"""Three rows of weights of red, green and blue."""


def plan_of(values: Values, overlays: Sequence[ImageOverlay], default_quality: int, mode: RenderMode) -> Plan:
    """Return the plan of an image."""
    stages = StageSequence("rotate")
    _add_turns(stages, values.srotate, values.sflip)
    if values.threshold is not None:
        padding = int(values.percentpadding * 100)
        stages.put(("trim",), Trim(values.threshold, padding=padding, padding_unit=LengthUnit.PERCENT))
    if crop := _region(values):
        stages.put(("crop",), crop)
    _add_size(stages, values)
    _add_looks(stages, values)
    if values.bgcolor is not None and values.bgcolor != TRANSPARENT:
        stages.put(("flatten",), values.bgcolor)
    _add_canvas(stages, values)
    for overlay in overlays:
        stages.add_overlay(overlay)
    _add_turns(stages, values.rotate, values.flip)
    source = Input(
        animated=values.frame is None,
        page=(values.frame or 0) + 1,
        orientation=0 if values.autorotate else 1,
    )
    plan = replace(stages.plan(), input=source, output=_output(values, default_quality, mode))
    return resampled(normal_form(plan), values.colorspace)


def _add_turns(stages: StageSequence, angle: int, flip: tuple[bool, bool]) -> None:
    if angle:
        stages.put(("rotate",), angle)
    if any(flip):
        stages.put(("flip",), _FLIPS[flip])


def _region(values: Values) -> CropInsets | None:
    """Return the region as distances from the edges; one that leaves nothing has no effect."""
    units = (values.cropxunits, values.cropyunits)
    numbers = values.crop
    if values.percent:
        numbers, units = values.percent, (Fraction(100), Fraction(100))
    if not numbers:
        return None
    left, top, right, bottom = (
        number * 100 / units[at % 2] if units[at % 2] else number for at, number in enumerate(numbers)
    )
    unit = CropUnit.of_axes(is_percent_x=units[0] > 0, is_percent_y=units[1] > 0)
    return CropInsets(
        _start(left), _start(top), _end(right), _end(bottom), unit=unit, overflow=CropOverflow.IGNORE
    )  # fmt: skip


def _start(value: Fraction) -> float:
    """Return an inset: below 0 it counts from the far edge, as in the plan."""
    return float(max(min(value, Fraction(MAX_SIDE)), Fraction(-MAX_SIDE)))


def _end(value: Fraction) -> float:
    """Return an inset from the far edge: a position from the near edge is below 0 there."""
    return -_start(value)


def _box(values: Values) -> tuple[int, int, bool]:
    """Return the sides in device pixels, 0 for a free one, and whether they are maximums only."""
    width, height = values.width, values.height
    if values.maxwidth:
        width = min(values.maxwidth, width) if width else values.maxwidth
    if values.maxheight:
        height = min(values.maxheight, height) if height else values.maxheight
    is_maximum = bool(width and height) and not (values.width and values.height)
    sides = [min(round_length(side * values.zoom), MAX_SIDE) if side else 0 for side in (width, height)]
    return sides[0], sides[1], is_maximum


def _add_size(stages: StageSequence, values: Values) -> None:
    width, height, is_maximum = _box(values)
    kernel = values.down_filter or values.up_filter or Kernel.LANCZOS3
    enlarge, shrink = values.scale in {"both", "up"}, values.scale != "up"
    if not width and not height:
        if values.zoom != 1:
            stages.put(("resize",), Resize(zoom=float(values.zoom), enlarge=enlarge, shrink=shrink, kernel=kernel))
        return
    mode = "max" if is_maximum or not (width and height) else values.mode or "pad"
    gravity = values.anchor or Point()
    if mode == "aspectcrop":
        ratio = Fraction(width, height)
        window = CropWindow(gravity=values.gravity or gravity, aspect=Aspect(ratio.numerator, ratio.denominator))
        stages.put(("crop",), window)
        return
    resize = Resize(width, height, enlarge=enlarge, shrink=shrink, kernel=kernel, gravity=gravity)
    skip = SkipSmaller.BOTH if values.scale == "down" else SkipSmaller.NEVER
    if mode == "crop":
        clamp = Clamp.SHAPE if values.scale == "both" else Clamp.SIDES
        resize = replace(resize, fit=Fit.COVER, clamp=clamp, gravity=values.gravity or gravity)
    elif mode == "stretch":
        skip = SkipSmaller.NEVER if enlarge else SkipSmaller.BOTH
        resize = replace(resize, fit=Fit.FILL, enlarge=True, clamp=Clamp.SIDES, skip_smaller=skip)
    elif mode == "pad":
        resize = replace(resize, fit=Fit.CONTAIN, skip_smaller=skip)
    stages.put(("resize",), resize)
    if values.scale == "canvas" and mode in {"crop", "stretch"}:
        stages.put(("canvas",), Canvas(width, height, gravity=gravity))
    stages.change(("background",), values.bgcolor or TRANSPARENT)


def _add_looks(stages: StageSequence, values: Values) -> None:
    """Add colours, effects, corners and opacity, in the order of a stage."""
    _add_colours(stages, values)
    if sigma := blur_sigma(float(values.blur) / 2):
        stages.blur(sigma)
    if values.removenoise:
        stages.put(("effects", "median"), 1)
    if sharpen := _sharpening(values):
        stages.put(("effects", "sharpen"), sharpen)
    if any(values.roundcorners):
        top_left, top_right, bottom_right, bottom_left = (share / 2 for share in values.roundcorners)
        radii = CornerRadii(top_left, top_right, bottom_right, bottom_left, percent=True)
        stages.put(("shape",), Shape(corner_radii=radii))
    if values.alpha < 1:
        stages.put(("opacity",), float(max(values.alpha, Fraction(0)) * 100))


def _add_colours(stages: StageSequence, values: Values) -> None:
    if values.balancewhite:
        stages.put(("adjust", "tone", "normalise"), True)
    if values.brightness:
        stages.put(("adjust", "tone", "brightness"), float(values.brightness * 100))
    if values.contrast:
        stages.put(("adjust", "tone", "contrast"), contrast_of_slope(float(1 + values.contrast)))
    if values.invert:
        stages.put(("adjust", "tone", "invert"), True)
    if weights := _colour_matrix(values):
        stages.put(("adjust", "colour", "matrix"), weights)


def _sharpening(values: Values) -> UnsharpMask | None:
    if values.sharpen:
        return UnsharpMask(_SHARPEN_SIGMA, max(float(values.sharpen) / 100 * _MAX_AMOUNT, 0.01))
    if values.unsharp:
        return UnsharpMask(min(max(float(values.unsharp) / 2, 0.3), _MAX_SIGMA), 1.0)
    return None


def _colour_matrix(values: Values) -> tuple[float, ...] | None:
    """Return the weights of saturation, then sepia, then grey; None if nothing changes."""
    steps: list[Rows] = []
    if values.saturation:
        factor = float(1 + values.saturation)
        greyer = [[weight * (1 - factor) for weight in _SATURATION_WEIGHTS] for _ in range(3)]
        for at in range(3):
            greyer[at][at] += factor
        steps.append(greyer)
    if values.sepia:
        steps.append(_SEPIA)
    if values.grayscale:
        steps.append((values.grayscale,) * 3)
    if not steps:
        return None
    product: Rows = steps[0]
    for rows in steps[1:]:
        product = _product(rows, product)
    return tuple(round(weight, 6) for row in product for weight in row)


def _product(rows: Rows, other: Rows) -> Rows:
    """Return the weights of both steps, the other one first."""
    return [[sum(weight * other[k][column] for k, weight in enumerate(row)) for column in range(3)] for row in rows]


def _add_canvas(stages: StageSequence, values: Values) -> None:
    """Add the spaces around the image, the inner ones first; each has a colour of its own."""
    behind = values.bgcolor or TRANSPARENT
    for margins, colour in (
        (values.paddingwidth, values.paddingcolor or behind),
        (values.borderwidth, values.bordercolor or _BLACK),
        (values.margin, behind),
    ):
        if margins == _NO_MARGINS:
            continue
        left, top, right, bottom = margins
        stages.begin()
        stages.put(("extend",), Extend(top=top, right=right, bottom=bottom, left=left))
        stages.change(("background",), colour)


def _output(values: Values, default_quality: int, mode: RenderMode) -> Output:
    form = values.format if isinstance(values.format, Format) else None
    accepted = (
        (Format.JXL, values.accept_jxl),
        (Format.AVIF, values.accept_avif),
        (Format.WEBP, values.accept_webp),
    )
    if values.format == AUTO:
        form = next((one for one, is_accepted in accepted if is_accepted), None)
    own = {
        Format.JPEG: values.jpeg_quality,
        Format.WEBP: values.webp_quality,
        Format.AVIF: values.avif_quality,
        Format.JXL: values.jxl_quality,
    }
    general = values.qp or values.quality
    chosen = own.get(form, 0) if form else max(own.values()) if not general else 0
    is_lossless = values.lossless or values.qp == _LOSSLESS
    is_lossless = is_lossless or (values.webp_lossless and form is Format.WEBP)
    encoding = Encoding(
        mode=mode,
        progressive=values.jpeg_progressive and form in (None, Format.JPEG),
        lossless=is_lossless or (values.jxl_lossless and form is Format.JXL),
        colours=256 if 0 < values.png_quality < _LOSSLESS and form is Format.PNG else 0,
        effort=9 if values.png_max_deflate and form is Format.PNG else None,
    )
    output = Output(quality=chosen or general or default_quality, encoding=encoding, metadata=Metadata.STRIP)
    if form is not None:
        return replace(output, formats=(form,))
    output = replace(output, source_format=True, original_formats=_WRITABLE)
    if values.format == KEEP:
        return output
    formats = tuple(one for one, is_accepted in accepted[1:] if is_accepted is not False)
    return replace(output, formats=formats, negotiated=True, ordered=True)
