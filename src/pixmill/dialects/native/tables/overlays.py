"""The parameter for images and texts over the result."""

from pixmill.dialects.native.grammars.overlays import OverlayGrammar
from pixmill.dialects.native.param import Group, Param

PARAMS = (
    Param(
        "overlay",
        Group.OVERLAY,
        OverlayGrammar(),
        "Draws images and texts over the result, in this order, after `padding`. Pixels are those of the result: "
        "`dpr` does not multiply them; use percent to scale with the result. Colours are blended in sRGB, as in "
        "browsers.",
        (
            "url:logo.png,width:pct:20,gravity:southeast,x:10,y:10,opacity:80",
            "text:Hello,, world!,size:40,color:white,shadow:black",
            "url:tile.png,rotate:-30,opacity:15,repeat:both,gap:40;text:Draft,gravity:n",
        ),
    ),
)
