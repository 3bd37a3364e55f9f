"""How large the result is, and which part of the picture it shows."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from msgspec.structs import replace

from pixmill.dialects.measures import Aspects, Factors
from pixmill.dialects.param import MAX_SIDE, Asked, Group, Param
from pixmill.dialects.regions import Gravities
from pixmill.dialects.scalars import FLAGS, Choice, Decimal, Whole
from pixmill.plan.lengths import half_up, round_half_up
from pixmill.plan.ops import Fit, Kernel, Resize
from pixmill.plan.places import Gravity, Point

PARAMS = (
    Param(
        "width",
        Group.SIZE,
        Whole(1, MAX_SIDE),
        "Width of the box in pixels; without it the width follows from the height.",
        ("800",),
        aliases=("w",),
    ),
    Param(
        "height",
        Group.SIZE,
        Whole(1, MAX_SIDE),
        "Height of the box in pixels; without it the height follows from the width.",
        ("600",),
        aliases=("h",),
    ),
    Param(
        "aspect",
        Group.SIZE,
        Aspects(),
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
        Gravities(),
        "Which part stays when fit=cover or aspect cuts: that in a direction, at a focal point or in focal regions (as much of "
        "them as possible, counted by weight), what draws the eye (smart), what holds most detail (smart:entropy), or faces "
        "(with the extra pixmill[faces]; without a face as smart). With fit=contain where the picture lies: a direction or a point.",
        ("north", "ne:10,20", "smart", "fp:0.3,0.75", "fr:0.1,0.2,0.3,0.4", "fr:0,0,0.2,0.2,3;0.7,0.5,0.1,0.1,1"),
        default="center",
    ),
    Param(
        "zoom",
        Group.SIZE,
        Factors(Fraction(1, 100), Fraction(20)),
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
        Whole(1, MAX_SIDE),
        "Least width of the result: scales it up, keeping its shape, also where enlarge is false.",
        ("300",),
        aliases=("mw",),
    ),
    Param(
        "min_height",
        Group.SIZE,
        Whole(1, MAX_SIDE),
        "Least height of the result, as min_width.",
        ("300",),
        aliases=("mh",),
    ),
    Param(
        "max_width",
        Group.SIZE,
        Whole(1, MAX_SIDE),
        "Greatest width of the result, whatever fit, aspect and zoom say: scales it down, keeping its shape. A least size goes before it.",
        ("1200",),
    ),
    Param(
        "max_height",
        Group.SIZE,
        Whole(1, MAX_SIDE),
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
)


@dataclass(frozen=True, slots=True)
class _Scales:
    """By what the sides of the box are multiplied, and by what a pixel of the page."""

    box: Fraction
    page: Fraction


def fields(asked: Asked) -> dict[str, Any]:
    """The fields of a plan that these parameters make: only what has an effect."""
    width, height = _sides(asked)
    page = _scales(asked, width, height).page
    resize = Resize(
        **_box(asked, width, height),
        min_width=_bound(asked.get("min_width"), page),
        min_height=_bound(asked.get("min_height"), page),
        max_width=_bound(asked.get("max_width"), page),
        max_height=_bound(asked.get("max_height"), page),
    )
    if resize == Resize():
        return {"resize": resize}
    return {"resize": replace(resize, kernel=asked.get("kernel", Kernel.LANCZOS3))}


def page_scale(asked: Asked) -> Fraction:
    """``dpr``, as far as it counts."""
    return _scales(asked, *_sides(asked)).page


def _sides(asked: Asked) -> tuple[Fraction, Fraction]:
    """The sides of the box on the page; 0 for one that is free."""
    width, height = Fraction(asked.get("width", 0)), Fraction(asked.get("height", 0))
    if "aspect" in asked:
        shape = Fraction(asked["aspect"].width, asked["aspect"].height)
        width, height = width or height * shape, height or width / shape
    return width, height


def _scales(asked: Asked, width: Fraction, height: Fraction) -> _Scales:
    """Both sides grow alike, and only as far as the longest side allows, so that the box keeps its shape."""
    dpr, zoom = Fraction(asked.get("dpr", 1)), Fraction(asked.get("zoom", 1))
    if not width and not height:
        return _Scales(zoom, dpr)
    box = min(dpr * zoom, MAX_SIDE / max(width, height))
    return _Scales(box, min(dpr, box / zoom))


def _box(asked: Asked, width: Fraction, height: Fraction) -> dict[str, Any]:
    """A fit needs a box of two sides, a gravity something to cut or a canvas, a zoom no sides to be multiplied."""
    scales = _scales(asked, width, height)
    if not width and not height and "aspect" not in asked:
        return {"zoom": float(scales.box), "enlarge": scales.box > 1 and asked.get("enlarge", False)}
    shaped = (width and height) or "aspect" in asked
    fit = _fit(asked) if shaped else Fit.INSIDE
    free = not width and not height
    return {
        "width": round_half_up(width * scales.box) if width else 0,
        "height": round_half_up(height * scales.box) if height else 0,
        "aspect": asked["aspect"] if free else None,
        "zoom": float(scales.box) if free else 1.0,
        "fit": fit,
        "gravity": _gravity(asked.get("gravity", Point()), fit, scales.page),
        "enlarge": asked.get("enlarge", False) if not free or scales.box > 1 else False,
        "adaptive": asked.get("adaptive", False) if shaped and not _square(asked, width, height) else False,
    }


def _fit(asked: Asked) -> Fit:
    """A shape without both sides is a box that the picture is cut to, unless it is fitted or distorted to it."""
    fit: Fit = asked.get("fit", Fit.INSIDE)
    cuts = "aspect" in asked and not ("width" in asked and "height" in asked)
    return Fit.COVER if cuts and fit in (Fit.INSIDE, Fit.OUTSIDE) else fit


def _square(asked: Asked, width: Fraction, height: Fraction) -> bool:
    return width == height if width else asked["aspect"].width == asked["aspect"].height


def _gravity(gravity: Gravity, fit: Fit, page: Fraction) -> Gravity:
    if isinstance(gravity, Point) and fit in (Fit.COVER, Fit.CONTAIN):
        return replace(gravity, right=_shift(gravity.right, page), down=_shift(gravity.down, page))
    return gravity if fit is Fit.COVER else Point()


def _shift(pixels: int, page: Fraction) -> int:
    """Rounded alike to both sides, and no longer than any side."""
    length = min(half_up(abs(pixels) * page), MAX_SIDE)
    return length if pixels >= 0 else -length


def _bound(side: int | None, page: Fraction) -> int:
    return min(round_half_up(side * page), MAX_SIDE) if side else 0
