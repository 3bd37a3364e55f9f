"""What is laid over the result."""

from typing import Any

from pixmill.dialects.native.grammars.overlays import OverlayGrammar
from pixmill.dialects.native.param import Group, Param, ParamValues

PARAMS = (
    Param(
        "overlay",
        Group.OVERLAY,
        OverlayGrammar(),
        "Lays pictures and texts over the result, in this order, after padding and before the format is settled. Pixels are those of "
        "the result: dpr does not change them, so say percent where it should. Mixed in sRGB, as browsers do.",
        (
            "url:logo.png,width:pct:20,gravity:southeast,x:10,y:10,opacity:80",
            "text:Hello,, world!,size:40,color:white,shadow:black",
            "url:tile.png,rotate:-30,opacity:15,repeat:both,gap:40;text:Draft,gravity:n",
        ),
    ),
)


def overlay_fields(values: ParamValues) -> dict[str, Any]:
    """The fields of a plan that this parameter makes."""
    return {"overlays": values.get("overlay", ())}
