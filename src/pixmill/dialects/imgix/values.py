"""Readers of values of imgix and its relatives. Knows text and values; must never know a parameter's name.

Each raises ValueError for a text that it does not accept, which then counts as not given.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from math import floor
from typing import Final, Generic, NamedTuple, TypeVar
from urllib.parse import unquote_to_bytes

from pixmill.dialects.kit.colours import CSS_COLOURS, Alpha, hex_colour
from pixmill.dialects.kit.numbers import decimal, four_sides, half_up
from pixmill.errors import InvalidParameter
from pixmill.plan.colour import Colour
from pixmill.plan.shapes import CornerRadii
from pixmill.plan.source import SourceRef, parse_source

T = TypeVar("T")

MAX_SIDE: Final = 8_192
"""The longest side of a result; larger ones are scaled down."""
MAX_LENGTH: Final = 65_535

_MAX_LIST: Final = 16
_CONTROL: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f]")
_MAX_DATE_CHARS: Final = 40


def lenient_decode(raw: bytes) -> str:
    """Decode a form value; what is not UTF-8 becomes a replacement character."""
    return unquote_to_bytes(raw.replace(b"+", b" ")).decode(errors="replace")


def plain_text(text: str) -> str:
    """Return a text that has no control characters but line breaks."""
    if not text or _CONTROL.search(text):
        raise ValueError("control characters")
    return text


class Side(NamedTuple):
    """A length in pixels, or a share of the side of an image."""

    value: Fraction
    is_share: bool = False

    def scaled(self, factor: Fraction) -> "Side":
        return Side(self.value * factor, self.is_share)


def side(text: str) -> Side:
    """Read a share, above 0 up to 1, or pixels from 2 on."""
    value = decimal(text)
    if 0 < value <= 1:
        return Side(value, is_share=True)
    if value < 2:  # noqa: PLR2004 - the least side in pixels
        raise ValueError("out of bounds")
    return Side(Fraction(min(half_up(value), MAX_LENGTH)))


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number, others are rounded; outside the bounds it is invalid if ``strict``, else the nearest in them."""

    low: int
    high: int
    strict: bool = False

    def __call__(self, text: str) -> int:
        value = half_up(decimal(text))
        if self.strict and not self.low <= value <= self.high:
            raise ValueError("out of bounds")
        return min(max(value, self.low), self.high)


@dataclass(frozen=True, slots=True)
class Real:
    """A number; the bounds as for ``Whole``."""

    low: Fraction | int
    high: Fraction | int
    strict: bool = False

    def __call__(self, text: str) -> Fraction:
        value = decimal(text)
        if self.strict and not self.low <= value <= self.high:
            raise ValueError("out of bounds")
        return Fraction(min(max(value, self.low), self.high))


@dataclass(frozen=True, slots=True)
class WordList:
    """Words between commas, in any case; unknown ones are ignored, but not all of them may be."""

    words: frozenset[str]

    def __call__(self, text: str) -> tuple[str, ...]:
        pieces = (piece.strip().lower() for piece in text.split(",", _MAX_LIST)[:_MAX_LIST])
        found = tuple(dict.fromkeys(piece for piece in pieces if piece in self.words))
        if not found:
            raise ValueError("none of the words")
        return found


def word_list(words: str) -> WordList:
    return WordList(frozenset(words.split()))


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """Values between commas."""

    read: Callable[[str], T]
    least: int
    most: int

    def __call__(self, text: str) -> tuple[T, ...]:
        pieces = text.split(",", self.most)
        if not self.least <= len(pieces) <= self.most:
            raise ValueError("wrong number of values")
        return tuple(self.read(piece.strip()) for piece in pieces)


_BOOLEANS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def boolean(text: str) -> bool:
    try:
        return _BOOLEANS[text.lower()]
    except KeyError:
        raise ValueError("not a boolean") from None


def colour(text: str) -> Colour:
    """Read a CSS name, or 3, 4, 6 or 8 hexadecimal digits: the alpha stands in front."""
    name = text.lower()
    return CSS_COLOURS[name] if name in CSS_COLOURS else hex_colour(text, Alpha.FIRST)


def reference(text: str) -> SourceRef:
    """Read the URL or the path of another image."""
    try:
        return parse_source(text)
    except InvalidParameter:
        raise ValueError("not a source") from None


def radii(text: str) -> CornerRadii:
    """Read one radius, or those of the corners clockwise from the top left one."""
    values = Listed(Whole(0, MAX_LENGTH, strict=True), 1, 4)(text)
    return CornerRadii(*four_sides([float(value) for value in values]))


class Edge(NamedTuple):
    """A border: its width, and its colour."""

    width: int
    colour: Colour


def edge(text: str) -> Edge:
    """Read ``width,colour``."""
    width, _, shade = text.partition(",")
    return Edge(Whole(0, 1_000)(width.strip()), colour(shade.strip()) if shade else Colour(0, 0, 0))


Position = Side | str
_HORIZONTAL: Final = frozenset(("left", "center", "right"))
_VERTICAL: Final = frozenset(("top", "middle", "center", "bottom"))


class Rect(NamedTuple):
    """A region: where it begins, in numbers or by a word, and its sides."""

    x: Position
    y: Position
    width: Side
    height: Side


def rect(text: str) -> Rect:
    """Read ``x,y,width,height``: pixels or shares, or words such as ``right,bottom`` for the first two."""
    pieces = Listed(str, 4, 4)(text.lower())
    x, y, width, height = pieces
    shares = any(0 < decimal(piece) < 1 for piece in pieces if piece not in _HORIZONTAL | _VERTICAL)
    found = Rect(
        x if x in _HORIZONTAL else _rect_number(x, shares=shares),
        y if y in _VERTICAL else _rect_number(y, shares=shares),
        _rect_number(width, shares=shares),
        _rect_number(height, shares=shares),
    )
    if not found.width.value or not found.height.value:
        raise ValueError("empty")
    return found


def _rect_number(text: str, *, shares: bool) -> Side:
    """Return a length; 1 is a pixel unless other numbers are shares."""
    value = decimal(text)
    if not 0 <= value <= MAX_LENGTH:
        raise ValueError("out of bounds")
    if 0 < value < 1 or (value == 1 and shares):
        return Side(value, is_share=True)
    return Side(Fraction(half_up(value)))


def timestamp(text: str) -> int:
    """Read seconds since the epoch, or a date of ISO 8601."""
    if text.isascii() and text.isdecimal() and len(text) <= 12:  # noqa: PLR2004 - digits
        return int(text)
    if len(text) > _MAX_DATE_CHARS:
        raise ValueError("too long")
    date = datetime.fromisoformat(text)
    return floor((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp())


def first_number(text: str) -> int:
    """Read a number from 1 on, or the first of an interval such as ``2-5``."""
    return Whole(1, MAX_LENGTH, strict=True)(text.partition("-")[0])
