"""Generated originals: canvases of one colour, named by their size and colour.

Knows the grammar of ``canvas:WIDTHxHEIGHT,COLOUR``. Must never know a file format.
"""

import re
from typing import Final, NamedTuple

from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.lengths import Size
from pixmill.plan.url import invalid_url

CANVAS_SCHEME: Final = "canvas"
MAX_CANVAS_SIDE: Final = 16_383
MAX_CANVAS_PIXELS: Final = 50_000_000
"""As large as a result may be by default; the limits of originals and results apply as well."""

_CANVAS: Final = re.compile(
    r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})(?:,([0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8}))?"
)
_SHORT_COLOUR: Final = 4
_OPAQUE: Final = 255


class CanvasSpec(NamedTuple):
    """The size and the colour of a generated original."""

    size: Size
    colour: Colour

    @property
    def text(self) -> str:
        """The canonical reference."""
        red, green, blue, alpha = (self.colour.red, self.colour.green, self.colour.blue, self.colour.alpha)
        opacity = "" if alpha == _OPAQUE else f"{alpha:02x}"
        return f"{CANVAS_SCHEME}:{self.size.width}x{self.size.height},{red:02x}{green:02x}{blue:02x}{opacity}"


def parse_canvas(text: str) -> CanvasSpec:
    """Parse what follows ``canvas:``; white without a colour. Raises InvalidParameter."""
    match = _CANVAS.fullmatch(text)
    if not match:
        raise invalid_url("A canvas is canvas:WIDTHxHEIGHT,COLOUR, with a colour of 3, 4, 6 or 8 hexadecimal digits")
    return canvas_spec(int(match[1]), int(match[2]), _parse_colour(match[3] or "fff"))


def canvas_spec(width: int, height: int, colour: Colour) -> CanvasSpec:
    """Return the canvas; all transparent colours are one. Raises InvalidParameter if it is too large."""
    if max(width, height) > MAX_CANVAS_SIDE or width * height > MAX_CANVAS_PIXELS:
        raise invalid_url(f"A canvas has at most {MAX_CANVAS_SIDE} pixels along a side, {MAX_CANVAS_PIXELS} in all")
    return CanvasSpec(Size(width, height), colour if colour.alpha else TRANSPARENT)


def _parse_colour(digits: str) -> Colour:
    if len(digits) <= _SHORT_COLOUR:
        digits = "".join(digit * 2 for digit in digits)
    return Colour(*bytes.fromhex(digits))
