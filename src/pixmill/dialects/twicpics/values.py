"""Lengths, sizes and coordinates of TwicPics. Knows texts and values; must never know a transformation."""

import re
from fractions import Fraction
from typing import Final

from msgspec import Struct

from pixmill.dialects.kit.numbers import decimal
from pixmill.dialects.twicpics.expressions import evaluate
from pixmill.plan.gravity import FocalPixels, Gravity, PixelRegion, Point
from pixmill.plan.ops import Aspect

MAX_SIDE: Final = 65_535
_MAX_SHARE: Final = 100
_MAX_CHARS: Final = 96
_MAX_RATIO: Final = 10_000
_LENGTH: Final = re.compile(r"(-)|((?:[0-9.]{1,20}(?:e[+-]?[0-9]{1,2})?)|\([0-9.+*/() -]{1,64}\))([ps]?)")
_HALF: Final = Fraction(1, 2)

ANCHORS: Final = {
    "center": Point(),
    "top": Point(0.5, 0),
    "bottom": Point(0.5, 1),
    "left": Point(0, 0.5),
    "right": Point(1, 0.5),
    "top-left": Point(0, 0),
    "top-right": Point(1, 0),
    "bottom-left": Point(0, 1),
    "bottom-right": Point(1, 1),
}


class Length(Struct, frozen=True):
    """Pixels, or a share of a side."""

    value: Fraction
    is_share: bool = False

    @property
    def pixels(self) -> int:
        return min(max(int(self.value + _HALF), 1), MAX_SIDE)


class Size(Struct, frozen=True):
    """Two lengths, one of which may be free, or an aspect ratio."""

    width: Length | None = None
    height: Length | None = None
    aspect: Aspect | None = None


def number(text: str) -> Fraction:
    """Read a number or an expression in parentheses. Raises ValueError."""
    return evaluate(text) if text.startswith("(") else decimal(text)


def length(text: str) -> Length | None:
    """Read ``50``, ``50p``, ``0.5s`` or an expression with a unit; None for ``-``. Raises ValueError."""
    match = _LENGTH.fullmatch(text)
    if match is None:
        raise ValueError("not a length")
    return _length(match)


def _length(match: re.Match[str]) -> Length | None:
    if match[1]:
        return None
    value = number(match[2])
    if value <= 0:
        raise ValueError("a length is above 0")
    if not match[3]:
        return Length(_bounded(value, MAX_SIDE))
    return Length(_bounded(value / 100 if match[3] == "p" else value, _MAX_SHARE), is_share=True)


def _bounded(value: Fraction, most: int) -> Fraction:
    if value > most:
        raise ValueError("out of bounds")
    return value.limit_denominator(1_000_000)


def _lengths(text: str) -> tuple[Length | None, Length | None]:
    """Read ``L`` or ``LxL``."""
    first = _LENGTH.match(text)
    if first is None:
        raise ValueError("not a length")
    rest = text[first.end() :]
    if not rest:
        return _length(first), None
    if not rest.startswith("x"):
        raise ValueError("not two lengths")
    return _length(first), length(rest[1:])


def size(text: str) -> Size:
    """Read ``300``, ``300x200``, ``-x200``, ``50px25p`` or ``16:9``. Raises ValueError."""
    if len(text) > _MAX_CHARS:
        raise ValueError("too long")
    if ":" in text:
        return Size(aspect=_aspect(text))
    width, height = _lengths(text)
    if width is None and height is None:
        raise ValueError("a size needs a length")
    return Size(width, height)


def _aspect(text: str) -> Aspect:
    across, down = (number(part) for part in text.split(":", 1))
    if across <= 0 or down <= 0:
        raise ValueError("a ratio is above 0")
    ratio = across / down
    if not Fraction(1, _MAX_RATIO) <= ratio <= _MAX_RATIO:
        raise ValueError("out of bounds")
    ratio = ratio.limit_denominator(_MAX_RATIO)
    return Aspect(ratio.numerator, ratio.denominator)


def coordinates(text: str) -> tuple[Length, Length]:
    """Read a point, ``10x20`` or ``50px10p``; 0 is a length here. Raises ValueError."""
    if len(text) > _MAX_CHARS:
        raise ValueError("too long")
    first = _LENGTH.match(text)
    if first is None or not text[first.end() :].startswith("x"):
        raise ValueError("not a point")
    second = _LENGTH.fullmatch(text, first.end() + 1)
    if second is None:
        raise ValueError("not a point")
    return _coordinate(first), _coordinate(second)


def _coordinate(match: re.Match[str]) -> Length:
    if match[1]:
        raise ValueError("a coordinate is a length")
    value = number(match[2])
    if value < 0:
        raise ValueError("below 0")
    if not match[3]:
        return Length(_bounded(value, MAX_SIDE))
    share = value / 100 if match[3] == "p" else value
    return Length(_bounded(share, 1), is_share=True)


def point(text: str) -> Gravity:
    """Read an anchor, or coordinates that have the same unit. Raises ValueError."""
    if text in ANCHORS:
        return ANCHORS[text]
    x, y = coordinates(text)
    if x.is_share and y.is_share:
        return Point(float(x.value), float(y.value))
    if x.is_share or y.is_share:
        raise ValueError("both coordinates have the same unit")
    return FocalPixels((PixelRegion(int(x.value), int(y.value)),))
