"""The outline of a picture."""

from typing import Any

from pixmill.dialects.native.grammars.shapes import BorderGrammar, CornerRadiiGrammar, MaskGrammar
from pixmill.dialects.native.param import Group, Param, ParamValues
from pixmill.plan.shapes import Shape

PARAMS = (
    Param(
        "radius",
        Group.TRANSFORM,
        CornerRadiiGrammar(),
        "Rounds the corners, in pixels of the result; radii that do not fit beside each other shrink together. What is "
        "outside is transparent, or shows the background where the format has no transparency. After the effects, before "
        "fit=contain and padding extend the picture.",
        ("20", "0,0,40,40", "pct:50"),
    ),
    Param(
        "mask",
        Group.TRANSFORM,
        MaskGrammar(),
        "Shows only what lies in a form in the middle (the ellipse fills the picture, the others a circle in it, one corner at the "
        "top), or as much as another picture, stretched over this one, is opaque (alpha) or light (luminance).",
        ("circle", "polygon:8", "alpha:frame.png"),
    ),
    Param(
        "border",
        Group.TRANSFORM,
        BorderGrammar(),
        "Draws a border along the edges, rounded corners or form, inside of them, so that the size stays; black where no colour is "
        "said. Pixels of the result.",
        ("4", "10,ffcc00"),
    ),
)


def shape_fields(values: ParamValues) -> dict[str, Any]:
    """The fields of a plan that these parameters make."""
    return {"shape": Shape(values.get("radius"), values.get("mask"), values.get("border"))}
