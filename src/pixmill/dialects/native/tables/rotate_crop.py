"""Parameters for orientation, and for what is cut off before the resize."""

from fractions import Fraction
from typing import Final

from pixmill.dialects.native.grammars.colours import ColourGrammar
from pixmill.dialects.native.grammars.crop import CropGrammar
from pixmill.dialects.native.grammars.measurements import AngleGrammar
from pixmill.dialects.native.grammars.scalars import Choice, Integer
from pixmill.dialects.native.param import Group, Param
from pixmill.dialects.native.param_values import ParamValues
from pixmill.plan.colour import TRANSPARENT
from pixmill.plan.lengths import RoundingMode
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
        "Clockwise rotation in degrees, applied after EXIF orientation. Multiples of 90 come before everything else "
        "and are lossless. Other angles come after the resize: the result grows to hold the corners, which show "
        "`background`, or are transparent if no background is given and the format supports it.",
        ("90", "-12.5"),
        default="0",
    ),
    Param(
        "flip",
        Group.TRANSFORM,
        Choice(_FLIPS),
        "Mirrors the image: left to right (`horizontal`, `h`), top to bottom (`vertical`, `v`), or both (`both`, "
        "`hv`). Applied after a rotation by a multiple of 90 degrees and before one by another angle.",
        ("horizontal",),
        default=Flip.NONE.value,
    ),
    Param(
        "trim",
        Group.TRANSFORM,
        Integer(0, 255),
        "Cuts off borders of a single colour, before `crop`. The value is the tolerance: the maximum difference of "
        "each of red, green and blue from the border colour.",
        ("10",),
    ),
    Param(
        "trim_color",
        Group.TRANSFORM,
        ColourGrammar(),
        "Border colour for `trim`; `transparent` trims transparent borders. Default: the colour of the top left pixel.",
        ("white", "transparent"),
        aliases=("trim_colour",),
    ),
    Param(
        "trim_equal",
        Group.TRANSFORM,
        Choice(_TRIM_EQUAL),
        "Makes `trim` cut the same amount from opposite sides, the smaller of the two: left and right (`horizontal`), "
        "top and bottom (`vertical`), or `both`.",
        ("horizontal",),
        default="none",
    ),
    Param(
        "crop",
        Group.TRANSFORM,
        CropGrammar(),
        "Region to cut out before the resize, in the image as oriented, rotated, flipped and trimmed.",
        ("10,20,300,200", "pct:25,0,50,100"),
    ),
)

NAMES: Final = frozenset(("rotate", "flip"))
"""The parameters of ``rotation_of``."""


def rotation_of(values: ParamValues) -> tuple[int, Flip, FreeRotation | None]:
    """Compile the rotation by right angles, the flip, and the rotation by any other angle."""
    degrees = values.get("rotate", Fraction(0))
    is_right_angle = degrees % _RIGHT_ANGLE == 0
    rotate, flip = _canonical_orientation(int(degrees) if is_right_angle else 0, values.get("flip", Flip.NONE))
    return (
        rotate,
        flip,
        None
        if is_right_angle
        else FreeRotation(
            float(degrees), values.get("background", TRANSPARENT), values.get("rounding", RoundingMode.CEIL)
        ),
    )


def _canonical_orientation(rotate: int, flip: Flip) -> tuple[int, Flip]:
    """Choose the smaller rotation of the two spellings of each orientation; both flips are a half turn."""
    if flip is Flip.BOTH:
        return (rotate + 180) % 360, Flip.NONE
    if flip is Flip.NONE or rotate < 180:  # noqa: PLR2004 - degrees
        return rotate, flip
    return rotate - 180, Flip.VERTICAL if flip is Flip.HORIZONTAL else Flip.HORIZONTAL


def trim_of(values: ParamValues) -> Trim:
    """Compile ``trim``, which is given, and its options."""
    horizontal, vertical = values.get("trim_equal", (False, False))
    return Trim(values["trim"], values.get("trim_color"), horizontal, vertical)
