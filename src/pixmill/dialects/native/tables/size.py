"""How large the result is, and which part of the picture it shows."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from msgspec.structs import replace

from pixmill.dialects.native.grammars.gravity import GravityGrammar
from pixmill.dialects.native.grammars.measurements import AspectRatioGrammar, FactorGrammar, MarginGrammar
from pixmill.dialects.native.grammars.scalars import FLAGS, Choice, Decimal, Integer
from pixmill.dialects.native.param import MAX_SIDE, Group, Param, ParamValues
from pixmill.plan.gravity import Gravity, Point
from pixmill.plan.lengths import round_length, round_position
from pixmill.plan.ops import Fit, Kernel, Resize
from pixmill.plan.transforms import Extend, Fill

PARAMS = (
    Param(
        "width",
        Group.SIZE,
        Integer(1, MAX_SIDE),
        "Width of the box in pixels; without it the width follows from the height.",
        ("800",),
        aliases=("w",),
    ),
    Param(
        "height",
        Group.SIZE,
        Integer(1, MAX_SIDE),
        "Height of the box in pixels; without it the height follows from the width.",
        ("600",),
        aliases=("h",),
    ),
    Param(
        "aspect",
        Group.SIZE,
        AspectRatioGrammar(),
        "Shape of the box: gives the side that is not asked for, or with neither the largest box in the picture (with "
        "fit=contain the smallest around it). The picture is then cut to it as by fit=cover, unless fit is contain or fill.",
        ("16:9", "1.5"),
    ),
    Param(
        "fit",
        Group.SIZE,
        Choice({fit.value: fit for fit in Fit}),
        "How the picture meets a box of two sides: cover fills it and cuts off what stands out, contain fits into it and "
        "extends it to the box, fill distorts, inside fits into it without more (the sides are maxima), outside covers it "
        "without cutting.",
        ("cover",),
        default=Fit.INSIDE.value,
    ),
    Param(
        "gravity",
        Group.SIZE,
        GravityGrammar(),
        "Which part stays when fit=cover or aspect cuts: that in a direction, at a focal point or in focal regions (as much of "
        "them as possible, counted by weight), what draws the eye (smart), what holds most detail (smart:entropy), or faces "
        "(with the extra pixmill[faces]; without a face as smart). With fit=contain where the picture lies: a direction or a point.",
        ("north", "ne:10,20", "smart", "fp:0.3,0.75", "fr:0.1,0.2,0.3,0.4", "fr:0,0,0.2,0.2,3;0.7,0.5,0.1,0.1,1"),
        default="center",
    ),
    Param(
        "zoom",
        Group.SIZE,
        FactorGrammar(Fraction(1, 100), Fraction(20)),
        "Multiplies the box, and where there is none the size of the picture: scale=0.5, or pct:50, is half of it.",
        ("0.5", "1.5", "pct:50"),
        default="1",
        aliases=("scale",),
    ),
    Param(
        "dpr",
        Group.SIZE,
        Decimal(Fraction(1, 10), Fraction(8)),
        f"Pixels of the screen per pixel of the page: multiplies width, height, least and most sizes, padding and the pixels of gravity, "
        f"rounded half up; it counts only as far as no side of the box grows beyond {MAX_SIDE}.",
        ("2", "1.5"),
        default="1",
    ),
    Param(
        "enlarge",
        Group.SIZE,
        Choice(FLAGS),
        "Whether a picture smaller than the box may be made larger.",
        ("true",),
        default="false",
    ),
    Param(
        "min_width",
        Group.SIZE,
        Integer(1, MAX_SIDE),
        "Least width of the result: scales it up, keeping its shape, also where enlarge is false.",
        ("300",),
        aliases=("mw",),
    ),
    Param(
        "min_height",
        Group.SIZE,
        Integer(1, MAX_SIDE),
        "Least height of the result, as min_width.",
        ("300",),
        aliases=("mh",),
    ),
    Param(
        "max_width",
        Group.SIZE,
        Integer(1, MAX_SIDE),
        "Greatest width of the result, whatever fit, aspect and zoom say: scales it down, keeping its shape. A least size goes before it.",
        ("1200",),
    ),
    Param(
        "max_height",
        Group.SIZE,
        Integer(1, MAX_SIDE),
        "Greatest height of the result, as max_width.",
        ("1200",),
    ),
    Param(
        "adaptive",
        Group.SIZE,
        Choice(FLAGS),
        "Whether the sides of the box are swapped where it is upright and the picture lies, or the other way round.",
        ("true",),
        default="false",
    ),
    Param(
        "kernel",
        Group.SIZE,
        Choice({kernel.value: kernel for kernel in Kernel}),
        "How pixels are weighted: lanczos3 is the sharpest and the fastest here, nearest keeps the blocks of pixel art. "
        "lanczos2 and mitchell enlarge as cubic does.",
        ("nearest",),
        default=Kernel.LANCZOS3.value,
    ),
    Param(
        "padding",
        Group.SIZE,
        MarginGrammar(),
        "Pixels added around the result, outside of the box: on all sides, or top and bottom then left and right, or top, right, "
        "bottom, left.",
        ("10", "10,20", "10,20,30,40"),
        default="0",
    ),
    Param(
        "extend",
        Group.SIZE,
        Choice({fill.value: fill for fill in Fill} | {"colour": Fill.COLOUR}),
        "What padding and the room around the picture of fit=contain show: the background (color), the picture blurred (blur), its "
        "outermost pixels drawn out (edge), or the picture mirrored (mirror).",
        ("blur",),
        default=Fill.COLOUR.value,
    ),
)


@dataclass(frozen=True, slots=True)
class _Scales:
    """By what the sides of the box are multiplied, and by what a pixel of the page."""

    box: Fraction
    dpr: Fraction


def resize_fields(values: ParamValues) -> dict[str, Any]:
    """The fields of a plan that these parameters make: only what has an effect."""
    width, height = _box_sides(values)
    dpr = _scales(values, width, height).dpr
    resize = Resize(
        **_box_fields(values, width, height),
        min_width=_scaled_limit(values.get("min_width"), dpr),
        min_height=_scaled_limit(values.get("min_height"), dpr),
        max_width=_scaled_limit(values.get("max_width"), dpr),
        max_height=_scaled_limit(values.get("max_height"), dpr),
    )
    if resize == Resize():
        return {"resize": resize}
    return {"resize": replace(resize, kernel=values.get("kernel", Kernel.LANCZOS3))}


def effective_dpr(values: ParamValues) -> Fraction:
    """``dpr``, as far as it counts."""
    return _scales(values, *_box_sides(values)).dpr


def _box_sides(values: ParamValues) -> tuple[Fraction, Fraction]:
    """The sides of the box on the page; 0 for one that is free."""
    width, height = Fraction(values.get("width", 0)), Fraction(values.get("height", 0))
    if "aspect" in values:
        ratio = Fraction(values["aspect"].width, values["aspect"].height)
        width, height = width or height * ratio, height or width / ratio
    return width, height


def _scales(values: ParamValues, width: Fraction, height: Fraction) -> _Scales:
    """Both sides grow alike, and only as far as the longest side allows, so that the box keeps its shape."""
    dpr, zoom = Fraction(values.get("dpr", 1)), Fraction(values.get("zoom", 1))
    if not width and not height:
        return _Scales(zoom, dpr)
    box = min(dpr * zoom, MAX_SIDE / max(width, height))
    return _Scales(box, min(dpr, box / zoom))


def _box_fields(values: ParamValues, width: Fraction, height: Fraction) -> dict[str, Any]:
    """A fit needs a box of two sides, a gravity something to cut or a canvas, a zoom no sides to be multiplied."""
    scales = _scales(values, width, height)
    if not width and not height and "aspect" not in values:
        return {"zoom": float(scales.box), "enlarge": scales.box > 1 and values.get("enlarge", False)}
    has_both_sides = (width and height) or "aspect" in values
    fit = _fit(values) if has_both_sides else Fit.INSIDE
    has_no_side = not width and not height
    return {
        "width": round_length(width * scales.box) if width else 0,
        "height": round_length(height * scales.box) if height else 0,
        "aspect": values["aspect"] if has_no_side else None,
        "zoom": float(scales.box) if has_no_side else 1.0,
        "fit": fit,
        "gravity": _gravity(values.get("gravity", Point()), fit, scales.dpr),
        "enlarge": values.get("enlarge", False) if not has_no_side or scales.box > 1 else False,
        "adaptive": values.get("adaptive", False)
        if has_both_sides and not _is_square(values, width, height)
        else False,
    }


def _fit(values: ParamValues) -> Fit:
    """A shape without both sides is a box that the picture is cut to, unless it is fitted or distorted to it."""
    fit: Fit = values.get("fit", Fit.INSIDE)
    crops_to_aspect = "aspect" in values and not ("width" in values and "height" in values)
    return Fit.COVER if crops_to_aspect and fit in (Fit.INSIDE, Fit.OUTSIDE) else fit


def _is_square(values: ParamValues, width: Fraction, height: Fraction) -> bool:
    return width == height if width else values["aspect"].width == values["aspect"].height


def _gravity(gravity: Gravity, fit: Fit, dpr: Fraction) -> Gravity:
    if isinstance(gravity, Point) and fit in (Fit.COVER, Fit.CONTAIN):
        return replace(
            gravity, offset_x=_scaled_shift(gravity.offset_x, dpr), offset_y=_scaled_shift(gravity.offset_y, dpr)
        )
    return gravity if fit is Fit.COVER else Point()


def _scaled_shift(pixels: int, dpr: Fraction) -> int:
    """Rounded alike to both sides, and no longer than any side."""
    length = min(round_position(abs(pixels) * dpr), MAX_SIDE)
    return length if pixels >= 0 else -length


def _scaled_limit(side: int | None, dpr: Fraction) -> int:
    return min(round_length(side * dpr), MAX_SIDE) if side else 0


def extend_fields(values: ParamValues, resize: Resize) -> dict[str, Any]:
    """The field of a plan that these parameters make: a filling needs something to fill."""
    dpr = effective_dpr(values)
    margins = (min(round_position(margin * dpr), MAX_SIDE) for margin in values.get("padding", (0, 0, 0, 0)))
    extend = Extend(Fill.COLOUR, *margins)
    if not may_extend(extend, resize):
        return {"extend": Extend()}
    return {"extend": Extend(values.get("extend", Fill.COLOUR), extend.top, extend.right, extend.bottom, extend.left)}


def may_extend(extend: Extend, resize: Resize) -> bool:
    """Whether there may be room around the picture."""
    return extend.has_margins or resize.fit is Fit.CONTAIN
