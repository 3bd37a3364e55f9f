"""The parameter for images and texts over the result."""

from typing import Final

from pixmill.dialects.native.grammars.overlays import OverlayGrammar
from pixmill.dialects.native.grammars.scalars import Grammar
from pixmill.dialects.native.param import Group, Param
from pixmill.plan.ops import Stage

_PROCESSED_EXAMPLE: Final = "url:portrait.jpg,prepare:crop=pct:10,,0,,80,,60,width:80,then:grayscale=true&radius=pct:50"


def overlay_param(stages: Grammar[tuple[Stage, ...]] | None) -> Param:
    """Declare the parameter; ``stages`` is the grammar of the stages of an image, None if it may have none."""
    return Param(
        "overlay",
        Group.OVERLAY,
        OverlayGrammar(stages),
        "Draws images and texts over the result, in this order, after `padding`. Pixels are those of the result: "
        "`dpr` does not multiply them; use percent to scale with the result. Colours are blended in sRGB, as in "
        "browsers.",
        (
            "url:logo.png,width:pct:20,gravity:southeast,x:10,y:10,opacity:80",
            "text:Hello,, world!,size:40,color:white,shadow:black",
            "url:tile.png,rotate:-30,opacity:15,repeat:both,gap:40;text:Draft,gravity:n",
            *((_PROCESSED_EXAMPLE,) if stages else ()),
        ),
    )
