"""Reads the arguments of modifiers as ipx does: version 3 as JavaScript values, version 4 by the kind of each argument.

Knows text and values; must never know a modifier. Every reader takes a decoded text, or None for an argument that is
missing, and raises ValueError for what sharp or ipx refuses. None as a result means not given.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Final, TypeVar

from pixmill.dialects.kit.colours import css_colour
from pixmill.plan.colour import Colour

MAX_NUMBER_CHARS: Final = 40

T = TypeVar("T")
JsValue = str | float | bool | None

_JSON_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,20})(?:\.[0-9]{1,17})?(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_WORDS: Final[Mapping[str, JsValue]] = {"true": True, "false": False, "undefined": None, "null": None}
_SIZE: Final = re.compile(r"([0-9]{1,12})(?:x([0-9]{1,12}))?", re.ASCII)
_HEX: Final = re.compile("#?(?:[0-9A-Fa-f]{3,4}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8})")
_SHORT_HEX: Final = re.compile("(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})")
_SIDES: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_FUNCTIONS: Final = ("rgb", "hsl", "hwb")


def number(text: str) -> float | None:
    """Return the number that a text is in JSON, None if it is none."""
    stripped = text.strip(" \t\n\r")
    if len(stripped) > MAX_NUMBER_CHARS or not _JSON_NUMBER.fullmatch(stripped):
        return None
    value = float(stripped)
    return value if isfinite(value) else None


def js_value(text: str | None) -> JsValue:
    """Return the value that version 3 takes a text for: a number, a boolean, or the text; None for undefined."""
    if text is None:
        return None
    if text.strip().lower() in _WORDS:
        return _WORDS[text.strip().lower()]
    value = number(text)
    return text if value is None else value


def whole(low: int, high: int) -> Callable[[JsValue], int | None]:
    """Build a check of sharp: a whole number within bounds, if the value is defined."""

    def check(value: JsValue) -> int | None:
        if value is None:
            return None
        if isinstance(value, bool | str) or value != int(value) or not low <= value <= high:
            raise ValueError(f"an integer between {low} and {high}")
        return int(value)

    return check


def real(low: float, high: float) -> Callable[[JsValue], float | None]:
    """Build a check of sharp: a number within bounds, if the value is defined."""

    def check(value: JsValue) -> float | None:
        if value is None:
            return None
        if isinstance(value, bool | str) or not low <= value <= high:
            raise ValueError(f"a number between {low:g} and {high:g}")
        return float(value)

    return check


def box3(text: str | None) -> tuple[int, int] | None:
    """Return the sides of ``resize`` in version 3; None if the first is no number."""
    first, _, rest = (text or "").partition("x")
    second = rest.partition("x")[0]
    width = _side(first)
    if not width:
        return None
    return width, _side(second) or width


def _side(text: str) -> int:
    """Return what ``Number`` makes of a side; 0 for NaN. Raises ValueError for numbers that sharp refuses."""
    if _SIDES.fullmatch(text.strip()):
        return int(text)
    value = number(text)
    if value is None:
        return 0
    if value != int(value) or value < 0:
        raise ValueError("a positive integer")
    return int(value)


def colour3(text: str | None) -> Colour | None:
    """Return a background in version 3: hexadecimal digits may lack their ``#`` if they are 3 or 6."""
    if text is None or text == "undefined":
        return None
    if not text.startswith("#") and _HEX.fullmatch(text) and not _SHORT_HEX.fullmatch(text):
        raise ValueError("a colour")
    return _colour(text)


def tint3(text: str | None) -> Colour | None:
    """Return the colour of ``tint`` in version 3, whose digits need their ``#``."""
    if text is not None and not text.startswith("#") and _HEX.fullmatch(text):
        raise ValueError("a colour")
    return None if text is None else _colour(text)


def _colour(text: str) -> Colour:
    try:
        return css_colour(text)
    except ValueError:
        raise ValueError("a colour") from None


def is_omitted(text: str | None) -> bool:
    return text in {None, "", "undefined"}


@dataclass(frozen=True, slots=True)
class Number4:
    """A number of version 4; ``required``: it must not be missing."""

    name: str
    low: float | None = None
    high: float | None = None
    integer: bool = False
    required: bool = False

    @property
    def expects(self) -> str:
        kind = "an integer" if self.integer else "a number"
        if self.low is not None and self.high is not None:
            return f"{kind} between {self.low:g} and {self.high:g}"
        return f"{kind} greater than or equal to {self.low:g}" if self.low is not None else kind

    def __call__(self, text: str | None) -> float | None:
        if text is None or is_omitted(text):
            return None
        value = number(text)
        is_valid = (
            value is not None
            and (not self.integer or value == int(value))
            and (self.low is None or value >= self.low)
            and (self.high is None or value <= self.high)
        )
        if not is_valid:
            raise ValueError(self.expects)
        return value


@dataclass(frozen=True, slots=True)
class Word4:
    """One of a few words of version 4."""

    name: str
    words: tuple[str, ...]
    required: bool = False

    def __call__(self, text: str | None) -> str | None:
        if text is None or is_omitted(text):
            return None
        if text not in self.words:
            raise ValueError(f"one of: {', '.join(self.words)}")
        return text


@dataclass(frozen=True, slots=True)
class Flag4:
    """A boolean of version 4."""

    name: str
    required: bool = False

    def __call__(self, text: str | None) -> bool | None:
        if text is None or is_omitted(text):
            return None
        if text not in {"true", "1", "false", "0"}:
            raise ValueError("`true` or `false`")
        return text in {"true", "1"}


@dataclass(frozen=True, slots=True)
class Colour4:
    """A colour of version 4."""

    name: str
    required: bool = False

    def __call__(self, text: str | None) -> Colour | None:
        if text is None or is_omitted(text):
            return None
        try:
            return css_colour(text)
        except ValueError:
            raise ValueError("a hex (`f00`, `ff0000`) or named (`red`) colour") from None


@dataclass(frozen=True, slots=True)
class Box4:
    """The sides of ``resize`` in version 4."""

    name: str
    required: bool = False

    def __call__(self, text: str | None) -> tuple[int, int] | None:
        if text is None or is_omitted(text):
            return None
        match = _SIZE.fullmatch(text)
        width = int(match[1]) if match else 0
        height = int(match[2]) if match and match[2] else width
        if not width or not height:
            raise ValueError("`{width}x{height}` of positive integers")
        return width, height
