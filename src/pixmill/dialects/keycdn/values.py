"""Reads the values of KeyCDN's parameters: regions, positions, colours, margins, lengths. Each raises ValueError.

Knows texts and values of plans; must never know which parameter has a value.
"""

from fractions import Fraction
from typing import Final

from pixmill.dialects.kit.colours import components_colour, css_colour
from pixmill.dialects.kit.numbers import Decimal, Integer, Items, Reading, decimal
from pixmill.dialects.kit.sharp import POSITIONS
from pixmill.errors import InvalidParameter
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import FocalPixels, Gravity, PixelRegion, Point, Smart
from pixmill.plan.ops import Crop, CropOverflow, CropWindow
from pixmill.plan.overlays import Length, Repeat
from pixmill.plan.source import SourceRef, parse_source

MAX_SIDE: Final = 10_000

_MAX_ZOOM: Final = 100
_MIN_BLUR: Final = Fraction(3, 10)
_MAX_BLUR: Final = 100
_SEPARATORS: Final = str.maketrans("-_,+", "    ")
_POINTS: Final = {tuple(sorted(name.split())): gravity for name, gravity in POSITIONS.items() if isinstance(name, str)}
"""By the words of a position, in any order."""
_SIDES: Final = Items(Integer(0, MAX_SIDE), ",", 2, 4)
_MARGINS: Final = Items(Integer(0, MAX_SIDE), ",", 1, 4)
_FOCUS: Final = Items(Reading(decimal, "a number"), ",", 2, 3)
_PIXELS_FROM: Final = 1


def crop(text: str) -> Crop | CropWindow | Gravity:
    """Read ``smart``, ``fp,X,Y``, ``fp,X,Y,ZOOM``, ``W,H`` or ``W,H,X,Y``."""
    word, _, rest = text.partition(",")
    if word == "smart" and not rest:
        return Smart()
    if word in {"fp", "fpd"}:
        return focus(rest)
    numbers = _SIDES(text)
    width, height, *start = numbers
    if not width or not height or len(start) == 1:
        raise ValueError("must have a size, and no or two coordinates")
    if start:
        return Crop(start[0], start[1], width, height, overflow=CropOverflow.REFUSE)
    return CropWindow(width, height)


def focus(text: str) -> Gravity:
    """Read a point in shares up to 1 or in pixels, and how many times less of the image is shown."""
    x, y, *others = _FOCUS(text)
    zoom = max(float(others[0]), 1.0) if others else 1.0
    if not (0 <= x <= MAX_SIDE and 0 <= y <= MAX_SIDE and zoom <= _MAX_ZOOM):
        raise ValueError("out of bounds")
    if x <= _PIXELS_FROM and y <= _PIXELS_FROM:
        return Point(float(x), float(y), zoom=zoom)
    return FocalPixels((PixelRegion(max(int(x) - 1, 0), max(int(y) - 1, 0)),), zoom=zoom)  # the far edge is inside


def position(text: str) -> Gravity:
    """Read a side, a corner, a direction, ``entropy`` or ``attention``; words in any order and case."""
    try:
        return _POINTS[tuple(sorted(text.lower().translate(_SEPARATORS).split()))]
    except KeyError:
        raise ValueError("not a position") from None


def alignment(text: str) -> Point:
    """Read a side, a corner or a direction."""
    if isinstance(found := position(text), Point):
        return found
    raise ValueError("not a side or a corner")


def colour(text: str) -> Colour:
    """Read hexadecimal digits, ``r,g,b``, ``r,g,b,a``, or a CSS colour."""
    if "," in text and "(" not in text:
        return components_colour(text.split(",", 4))
    return css_colour(text)


def margins(text: str) -> tuple[int, int, int, int]:
    """Read one margin for all sides, or those of top, right, bottom and left."""
    found = _MARGINS(text)
    match found:
        case (each,):
            return each, each, each, each
        case (top, right, bottom, left):
            return top, right, bottom, left
    raise ValueError("must be one or four")


def blur(text: str) -> Fraction:
    """Read a sigma, or 0 for none."""
    value = decimal(text)
    if value and not _MIN_BLUR <= value <= _MAX_BLUR:
        raise ValueError("out of bounds")
    return value


def overlay_side(text: str) -> Length | None:
    """Read a share of the image up to 1, or pixels; None for 0."""
    value = Decimal(0, MAX_SIDE)(text)
    if not value:
        return None
    return Length(float(value * 100), percent=True) if value <= 1 else Length(float(round(value)))


def opacity(text: str) -> float:
    """Read an opacity as a share up to 1, or in percent."""
    value = Decimal(0, 100)(text)
    return float(value * 100 if value <= 1 else value)


def source(text: str) -> SourceRef:
    try:
        return parse_source(text)
    except InvalidParameter:
        raise ValueError("not a source") from None


REPEATS: Final = {
    **dict.fromkeys(("0", "false"), Repeat.NONE),
    **dict.fromkeys(("1", "true", "both"), Repeat.BOTH),
    "x": Repeat.HORIZONTAL,
    "y": Repeat.VERTICAL,
}
