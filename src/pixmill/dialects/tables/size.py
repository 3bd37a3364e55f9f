"""How large the result is, and which part of the picture it shows."""

from fractions import Fraction
from typing import Any

from pixmill.dialects.param import MAX_SIDE, Asked, Group, Param
from pixmill.dialects.regions import Crops, Gravities
from pixmill.dialects.scalars import FLAGS, Choice, Decimal, Whole
from pixmill.plan.geometry import round_half_up
from pixmill.plan.ops import Fit, Flip, Point, Resize

_FLIPS = {flip.value: flip for flip in Flip} | {"h": Flip.HORIZONTAL, "v": Flip.VERTICAL, "hv": Flip.BOTH}

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
        "fit",
        Group.SIZE,
        Choice({fit.value: fit for fit in Fit}),
        "How the picture meets a box of two sides: cover fills it and cuts off what stands out, contain fits into it and "
        "pads with the background, fill distorts, inside fits into it without padding, outside covers it without cutting.",
        ("cover",),
        default=Fit.INSIDE.value,
    ),
    Param(
        "gravity",
        Group.SIZE,
        Gravities(),
        "Which part stays when fit=cover cuts: a direction, a focal point, or smart for what draws the eye.",
        ("north", "smart", "fp:0.3,0.75"),
        default="center",
    ),
    Param(
        "dpr",
        Group.SIZE,
        Decimal(Fraction(1, 10), Fraction(8)),
        f"Pixels of the screen per pixel of the page: multiplies width and height, rounded half up; it counts only as far "
        f"as no side grows beyond {MAX_SIDE}.",
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
        "crop",
        Group.EDIT,
        Crops(),
        "Cuts this region out of the upright, rotated and flipped picture before it is resized.",
        ("10,20,300,200", "pct:25,0,50,100"),
    ),
    Param(
        "rotate",
        Group.EDIT,
        Choice({"0": 0, "90": 90, "180": 180, "270": 270, "-90": 270}),
        "Degrees to turn clockwise, after the picture has been put upright as its EXIF orientation says.",
        ("90",),
        default="0",
    ),
    Param(
        "flip",
        Group.EDIT,
        Choice(_FLIPS),
        "Mirrors the rotated picture: left to right (horizontal or h), top to bottom (vertical or v), or both (hv).",
        ("horizontal",),
        default=Flip.NONE.value,
    ),
)


def fields(asked: Asked) -> dict[str, Any]:
    """The fields of a plan that these parameters make."""
    rotate, flip = _turned(asked.get("rotate", 0), asked.get("flip", Flip.NONE))
    return {"rotate": rotate, "flip": flip, "crop": asked.get("crop"), "resize": _resize(asked)}


def _turned(rotate: int, flip: Flip) -> tuple[int, Flip]:
    """Of the two ways to say each of the eight positions the one that turns less; both mirrors are a half turn."""
    if flip is Flip.BOTH:
        return (rotate + 180) % 360, Flip.NONE
    if flip is Flip.NONE or rotate < 180:  # noqa: PLR2004 - degrees
        return rotate, flip
    return rotate - 180, Flip.VERTICAL if flip is Flip.HORIZONTAL else Flip.HORIZONTAL


def _resize(asked: Asked) -> Resize:
    """Only what has an effect: a fit needs two sides, a gravity something to cut."""
    width, height = asked.get("width", 0), asked.get("height", 0)
    if "dpr" in asked:
        width, height = _scaled(width, height, asked["dpr"])
    if not width and not height:
        return Resize()
    fit = asked.get("fit", Fit.INSIDE) if width and height else Fit.INSIDE
    gravity = asked.get("gravity", Point()) if fit is Fit.COVER else Point()
    return Resize(width, height, fit, gravity, asked.get("enlarge", False))


def _scaled(width: int, height: int, dpr: Fraction) -> tuple[int, int]:
    """Both sides times ``dpr``, or as much of it as the longest side allows, so that the box keeps its shape."""
    scale = min(dpr, Fraction(MAX_SIDE, max(width, height, 1)))
    return round_half_up(width * scale) if width else 0, round_half_up(height * scale) if height else 0
