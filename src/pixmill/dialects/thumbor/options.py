"""The options of a path, for the page; those that are filters are rows of the parser's own tables.

Knows words only.
"""

from typing import Final

from pixmill.dialects.kit.options import Option, Status, options_of
from pixmill.dialects.thumbor import filters_imagor, filters_thumbor
from pixmill.dialects.thumbor.aws import EDIT_ROWS

_SHARED: Final = (
    Option(("meta/",), "Facts as JSON instead of the image", "`/info`"),
    Option(("trim/", "trim:bottom-right:10/"), "Cuts off borders in the colour of a corner", "`trim`, `trim_corner`"),
    Option(("10x20:310x220/",), "Crop: left, top, right, bottom", "`crop`"),
    Option(("fit-in/",), "Fits into the box; does not enlarge", "`fit=inside`"),
    Option(("full-fit-in/",), "Covers the box without a cut; enlarges", "`fit=outside&enlarge=true`"),
    Option(
        ("adaptive-fit-in/", "adaptive-full-fit-in/"),
        "Turns the box to the orientation of the image",
        "`adaptive=true`",
    ),
    Option(("300x200/",), "Fills the box and cuts; enlarges", "`fit=cover&enlarge=true`"),
    Option(("300x0/", "300x/", "x200/"), "One side, the other by the ratio; enlarges", "`width` or `height`"),
    Option(("-300x-200/", "-x/"), "Mirrors left to right, top to bottom", "`flip`"),
    Option(("left/", "center/", "right/", "top/", "middle/", "bottom/"), "The part that is kept", "`gravity`"),
    Option(
        ("smart/",),
        "Keeps what catches the eye; `focal()` counts more",
        "`gravity=smart`",
        "by the option `smart` of the entry, not by detectors",
        Status.DIFFERS,
    ),
)

OPTIONS: Final = (
    *_SHARED,
    Option(("300xorig/", "origx200/"), "A side of the original", "`width=pct:100`"),
    Option(("debug/",), "The original's size", note="regions are not drawn", status=Status.DIFFERS),
    *filters_thumbor.OPTIONS,
)

IMAGOR_OPTIONS: Final = (
    *_SHARED,
    Option(("0.1x0.1:0.9x0.9/",), "Crop in shares of the sides", "`crop=pct:10,10,80,80`"),
    Option(("stretch/",), "Distorts the image to the size", "`fit=fill`"),
    Option(("300x200/10x20/", "300x200/10x20:30x40/"), "Padding, which `fill()` shows", "`padding`"),
    Option(("b64:…",), "The image in base64url"),
    Option(("color:red",), "An image of one colour", "`url=canvas:300x200,ff0000`"),
    Option(("params/…",), "The options of a path as JSON"),
    *filters_imagor.OPTIONS,
)

AWS_OPTIONS: Final = options_of(EDIT_ROWS)
