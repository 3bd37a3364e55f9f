"""Reads the values of Glide's parameters as PHP does. Each raises ValueError for what Glide ignores.

Knows texts and values of plans; must never know which parameter has a value.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from pixmill.dialects.kit.colours import hex_colour, named_colour, with_opacity
from pixmill.dialects.kit.numbers import decimal
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Point
from pixmill.plan.ops import Crop, CropOverflow
from pixmill.plan.overlays import Length

MAX_SIDE: Final = 65_535
MAX_DPR: Final = 8

_NUMBER: Final = re.compile(
    r"[ \t\n\r\v\f]{0,8}([+-]?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18}))[ \t\n\r\v\f]{0,8}"
)
_WHOLE: Final = re.compile("(-{0,8})([0-9]{1,6})")
_RELATIVE: Final = re.compile("(100|[0-9]{1,2})([wh])")
_FOCUS: Final = re.compile(r"crop-([0-9]{1,3})-([0-9]{1,3})(?:-([0-9]{1,3}(?:\.[0-9]{1,9})?))?")
_SHORT_ARGB: Final = re.compile("[0-9][0-9a-fA-F]{3}")
_LONG_ARGB: Final = re.compile("[0-9]{2}[0-9a-fA-F]{6}")
_RGB: Final = re.compile("[0-9a-fA-F]{3}(?:[0-9a-fA-F]{3})?")
_PERCENT: Final = 100
_REGION: Final = 4

POSITIONS: Final = {
    "top-left": (0.0, 0.0),
    "top": (0.5, 0.0),
    "top-right": (1.0, 0.0),
    "left": (0.0, 0.5),
    "center": (0.5, 0.5),
    "right": (1.0, 0.5),
    "bottom-left": (0.0, 1.0),
    "bottom": (0.5, 1.0),
    "bottom-right": (1.0, 1.0),
}
FITS: Final = ("contain", "max", "fill", "fill-max", "stretch", "crop")
_PLACED: Final = {"crop": Point()} | {f"crop-{name}": Point(x, y) for name, (x, y) in POSITIONS.items()}


def numeric(text: str) -> Fraction:
    """Read a number as ``is_numeric`` does, but without exponents."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError("not a number")
    return decimal(match[1])


def bounded(low: int, high: int) -> Callable[[str], int]:
    """Build a reader of numbers within bounds, whose decimals are cut off."""

    def read(text: str) -> int:
        value = numeric(text)
        if not low <= value <= high:
            raise ValueError("out of bounds")
        return int(value)

    return read


def signed(text: str) -> int:
    """Read a whole number from -100 to 100."""
    match = _WHOLE.fullmatch(text)
    if match is None or len(match[1]) > 1 or int(match[2]) > _PERCENT:
        raise ValueError("not from -100 to 100")
    return int(match[1] + match[2])


def side(text: str) -> int:
    value = numeric(text)
    if value <= 0:
        raise ValueError("must be above 0")
    return min(int(value), MAX_SIDE)


def ratio(text: str) -> Fraction:
    """Read a device pixel ratio; 0 counts as 1."""
    value = numeric(text)
    if not 0 <= value <= MAX_DPR:
        raise ValueError("out of bounds")
    return value or Fraction(1)


def gamma(text: str) -> float:
    value = numeric(text)
    if not Fraction(1, 10) <= value <= Fraction(999, 100):
        raise ValueError("out of bounds")
    return float(value)


def fit(text: str) -> tuple[str, Point]:
    """Read a fit, and what ``crop`` keeps."""
    if text in _PLACED:
        return "crop", _PLACED[text]
    if match := _FOCUS.fullmatch(text):
        x, y, zoom = int(match[1]), int(match[2]), float(match[3] or 1)
        if max(x, y, zoom) > _PERCENT:
            return "crop", Point()
        return "crop", Point(x / _PERCENT, y / _PERCENT, zoom=max(zoom, 1.0))
    if text in FITS:
        return text, Point()
    raise ValueError("not a fit")


def crop(text: str) -> Crop:
    """Read ``width,height,x,y``."""
    parts = [numeric(part) for part in text.split(",", _REGION)]
    if len(parts) != _REGION or min(parts[:2]) < 1 or min(parts[2:]) < 0 or max(parts) > MAX_SIDE:
        raise ValueError("not a region")
    width, height, left, top = map(int, parts)
    return Crop(left, top, width, height, overflow=CropOverflow.IGNORE)


def colour(text: str) -> Colour:
    """Read 3 or 6 hexadecimal digits, an opacity of 1 or 2 digits in front of them, or a name."""
    if _RGB.fullmatch(text):
        return hex_colour(text)
    if _SHORT_ARGB.fullmatch(text):
        return with_opacity(hex_colour(text[1:]), Fraction(int(text[0]), 10))
    if _LONG_ARGB.fullmatch(text):
        return with_opacity(hex_colour(text[2:]), Fraction(int(text[:2]), _PERCENT))
    return named_colour(text)


@dataclass(frozen=True, slots=True)
class Dimension:
    """A length: pixels, or a share of the width or of the height of the image."""

    value: Fraction
    of: str = ""

    def length(self, dpr: Fraction, axis: str) -> Length | None:
        """Return the length along ``w`` or ``h``; None for a share of the other side."""
        if not self.of:
            return Length(float(min(int(self.value * dpr), MAX_SIDE)))
        return Length(float(self.value), percent=True) if self.of == axis else None


def dimension(text: str) -> Dimension:
    if match := _RELATIVE.fullmatch(text):
        return Dimension(Fraction(int(match[1])), match[2])
    value = numeric(text)
    if value <= 0:
        raise ValueError("must be above 0")
    return Dimension(min(value, Fraction(MAX_SIDE)))


@dataclass(frozen=True, slots=True)
class Border:
    """A border: its width, its colour, and ``overlay``, ``shrink`` or ``expand``."""

    width: Dimension
    colour: Colour
    method: str


def border(text: str) -> Border:
    """Read ``width,colour,method``; the last two may be missing."""
    width, *others = text.split(",", 3)
    shade, method = (*others, "", "")[:2]
    return Border(dimension(width), colour(shade) if shade else Colour(), method or "overlay")


def flag(text: str) -> bool:
    return text.lower() in {"1", "true", "on", "yes"}
