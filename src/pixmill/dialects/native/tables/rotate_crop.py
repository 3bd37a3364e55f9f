"""Parameters for orientation, and for what is cut off before the resize."""

from fractions import Fraction
from typing import Final

from msgspec.structs import replace

from pixmill.dialects.native.grammars.canvas import TrimPadding, TrimPaddingGrammar
from pixmill.dialects.native.grammars.colours import ColourGrammar
from pixmill.dialects.native.grammars.crop import CropGrammar
from pixmill.dialects.native.grammars.gravity import GravityGrammar
from pixmill.dialects.native.grammars.measurements import AngleGrammar, AspectRatioGrammar
from pixmill.dialects.native.grammars.scalars import Choice, Integer
from pixmill.dialects.native.param import Group, Param
from pixmill.dialects.native.param_values import ParamValues
from pixmill.errors import ConflictingParameters
from pixmill.plan.colour import TRANSPARENT
from pixmill.plan.gravity import Point
from pixmill.plan.lengths import RoundingMode
from pixmill.plan.ops import AspectRule, Crop, CropInsets, CropOverflow, CropUnit, CropWindow, Flip
from pixmill.plan.transforms import FreeRotation, Trim, TrimCorner

_FLIPS = {flip.value: flip for flip in Flip} | {"h": Flip.HORIZONTAL, "v": Flip.VERTICAL, "hv": Flip.BOTH}
_TRIM_EQUAL = {"none": (False, False), "horizontal": (True, False), "vertical": (False, True), "both": (True, True)}
_RIGHT_ANGLE = 90
_FULL_PERCENT = 100
_PERCENT_X = (CropUnit.PERCENT, CropUnit.PERCENT_PIXELS)
_PERCENT_Y = (CropUnit.PERCENT, CropUnit.PIXELS_PERCENT)

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
        unit="°",
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
        "Cuts off borders of a single colour, after `rotate` and `flip` and before `crop`. The value is the tolerance: "
        "the maximum difference of each of red, green and blue from the border colour.",
        ("10",),
    ),
    Param(
        "trim_color",
        Group.TRANSFORM,
        ColourGrammar(),
        "Border colour for `trim`; `transparent` trims transparent borders. Default: the colour of the pixel at "
        "`trim_corner`.",
        ("white", "transparent"),
        aliases=("trim_colour",),
        is_advanced=True,
    ),
    Param(
        "trim_equal",
        Group.TRANSFORM,
        Choice(_TRIM_EQUAL),
        "Makes `trim` cut the same amount from opposite sides, the smaller of the two: left and right (`horizontal`), "
        "top and bottom (`vertical`), or `both`.",
        ("horizontal",),
        default="none",
        is_advanced=True,
    ),
    Param(
        "trim_corner",
        Group.TRANSFORM,
        Choice({corner.value: corner for corner in TrimCorner}),
        "Corner of the image whose pixel has the border colour for `trim`.",
        ("bottom_right",),
        default=TrimCorner.TOP_LEFT.value,
        is_advanced=True,
    ),
    Param(
        "trim_padding",
        Group.TRANSFORM,
        TrimPaddingGrammar(),
        "Pixels of the border that `trim` keeps on each side, or percent of the mean of the sides that are left; a "
        "negative number cuts off as much of the image.",
        ("10", "-2", "pct:1.5"),
        default="0",
        unit="px",
        is_advanced=True,
    ),
    Param(
        "crop",
        Group.TRANSFORM,
        CropGrammar(),
        "Region to cut out before the resize, in the image as oriented, rotated, flipped and trimmed. `window`: its "
        "sides only, cut to those of the image; `crop_gravity` places it. `edges`: what is taken off the top, right, "
        "bottom and left; a negative number counts from the opposite edge.",
        ("10,20,300,200", "pct:25,0,50,100", "window:300,200", "window:pct:50,0", "edges:10,20,30,40"),
    ),
    Param(
        "crop_gravity",
        Group.TRANSFORM,
        GravityGrammar(),
        "Place of the window that `crop` or `crop_aspect` cuts out, as for `gravity`; offsets are pixels of the "
        "original. `,zoom:2` halves the sides of the window.",
        ("north", "se:10,20", "smart", "px:600,400", "pos:0.25,1"),
        default="center",
        is_advanced=True,
    ),
    Param(
        "crop_aspect",
        Group.TRANSFORM,
        AspectRatioGrammar(),
        "Aspect ratio of the window: the largest of it in `crop=window:…`, or in the image.",
        ("1:1",),
    ),
    Param(
        "crop_aspect_rule",
        Group.TRANSFORM,
        Choice({rule.value: rule for rule in AspectRule}),
        "How `crop_aspect` is rounded to whole pixels of the original: half up (`exact`), or as by thumbor: a width "
        "up, a height and the position half to even, and nothing is cut if the image has this ratio in two decimals.",
        ("thumbor",),
        default=AspectRule.EXACT.value,
        is_advanced=True,
    ),
    Param(
        "crop_overflow",
        Group.TRANSFORM,
        Choice({rule.value: rule for rule in CropOverflow}),
        "What becomes of a `crop` that does not lie in the image. `clip`: cut at the edges, and an error if it begins "
        "outside. `move`: moved inside. `reset`: begins at 0 along an axis where it begins outside. `ignore`: no crop "
        "if it begins outside. `refuse`: an error.",
        ("move",),
        default=CropOverflow.CLIP.value,
        is_advanced=True,
    ),
)

NAMES: Final = frozenset(("rotate", "flip"))
"""The parameters of ``rotation_of``."""

CROP_NAMES: Final = frozenset(param.name for param in PARAMS if param.name.startswith("crop"))
"""The parameters of ``crop_of``."""


def rotation_of(values: ParamValues) -> tuple[int, Flip, FreeRotation | None]:
    """Compile the rotation by right angles, the flip, and the rotation by any other angle."""
    degrees = values.get("rotate", Fraction(0))
    is_right_angle = degrees % _RIGHT_ANGLE == 0
    return (
        int(degrees) if is_right_angle else 0,
        values.get("flip", Flip.NONE),
        None
        if is_right_angle
        else FreeRotation(
            float(degrees), values.get("background", TRANSPARENT), values.get("rounding", RoundingMode.CEIL)
        ),
    )


def crop_of(values: ParamValues) -> Crop | CropWindow | CropInsets:
    """Compile ``crop`` and its options. Raises ConflictingParameters for an aspect ratio of a given region."""
    overflow = values.get("crop_overflow", CropOverflow.CLIP)
    crop = values.get("crop")
    if isinstance(crop, Crop | CropInsets):
        if "crop_aspect" in values:
            raise ConflictingParameters("crop_aspect needs crop=window:width,height, or no crop", param="crop_aspect")
        return replace(crop, overflow=overflow)
    return replace(
        crop or CropWindow(),
        aspect=values.get("crop_aspect"),
        gravity=values.get("crop_gravity", Point()),
        overflow=overflow,
        aspect_rule=values.get("crop_aspect_rule", AspectRule.EXACT),
    )


def trim_of(values: ParamValues) -> Trim:
    """Compile ``trim``, which is given, and its options."""
    horizontal, vertical = values.get("trim_equal", (False, False))
    padding = values.get("trim_padding", TrimPadding(0))
    return Trim(
        values["trim"],
        values.get("trim_color"),
        horizontal,
        vertical,
        values.get("trim_corner", TrimCorner.TOP_LEFT),
        padding.length,
        padding.unit,
    )
