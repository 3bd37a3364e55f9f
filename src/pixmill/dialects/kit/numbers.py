"""Readers of numbers and other short values. Knows text and values; must never know a parameter's name.

A reader is called with a decoded text and returns its value, or raises ValueError; ``expects`` says in words what it
accepts, to follow "must be". Each reads a text once, and bounds the digits before it converts them. The ``leading_…``
functions read numbers as PHP and JavaScript do: what stands in front counts, and the rest is ignored.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Generic, Protocol, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

MAX_CHARS: Final = 32
"""Of a number: more digits than a double has, with sign, point and exponent."""

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_DECIMAL: Final = re.compile(r"([+-]?)(?:([0-9]{1,18})(?:\.([0-9]{0,18}))?|\.([0-9]{1,18}))(?:[eE]([+-]?[0-9]{1,2}))?")
_LEADING_INTEGER: Final = re.compile(r"[ \t]{0,8}([+-]?[0-9]{1,18})")
_LEADING_DECIMAL: Final = re.compile(r"[ \t]{0,8}([+-]?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18}))")
_MAX_EXPONENT: Final = 18
_WHOLE_TURN: Final = 360
_ANGLE_STEPS: Final = 10_000
"""Of a degree: at the corners of the largest image a step moves a pixel by less than an eighth."""


class Reader(Protocol[T_co]):
    """Reads the text of a value."""

    @property
    def expects(self) -> str:
        """The valid texts in words, to follow "must be"."""

    def __call__(self, text: str) -> T_co:
        """Read a text. Raises ValueError."""


def integer(text: str) -> int:
    """Read a whole number: digits after an optional sign. Raises ValueError."""
    if not _INTEGER.fullmatch(text):
        raise ValueError("not a whole number")
    return int(text)


def decimal(text: str) -> Fraction:
    """Read a decimal number exactly: ``5``, ``-5.25``, ``.5``, ``5.``, ``5e-1``. Raises ValueError."""
    match = _DECIMAL.fullmatch(text) if len(text) <= MAX_CHARS else None
    if match is None:
        raise ValueError("not a number")
    sign, whole, fraction, only_fraction, exponent = match.groups()
    decimals = fraction or only_fraction or ""
    power = int(exponent or 0)
    if abs(power) > _MAX_EXPONENT:
        raise ValueError("the exponent is too large")
    digits = int((whole or "") + decimals)
    scale = power - len(decimals)
    value = Fraction(digits * 10**scale) if scale >= 0 else Fraction(digits, 10**-scale)
    return -value if sign == "-" else value


def leading_integer(text: str, default: int = 0) -> int:
    """Read the whole number in front, as ``(int)"300px"`` and ``parseInt``; ``default`` if there is none."""
    match = _LEADING_INTEGER.match(text)
    return int(match[1]) if match else default


def leading_decimal(text: str, default: Fraction = Fraction(0)) -> Fraction:
    """Read the decimal number in front, as ``parseFloat``; ``default`` if there is none."""
    match = _LEADING_DECIMAL.match(text)
    return decimal(match[1]) if match else default


def half_up(value: Fraction) -> int:
    """Round to the nearest whole number, halves up, as ``Math.round`` of JavaScript.

    In whole numbers: ``floor(value + Fraction(1, 2))`` takes ten times as long, and a URL has ten lengths.
    """
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def angle(degrees: Fraction | float) -> Fraction:
    """Return an angle as a plan holds it: from 0 to below 360 degrees, rounded to a ten-thousandth of a degree.

    Rounded first: a float of the remainder of -1e-18, or of 359 with twenty nines behind it, would be 360.
    """
    if not isinstance(degrees, float) and degrees.denominator == 1:
        return Fraction(int(degrees) % _WHOLE_TURN)
    return Fraction(round(Fraction(degrees) * _ANGLE_STEPS), _ANGLE_STEPS) % _WHOLE_TURN


def ratio(text: str, separators: str = ":/x") -> Fraction:
    """Read an aspect ratio: ``16:9``, ``1.91:1`` or ``1.5``, above 0. Raises ValueError."""
    for separator in separators:
        if separator in text:
            width, height = text.split(separator, 1)
            return _positive(decimal(width)) / _positive(decimal(height))
    return _positive(decimal(text))


def _positive(value: Fraction) -> Fraction:
    if value <= 0:
        raise ValueError("must be above 0")
    return value


def share(text: str, marks: str = "%p") -> Fraction:
    """Read a percentage, ``50%`` or ``50p``, as a share of 1. Raises ValueError."""
    if not text or text[-1] not in marks:
        raise ValueError("not a percentage")
    return decimal(text[:-1]) / 100


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number within bounds; ``clamps``: one beyond them counts as the nearest of them."""

    low: int
    high: int
    clamps: bool = False

    @property
    def expects(self) -> str:
        return f"a whole number from {self.low} to {self.high}"

    def __call__(self, text: str) -> int:
        value = integer(text)
        if self.clamps:
            return min(max(value, self.low), self.high)
        if not self.low <= value <= self.high:
            raise ValueError("out of bounds")
        return value


@dataclass(frozen=True, slots=True)
class Decimal:
    """A decimal number within bounds, kept exact; ``clamps`` as for ``Integer``."""

    low: Fraction | int
    high: Fraction | int
    clamps: bool = False

    @property
    def expects(self) -> str:
        return f"a number from {float(self.low):g} to {float(self.high):g}"

    def __call__(self, text: str) -> Fraction:
        value = decimal(text)
        if self.clamps:
            return Fraction(min(max(value, self.low), self.high))
        if not self.low <= value <= self.high:
            raise ValueError("out of bounds")
        return value


@dataclass(frozen=True, slots=True)
class Words(Generic[T]):
    """One of a few words; ``folds_case``: in any case, with words given in lower case."""

    values: Mapping[str, T]
    folds_case: bool = False

    @property
    def expects(self) -> str:
        *others, last = self.values
        return f"{', '.join(others)} or {last}" if others else last

    def __call__(self, text: str) -> T:
        try:
            return self.values[text.lower() if self.folds_case else text]
        except KeyError:
            raise ValueError("not one of the words") from None


@dataclass(frozen=True, slots=True)
class Items(Generic[T]):
    """Several values between separators."""

    read: Reader[T]
    separator: str = ","
    least: int = 1
    most: int = 16

    @property
    def expects(self) -> str:
        return f"{self.least} to {self.most} values separated by {self.separator!r}, each {self.read.expects}"

    def __call__(self, text: str) -> tuple[T, ...]:
        pieces = text.split(self.separator, self.most)
        if not self.least <= len(pieces) <= self.most:
            raise ValueError("wrong number of values")
        return tuple(map(self.read, pieces))


def four_sides(values: Sequence[T]) -> tuple[T, T, T, T]:
    """Return one to four values as CSS gives them to four sides or corners, clockwise. Raises ValueError for others."""
    match values:
        case [every]:
            return every, every, every, every
        case [first, second]:
            return first, second, first, second
        case [first, second, third]:
            return first, second, third, second
        case [first, second, third, fourth]:
            return first, second, third, fourth
        case _:
            raise ValueError("one to four values are needed")


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """A reader made of a function and the words for what it accepts."""

    read: Callable[[str], T]
    expects: str

    def __call__(self, text: str) -> T:
        return self.read(text)


GO_BOOLEANS: Final[Mapping[str, bool]] = dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True) | dict.fromkeys(
    ("0", "f", "F", "FALSE", "false", "False"), False
)
"""What ``strconv.ParseBool`` accepts."""
