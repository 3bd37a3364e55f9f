"""Parameters for the size of the result, and for which part of the image it shows."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from msgspec.structs import replace

from pixmill.dialects.native.grammars.canvas import CanvasGrammar, CanvasGravityGrammar, PaddingGrammar
from pixmill.dialects.native.grammars.gravity import GravityGrammar
from pixmill.dialects.native.grammars.measurements import AspectRatioGrammar, AutoSide, FactorGrammar, SideGrammar
from pixmill.dialects.native.grammars.scalars import FLAGS, AutoDecimal, Choice, Decimal, Integer
from pixmill.dialects.native.param import MAX_SIDE, Group, Param
from pixmill.dialects.native.param_values import ParamValues
from pixmill.errors import ConflictingParameters
from pixmill.plan.gravity import Gravity, Point
from pixmill.plan.lengths import RoundingMode, round_length, round_position
from pixmill.plan.ops import Canvas, Clamp, Fit, Kernel, ResampleSpace, Resize
from pixmill.plan.size_rules import Dpr, DprRule, SkipSmaller
from pixmill.plan.transforms import Extend, Fill, LengthUnit

_ENLARGE: Final[dict[str, bool | Literal["error", "never"]]] = {**FLAGS, "error": "error", "never": "never"}

_LIGHT: Final = {
    "auto": ResampleSpace.AUTO,
    "linear": ResampleSpace.LINEAR,
    "gamma": ResampleSpace.SRGB,
    "srgb": ResampleSpace.SRGB,
}

PARAMS = (
    Param(
        "width",
        Group.SIZE,
        AutoSide(SideGrammar(MAX_SIDE)),
        "Width of the box: pixels, or percent of the width of the image, or of its region cut out by `crop`. Default: "
        "follows from `height` and the aspect ratio. `auto`: the width at which the client shows the image, by client "
        "hints; without hints as by default.",
        ("800", "pct:50", "auto"),
        aliases=("w",),
        unit="px",
    ),
    Param(
        "height",
        Group.SIZE,
        SideGrammar(MAX_SIDE),
        "Height of the box, like `width`. Default: follows from `width` and the aspect ratio.",
        ("600", "pct:100"),
        aliases=("h",),
        unit="px",
    ),
    Param(
        "aspect",
        Group.SIZE,
        AspectRatioGrammar(),
        "Aspect ratio of the box. With one side it sets the other. Without sides the box is the largest in the image "
        "(with `fit=contain` the smallest around it). The image is cropped to it as with `fit=cover`, unless `fit` is "
        "`contain` or `fill`.",
        ("16:9", "1.5"),
        aliases=("ar",),
    ),
    Param(
        "fit",
        Group.SIZE,
        Choice({fit.value: fit for fit in Fit}),
        "How the image is fitted to `width` × `height`. `cover`: fill and crop. `contain`: fit and pad. `fill`: "
        "stretch. `inside`: fit, no padding. `outside`: cover without cropping. `auto`: `cover` if box and image are "
        "both landscape (or square) or both portrait, else `inside`.",
        ("cover",),
        default=Fit.INSIDE.value,
    ),
    Param(
        "gravity",
        Group.SIZE,
        GravityGrammar(),
        "Crop anchor for `fit=cover` and `aspect`: a compass direction, a focal point (`fp`), a share of the space "
        "that the box leaves (`pos`, as in CSS `background-position`), weighted focal regions (`fr`), points or "
        "regions in pixels of the original (`px`), `auto` (the subject: faces, if `pixmill[faces]` is installed, then "
        "what is sharp and stands out), `smart` (most salient region, libvips attention), `smart:entropy` (highest "
        "entropy) or `face` (needs `pixmill[faces]`; without a face as `auto`). With `fit=contain`, the position of "
        "the image: a direction or a point. Offsets in percent count in the sides of the scaled image, or "
        "of the box. `,zoom:2` shows half as much of the image along each side, in a result of the same size, "
        "`,close:1` as little as holds the regions or faces (`,close:0.5` half the way); without `enlarge` only as far "
        "as the image has pixels.",
        (
            "north",
            "ne:10,20",
            "ne:pct:5,0",
            "auto",
            "smart",
            "px:600,400",
            "fp:0.3,0.75",
            "fp:0.3,0.75,zoom:2",
            "face,close:1,zoom:0.8",
            "fr:0.1,0.2,0.3,0.4",
            "fr:0,0,0.2,0.2,3;0.7,0.5,0.1,0.1,1",
        ),
        default="center",
    ),
    Param(
        "zoom",
        Group.SIZE,
        FactorGrammar(Fraction(1, 100), Fraction(20)),
        "Scale factor for the box or, without a box, for the image: `scale=0.5` and `scale=pct:50` halve it.",
        ("0.5", "1.5", "pct:50"),
        default="1",
        aliases=("scale",),
    ),
    Param(
        "dpr",
        Group.SIZE,
        AutoDecimal(Decimal(Fraction(1, 10), Fraction(8))),
        "Device pixel ratio (`auto`: that of the client, by client hints): multiplies `width`, `height`, `min_*`, "
        "`max_width`, `max_height`, `canvas`, `padding` and "
        f"the pixel offsets of `gravity`. It is reduced if a side would exceed {MAX_SIDE:,} px.",
        ("2", "1.5", "auto"),
        default="1",
    ),
    Param(
        "dpr_rule",
        Group.SIZE,
        Choice({rule.value: rule for rule in DprRule}),
        "What becomes of `dpr` if the image is too small for it. `full`: it multiplies all lengths in any case. "
        "`capped`: it is reduced as far as the image would have to be enlarged (imgproxy). `stepped`: it is lowered in "
        "steps of 0.1, above 3 of 0.5, until the box lies in the image (Photon). `dropped`: it is ignored if the "
        "result would exceed `dpr_max_side` (ImageKit).",
        ("capped",),
        default=DprRule.FULL.value,
        is_advanced=True,
    ),
    Param(
        "dpr_max_side",
        Group.SIZE,
        Integer(1, MAX_SIDE),
        "With `dpr_rule=dropped`: the longest side of a result that `dpr` may multiply.",
        ("5000",),
        default=str(MAX_SIDE),
        unit="px",
        is_advanced=True,
    ),
    Param(
        "enlarge",
        Group.SIZE,
        Choice(_ENLARGE),
        "Allows upscaling of images that are smaller than the box. `error`: a request that would need it, also "
        "of a drawing, fails with 400. `never`: drawings (SVG, PDF), which are enlarged otherwise, are kept within "
        "their own size too.",
        ("true", "error", "never"),
        default="false",
        aliases=("upscale",),
    ),
    Param(
        "shrink",
        Group.SIZE,
        Choice(FLAGS),
        "Allows downscaling of images that are larger than the box. `shrink=false&enlarge=true` only enlarges; "
        "`fit=contain&shrink=false` pads small images and leaves larger ones as they are.",
        ("false",),
        default="true",
    ),
    Param(
        "clamp",
        Group.SIZE,
        Choice({clamp.value: clamp for clamp in Clamp}),
        "What becomes of the box if the image may not be scaled to it. `shape`: with `fit=cover` and `fit=fill` both "
        "sides are reduced alike, keeping the shape. `sides`: each side is limited to that of the image, also with "
        "`fit=contain`: 300 × 50 from an image of 200 × 100 is 200 × 50. With `shrink=false` the box grows in the same "
        "way. `box`: the box itself is shrunk into the image, keeping its shape, before any fit: 2000 × 500 around an "
        "image of 1200 × 800 becomes 1200 × 300, and with `fit=inside` the result is 450 × 300. "
        "`original`: the same by the sides of the original before `rotate` and `crop`; the image is then enlarged to "
        "the box.",
        ("sides",),
        default=Clamp.SHAPE.value,
        is_advanced=True,
    ),
    Param(
        "skip_smaller",
        Group.SIZE,
        Choice({rule.value: rule for rule in SkipSmaller}),
        "Images that are left as they are, without a crop or padding: `both`, those that exceed the box with neither "
        "side; `below`, those with both sides below those of the box; `either`, those with one.",
        ("both",),
        default=SkipSmaller.NEVER.value,
        is_advanced=True,
    ),
    Param(
        "max_enlarged_side",
        Group.SIZE,
        Integer(1, MAX_SIDE),
        "The longest side to which an image is enlarged: if a side would become longer than this and than that of the "
        "image, the image is left as it is.",
        ("2000",),
        unit="px",
        is_advanced=True,
    ),
    Param(
        "min_fitted_side",
        Group.SIZE,
        Integer(1, MAX_SIDE),
        "The shortest side of a result: if a side would become shorter, the image is left as it is.",
        ("3",),
        unit="px",
        is_advanced=True,
    ),
    Param(
        "min_width",
        Group.SIZE,
        Integer(1, MAX_SIDE),
        "Minimum width of the result: upscales it, keeping the aspect ratio, even if `enlarge` is false.",
        ("300",),
        aliases=("mw",),
        unit="px",
        is_advanced=True,
    ),
    Param(
        "min_height",
        Group.SIZE,
        Integer(1, MAX_SIDE),
        "Minimum height of the result, like `min_width`.",
        ("300",),
        aliases=("mh",),
        unit="px",
        is_advanced=True,
    ),
    Param(
        "max_width",
        Group.SIZE,
        Integer(1, MAX_SIDE),
        "Maximum width of the result, after `fit`, `aspect` and `zoom`: downscales it, keeping the aspect ratio. A "
        "minimum size takes precedence.",
        ("1200",),
        unit="px",
        is_advanced=True,
    ),
    Param(
        "max_height",
        Group.SIZE,
        Integer(1, MAX_SIDE),
        "Maximum height of the result, like `max_width`.",
        ("1200",),
        unit="px",
        is_advanced=True,
    ),
    Param(
        "max_area",
        Group.SIZE,
        Integer(1, MAX_SIDE**2),
        "Maximum number of pixels of the result, like `max_width`, but independent of `dpr`.",
        ("50000",),
        is_advanced=True,
    ),
    Param(
        "exceeding",
        Group.SIZE,
        Choice({"shrink": False, "error": True}),
        "What becomes of a result that would exceed `max_width`, `max_height` or `max_area`: it is downscaled, or the "
        "request fails with 400.",
        ("error",),
        default="shrink",
        is_advanced=True,
    ),
    Param(
        "max_side",
        Group.SIZE,
        Integer(1, MAX_SIDE),
        "Longest side of the result with its canvas and padding, all of which shrink alike. Independent of `dpr`.",
        ("2000",),
        unit="px",
        is_advanced=True,
    ),
    Param(
        "adaptive",
        Group.SIZE,
        Choice(FLAGS),
        "Swaps the width and height of the box to match the orientation of the image (portrait or landscape).",
        ("true",),
        default="false",
        is_advanced=True,
    ),
    Param(
        "kernel",
        Group.SIZE,
        Choice({kernel.value: kernel for kernel in Kernel}),
        "Resampling kernel. `lanczos3` is the sharpest and the fastest here; `nearest` keeps the blocks of pixel art. "
        "When upscaling, `lanczos2` and `mitchell` work like `cubic`.",
        ("nearest",),
        default=Kernel.LANCZOS3.value,
        is_advanced=True,
    ),
    Param(
        "light",
        Group.SIZE,
        Choice(_LIGHT),
        "What resizing and rotations by any angle mix: light (`linear`), which keeps the brightness of fine detail, or "
        "sRGB values (`gamma` or `srgb`), as most other services and browsers do, which darkens it but keeps thin dark "
        "lines on white. `auto`: sRGB values for screenshots, text and drawings, light for everything else.",
        ("gamma",),
        default=ResampleSpace.AUTO.value,
        aliases=("resample_space",),
        is_advanced=True,
    ),
    Param(
        "rounding",
        Group.SIZE,
        Choice({rounding.value: rounding for rounding in RoundingMode}),
        "Rounding of computed sides, and of the canvas of a rotation by any angle. Default: sides "
        "half up, the canvas of a rotation up. `half_up` and `half_even` differ at exact halves; `truncate` drops the "
        "fraction. The others repeat the arithmetic of other services in double precision: `reciprocal_half_up` of "
        "imgproxy and `reciprocal_half_even` of sharp (a height of 900 at a width of 333 of 600 px is 499, not 499.5), "
        "`double_truncate` of Wagtail. `completed_box` of thumbor computes the free side half to even and fits into "
        "that box.",
        ("half_even",),
        is_advanced=True,
    ),
    Param(
        "canvas",
        Group.SIZE,
        CanvasGrammar(),
        "Canvas around the fitted image, independent of `width` and `height`: its sides in pixels (times `dpr`) or in "
        "percent of the image, where 0 is the side of the image, or an aspect ratio that it is extended to. A canvas "
        "that is smaller than the image grows, unless `canvas_cut` is set. Instead of `fit=contain`.",
        ("900,600", "0,600", "pct:120,100", "1:1"),
        is_advanced=True,
    ),
    Param(
        "canvas_cut",
        Group.SIZE,
        Choice(FLAGS),
        "Cuts the image where `canvas` is smaller, without scaling it, before a rotation by any angle; an aspect ratio "
        "becomes the largest in the image.",
        ("true",),
        default="false",
        is_advanced=True,
    ),
    Param(
        "canvas_gravity",
        Group.SIZE,
        CanvasGravityGrammar(),
        "Position of the image on the `canvas`, and of what `canvas_cut` leaves of it.",
        ("north", "se:10,20"),
        default="center",
        is_advanced=True,
    ),
    Param(
        "padding",
        Group.SIZE,
        PaddingGrammar(),
        "Pixels added around the result, outside of the box: all sides; top and bottom, left and right; or top, right, "
        "bottom, left. In percent after `pct:`: of the height for top and bottom, of the width for left and right.",
        ("10", "10,20", "10,20,30,40", "pct:5,2.5"),
        default="0",
        unit="px",
    ),
    Param(
        "padding_inside",
        Group.SIZE,
        Choice(FLAGS),
        "Takes `padding` in pixels off the box, so that `width` and `height` are those of the result.",
        ("true",),
        default="false",
        is_advanced=True,
    ),
    Param(
        "extend",
        Group.SIZE,
        Choice({fill.value: fill for fill in Fill} | {"colour": Fill.COLOUR}),
        "Fill of `padding`, `canvas` and the padding of `fit=contain`: `background` (`color`), a blurred copy of the "
        "image (`blur`), edge pixels repeated (`edge`), the image mirrored (`mirror`), or its average colour "
        "(`average`).",
        ("blur",),
        default=Fill.COLOUR.value,
    ),
)

NAMES: Final = frozenset(param.name for param in PARAMS) - {
    "padding",
    "extend",
    "canvas",
    "canvas_cut",
    "canvas_gravity",
    "light",
}
"""The parameters of ``resize_of``."""

_LIMITS: Final = frozenset(("min_width", "min_height", "max_width", "max_height", "max_area", "exceeding"))
_RULES: Final = frozenset(("enlarge", "skip_smaller", "max_enlarged_side", "min_fitted_side", "dpr_rule", "max_side"))
_RESAMPLING: Final = frozenset(("kernel", "rounding"))
_FITTING: Final = frozenset(("fit", "aspect", "gravity", "adaptive", "clamp"))

_Side = Fraction | int


@dataclass(frozen=True, slots=True)
class _Scales:
    """The factor of the sides of the box, and the factor of other lengths in CSS pixels."""

    box: Fraction
    dpr: Fraction


_ONE: Final = Fraction(1)
_UNSCALED: Final = _Scales(_ONE, _ONE)


def resize_of(values: ParamValues) -> Resize:
    """Compile the box and the limits."""
    width, height = _box_sides(values)
    scales = _scales(values, width, height)
    resize = _box(values, width, height, scales)
    if values.get("padding_inside") and "padding" in values:
        resize = _without_padding(values, resize)
    if not _LIMITS.isdisjoint(values):
        resize = replace(
            resize,
            min_width=_scaled_limit(values.get("min_width"), scales.dpr),
            min_height=_scaled_limit(values.get("min_height"), scales.dpr),
            max_width=_scaled_limit(values.get("max_width"), scales.dpr),
            max_height=_scaled_limit(values.get("max_height"), scales.dpr),
            max_area=values.get("max_area", 0),
            refuse_exceeding=values.get("exceeding", False),
        )
    if not _RULES.isdisjoint(values):
        resize = _with_rules(values, resize)
    if _RESAMPLING.isdisjoint(values):
        return resize
    return replace(
        resize, kernel=values.get("kernel", Kernel.LANCZOS3), rounding=values.get("rounding", RoundingMode.HALF_UP)
    )


def extend_of(values: ParamValues) -> Extend:
    """Compile the padding and the fill."""
    (top, right, bottom, left), unit = _margins(values)
    return Extend(values.get("extend", Fill.COLOUR), top, right, bottom, left, unit)


def canvas_of(values: ParamValues) -> Canvas:
    """Compile the canvas, which is given. Raises ConflictingParameters."""
    canvas = values["canvas"]
    if values.get("fit") is Fit.CONTAIN and _has_shape(values):
        raise ConflictingParameters("canvas replaces the padding of fit=contain: use only one", param="canvas")
    sides = canvas.width, canvas.height
    dpr = _scales(values, *_box_sides(values)).dpr
    if dpr is not _ONE and canvas.unit is LengthUnit.PIXELS:
        canvas = replace(canvas, width=_scaled_limit(int(sides[0]), dpr), height=_scaled_limit(int(sides[1]), dpr))
    gravity = values.get("canvas_gravity", Point())
    return replace(canvas, gravity=_scaled_point(gravity, dpr), cut=values.get("canvas_cut", False))


def _has_shape(values: ParamValues) -> bool:
    """Return whether the box has two sides or an aspect ratio."""
    return "aspect" in values or ("width" in values and "height" in values)


def _margins(values: ParamValues) -> tuple[tuple[int, int, int, int], LengthUnit]:
    """Return the padding at the top, right, bottom and left, multiplied by ``dpr`` where that is known."""
    if "padding" not in values:
        return (0, 0, 0, 0), LengthUnit.PIXELS
    padding = values["padding"]
    dpr = _scales(values, *_box_sides(values)).dpr
    if dpr is _ONE or padding.unit is LengthUnit.PERCENT:
        return padding.margins, padding.unit
    top, right, bottom, left = (min(round_position(margin * dpr), MAX_SIDE) for margin in padding.margins)
    return (top, right, bottom, left), padding.unit


def _without_padding(values: ParamValues, resize: Resize) -> Resize:
    """Take the padding off the sides of the box."""
    (top, right, bottom, left), unit = _margins(values)
    if unit is LengthUnit.PERCENT:
        raise ConflictingParameters("padding_inside needs padding in pixels", param="padding_inside")
    if resize.width_share or resize.height_share:
        raise ConflictingParameters("padding_inside needs width and height in pixels", param="padding_inside")
    width = resize.width and resize.width - left - right
    height = resize.height and resize.height - top - bottom
    if width < 0 or height < 0 or (resize.width and not width) or (resize.height and not height):
        raise ConflictingParameters("The padding leaves nothing of the box", param="padding_inside")
    return replace(resize, width=width, height=height)


def _box_sides(values: ParamValues) -> tuple[_Side, _Side]:
    """Return the sides of the box in CSS pixels; 0 for one that is free or relative."""
    width, height = _pixels(values.get("width", 0)), _pixels(values.get("height", 0))
    if "aspect" in values and not _is_relative(values):
        ratio = Fraction(values["aspect"].width, values["aspect"].height)
        width, height = width or height * ratio, height or width / ratio
    return width, height


def _pixels(side: _Side) -> _Side:
    return side if isinstance(side, int) else 0


def _share(side: _Side, scale: Fraction) -> float:
    return float(side * scale) if isinstance(side, Fraction) else 0.0


def _is_relative(values: ParamValues) -> bool:
    """Return whether a side of the box is given as a share of the image."""
    return isinstance(values.get("width"), Fraction) or isinstance(values.get("height"), Fraction)


def _scales(values: ParamValues, width: _Side, height: _Side) -> _Scales:
    """Limit both factors so that no side exceeds ``MAX_SIDE`` and the box keeps its shape."""
    if "dpr" not in values and "zoom" not in values and "aspect" not in values:
        return _UNSCALED  # most requests; fractions are slow
    dpr = _ONE if _depends_on_image(values) else values.get("dpr", _ONE)
    zoom = values.get("zoom", _ONE)
    if not width and not height:
        return _Scales(dpr * zoom if _is_relative(values) else zoom, dpr)
    box = min(dpr * zoom, MAX_SIDE / Fraction(max(width, height)))
    return _Scales(box, min(dpr, box / zoom))


def _depends_on_image(values: ParamValues) -> bool:
    """Return whether ``dpr`` can be applied only to an image whose size is known."""
    return values.get("dpr_rule", DprRule.FULL) is not DprRule.FULL


def _with_rules(values: ParamValues, resize: Resize) -> Resize:
    """Add the rules that depend on the size of the image."""
    return replace(
        resize,
        refuse_enlarging=values.get("enlarge") == "error",
        enlarge_drawings=values.get("enlarge") not in ("never", "error"),
        skip_smaller=values.get("skip_smaller", SkipSmaller.NEVER),
        max_enlarged_side=values.get("max_enlarged_side", 0),
        min_fitted_side=values.get("min_fitted_side", 0),
        dpr=_conditional_dpr(values),
        max_side=values.get("max_side", 0),
    )


def _conditional_dpr(values: ParamValues) -> Dpr | None:
    rule = values.get("dpr_rule", DprRule.FULL)
    if rule is DprRule.FULL:
        return None
    return Dpr(float(values.get("dpr", _ONE)), rule, values.get("dpr_max_side", MAX_SIDE))


def _box(values: ParamValues, width: _Side, height: _Side, scales: _Scales) -> Resize:
    """Compile the box: sides in device pixels, or shares of the image, or what an aspect ratio and a zoom say of it."""
    can_enlarge, can_shrink = values.get("enlarge") is True, values.get("shrink", True)
    if _is_relative(values):
        resize = _relative_box(values, width, height, scales)
    elif width or height:
        rounding = values.get("rounding", RoundingMode.HALF_UP)
        resize = Resize(
            _scaled_side(width, scales.box, rounding),
            _scaled_side(height, scales.box, rounding),
            enlarge=can_enlarge,
            shrink=can_shrink,
        )
    else:
        zoom = scales.box if can_shrink else max(scales.box, _ONE)
        resize = Resize(zoom=float(zoom), aspect=values.get("aspect"), enlarge=can_enlarge, shrink=can_shrink)
    if _FITTING.isdisjoint(values):
        return resize
    return replace(
        resize,
        fit=_fit(values),
        clamp=values.get("clamp", Clamp.SHAPE),
        gravity=_gravity(values.get("gravity", Point()), scales.dpr),
        adaptive=values.get("adaptive", False),
    )


def _relative_box(values: ParamValues, width: _Side, height: _Side, scales: _Scales) -> Resize:
    """Compile a box of which a side is a share of the image, so that its shape is not known."""
    rounding = values.get("rounding", RoundingMode.HALF_UP)
    return Resize(
        _scaled_side(width, scales.box, rounding),
        _scaled_side(height, scales.box, rounding),
        enlarge=values.get("enlarge") is True,
        shrink=values.get("shrink", True),
        aspect=values.get("aspect"),
        width_share=_share(values.get("width", 0), scales.box),
        height_share=_share(values.get("height", 0), scales.box),
    )


def _fit(values: ParamValues) -> Fit:
    """Crop to an aspect ratio, as ``cover`` does, unless the image is to be padded or stretched to it."""
    fit = values.get("fit", Fit.INSIDE)
    crops_to_aspect = "aspect" in values and not ("width" in values and "height" in values)
    return Fit.COVER if crops_to_aspect and fit in (Fit.INSIDE, Fit.OUTSIDE) else fit


def _gravity(gravity: Gravity, dpr: Fraction) -> Gravity:
    return _scaled_point(gravity, dpr) if isinstance(gravity, Point) else gravity


def _scaled_point(point: Point, dpr: Fraction) -> Point:
    if not point.offset_x and not point.offset_y:
        return point
    return replace(point, offset_x=_scaled_offset(point.offset_x, dpr), offset_y=_scaled_offset(point.offset_y, dpr))


def _scaled_offset(pixels: int, dpr: Fraction) -> int:
    """Round both directions alike, and limit the offset to the longest side."""
    length = min(round_position(abs(pixels) * dpr), MAX_SIDE)
    return length if pixels >= 0 else -length


def _scaled_side(side: _Side, scale: Fraction, rounding: RoundingMode) -> int:
    if isinstance(side, int) and (scale is _ONE or not side):
        return side
    return round_length(side * scale, rounding)


def _scaled_limit(side: int | None, dpr: Fraction) -> int:
    return min(round_length(side * dpr), MAX_SIDE) if side else 0
