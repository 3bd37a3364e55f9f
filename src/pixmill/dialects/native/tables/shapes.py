"""Parameters for rounded corners, masks, borders, opacity, and the colour behind all that."""

from fractions import Fraction
from typing import Final

from pixmill.dialects.native.grammars.colours import ColourGrammar
from pixmill.dialects.native.grammars.scalars import Decimal
from pixmill.dialects.native.grammars.shapes import BorderGrammar, CornerRadiiGrammar, MaskGrammar
from pixmill.dialects.native.param import Group, Param
from pixmill.dialects.native.param_values import ParamValues
from pixmill.plan.shapes import Shape

PARAMS = (
    Param(
        "radius",
        Group.TRANSFORM,
        CornerRadiiGrammar(),
        "Rounds the corners, in pixels of the result; radii that are too large shrink together, as in CSS. The "
        "corners become transparent, or show `background` if the format has no transparency. Applied after the "
        "effects and before the padding of `fit=contain` and `padding`.",
        ("20", "0,0,40,40", "pct:50"),
        unit="px",
    ),
    Param(
        "mask",
        Group.TRANSFORM,
        MaskGrammar(),
        "Shows only what is inside a centred shape, or applies the alpha channel or the luminance of another image, "
        "stretched over this one, as a mask. `ellipse` fills the image; the other shapes fit in the largest circle, "
        "with one corner at the top.",
        ("circle", "polygon:8", "alpha:frame.png"),
    ),
    Param(
        "border",
        Group.TRANSFORM,
        BorderGrammar(),
        "Draws a border inside the edges, the rounded corners or the mask shape; the size of the image stays the same. "
        "In pixels of the result; black if no colour is given.",
        ("4", "10,ffcc00"),
    ),
    Param(
        "opacity",
        Group.TRANSFORM,
        Decimal(Fraction(0), Fraction(100)),
        "Opacity of the image in percent, its border included: before padding and overlays. `background` shows through "
        "if the format has no transparency.",
        ("40",),
        "100",
        unit="%",
    ),
    Param(
        "flatten",
        Group.TRANSFORM,
        ColourGrammar(),
        "Puts this colour behind the image, also if the format has transparency: after `radius`, `mask` and `opacity`, "
        "before padding.",
        ("ffcc00",),
        is_advanced=True,
    ),
)

NAMES: Final = frozenset(param.name for param in PARAMS) - {"opacity", "flatten"}
"""The parameters of ``shape_of``."""


def shape_of(values: ParamValues) -> Shape:
    """Compile corners, mask and border."""
    return Shape(values.get("radius"), values.get("mask"), values.get("border"))
