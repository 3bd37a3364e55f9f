"""How the picture lies, and what of it is cut away before it is resized."""

from fractions import Fraction
from typing import Any

from pixmill.dialects.native.grammars.colours import ColourGrammar
from pixmill.dialects.native.grammars.crop import CropGrammar
from pixmill.dialects.native.grammars.measurements import AngleGrammar
from pixmill.dialects.native.grammars.scalars import Choice, Integer
from pixmill.dialects.native.param import Group, Param, ParamValues
from pixmill.plan.colour import TRANSPARENT
from pixmill.plan.ops import Flip
from pixmill.plan.transforms import FreeRotation, Trim

_FLIPS = {flip.value: flip for flip in Flip} | {"h": Flip.HORIZONTAL, "v": Flip.VERTICAL, "hv": Flip.BOTH}
_TRIM_EQUAL = {"none": (False, False), "horizontal": (True, False), "vertical": (False, True), "both": (True, True)}
_RIGHT_ANGLE = 90

PARAMS = (
    Param(
        "rotate",
        Group.TRANSFORM,
        AngleGrammar(),
        "Degrees to turn clockwise. Multiples of 90 happen first of all, after the picture has been put upright as its EXIF "
        "orientation says, and lose nothing; any other angle after the resize: the result grows to hold the corners, and what "
        "opens up shows the background, or nothing where the format can be transparent and no background is asked for.",
        ("90", "-12.5"),
        default="0",
    ),
    Param(
        "flip",
        Group.TRANSFORM,
        Choice(_FLIPS),
        "Mirrors left to right (horizontal or h), top to bottom (vertical or v), or both (hv): after a turn by a multiple of 90 "
        "degrees, before one by another angle.",
        ("horizontal",),
        default=Flip.NONE.value,
    ),
    Param(
        "trim",
        Group.TRANSFORM,
        Integer(0, 255),
        "Cuts off borders of one colour, before the crop: the tolerance by which each of red, green and blue may differ from it.",
        ("10",),
    ),
    Param(
        "trim_color",
        Group.TRANSFORM,
        ColourGrammar(),
        "The colour that trim cuts off: a colour, or transparent for what cannot be seen; by default what is in the top left corner.",
        ("white", "transparent"),
        aliases=("trim_colour",),
    ),
    Param(
        "trim_equal",
        Group.TRANSFORM,
        Choice(_TRIM_EQUAL),
        "Whether trim takes as much off the left as off the right (horizontal), off the top as off the bottom (vertical): "
        "the lesser of the two.",
        ("horizontal",),
        default="none",
    ),
    Param(
        "crop",
        Group.TRANSFORM,
        CropGrammar(),
        "Cuts this region out of the upright, rotated, flipped and trimmed picture before it is resized.",
        ("10,20,300,200", "pct:25,0,50,100"),
    ),
)


def rotate_crop_fields(values: ParamValues) -> dict[str, Any]:
    """The fields of a stage that these parameters make."""
    degrees: Fraction = values.get("rotate", Fraction(0))
    is_right_angle = degrees % _RIGHT_ANGLE == 0
    rotate, flip = _canonical_orientation(int(degrees) if is_right_angle else 0, values.get("flip", Flip.NONE))
    free_rotation = None if is_right_angle else FreeRotation(float(degrees), values.get("background", TRANSPARENT))
    return {"rotate": rotate, "flip": flip, "crop": values.get("crop"), "rotate_free": free_rotation}


def _canonical_orientation(rotate: int, flip: Flip) -> tuple[int, Flip]:
    """Of the two ways to say each of the eight positions the one that turns less; both mirrors are a half turn."""
    if flip is Flip.BOTH:
        return (rotate + 180) % 360, Flip.NONE
    if flip is Flip.NONE or rotate < 180:  # noqa: PLR2004 - degrees
        return rotate, flip
    return rotate - 180, Flip.VERTICAL if flip is Flip.HORIZONTAL else Flip.HORIZONTAL


def trim_for(values: ParamValues) -> Trim | None:
    """What is to be trimmed, which only an original is."""
    if "trim" not in values:
        return None
    horizontal, vertical = values.get("trim_equal", (False, False))
    return Trim(values["trim"], values.get("trim_color"), horizontal, vertical)
