"""Lengths in whole pixels, and how they are rounded.

Lengths are computed exactly, as fractions, and rounded to whole pixels, at least 1: half up, unless another rule is
named.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import ceil, floor
from typing import Final


class RoundingMode(StrEnum):
    """How a length becomes whole pixels.

    The reciprocal rules round to the nearest, but multiply by the reciprocal of the shrink factor in double precision,
    as imgproxy and sharp do: 900 pixels of an image that shrinks from 600 to 333 become 499, not 499.5.
    ``DOUBLE_TRUNCATE`` multiplies by the factor in double precision, as Wagtail does: 800 pixels at 87 of 1200 are 57.
    ``COMPLETED_BOX`` rounds a free side of the box half to even, and then fits the image into that box, rounded half
    up, as thumbor's ``fit-in`` does: 1200 × 796 at a width of 100 becomes 99 × 66.
    """

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    TRUNCATE = "truncate"
    DOUBLE_TRUNCATE = "double_truncate"
    CEIL = "ceil"
    RECIPROCAL_HALF_UP = "reciprocal_half_up"
    RECIPROCAL_HALF_EVEN = "reciprocal_half_even"
    COMPLETED_BOX = "completed_box"


@dataclass(frozen=True, slots=True)
class Size:
    """A width and a height in pixels, both at least 1."""

    width: int
    height: int

    @property
    def sides(self) -> tuple[int, int]:
        return self.width, self.height

    @property
    def pixels(self) -> int:
        return self.width * self.height

    @property
    def transposed(self) -> "Size":
        """The size with its sides swapped."""
        return Size(self.height, self.width)

    def scaled(self, scale: Fraction, rounding: RoundingMode = RoundingMode.HALF_UP) -> "Size":
        """Multiply both sides, then round."""
        if rounding is not RoundingMode.HALF_UP:
            return Size(_scaled_side(self.width, scale, rounding), _scaled_side(self.height, scale, rounding))
        # Integers: fractions are slow, and every render needs this.
        numerator, denominator = scale.as_integer_ratio()
        return Size(
            max(1, (2 * self.width * numerator + denominator) // (2 * denominator)),
            max(1, (2 * self.height * numerator + denominator) // (2 * denominator)),
        )


@dataclass(frozen=True, slots=True)
class RealSize:
    """The exact sides of a vector drawing, which need not be whole pixels; both above 0."""

    width: Fraction
    height: Fraction

    @property
    def sides(self) -> tuple[Fraction, Fraction]:
        return self.width, self.height

    @property
    def transposed(self) -> "RealSize":
        """The size with its sides swapped."""
        return RealSize(self.height, self.width)

    def scaled(self, scale: Fraction, rounding: RoundingMode = RoundingMode.HALF_UP) -> Size:
        """Multiply both sides, then round."""
        return Size(_scaled_side(self.width, scale, rounding), _scaled_side(self.height, scale, rounding))

    def part(self, part: Size, whole: Size) -> "RealSize":
        """Return the exact size of a part of the image in whole pixels."""
        return RealSize(self.width * part.width / whole.width, self.height * part.height / whole.height)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of whole pixels inside an image."""

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def whole(cls, size: Size) -> "Box":
        return cls(0, 0, size.width, size.height)

    @property
    def size(self) -> Size:
        return Size(self.width, self.height)


def round_length(length: Fraction | float, rounding: RoundingMode = RoundingMode.HALF_UP) -> int:
    """Round a length, to at least 1."""
    return max(1, _ROUND[rounding](length))


def _scaled_side(side: Fraction | int, scale: Fraction, rounding: RoundingMode) -> int:
    if rounding in _RECIPROCAL:
        return round_length(float(side) * (1.0 / float(1 / scale)), rounding)
    if rounding is RoundingMode.DOUBLE_TRUNCATE:
        return round_length(float(side) * float(scale), rounding)
    return round_length(side * scale, rounding)


def round_position(position: Fraction | float) -> int:
    """Round a position half up; it may be 0 or negative."""
    numerator, denominator = position.as_integer_ratio()
    return (2 * numerator + denominator) // (2 * denominator)


def exact_fraction(number: float) -> Fraction:
    """Return the decimal as written, not its binary approximation: 0.3 % of 500 is 1.5, not a little less."""
    return Fraction(repr(number))


_ROUND: Final[Mapping[RoundingMode, Callable[[Fraction | float], int]]] = {
    RoundingMode.HALF_UP: round_position,
    RoundingMode.HALF_EVEN: round,
    RoundingMode.TRUNCATE: floor,
    RoundingMode.DOUBLE_TRUNCATE: floor,
    RoundingMode.CEIL: ceil,
    RoundingMode.RECIPROCAL_HALF_UP: round_position,
    RoundingMode.RECIPROCAL_HALF_EVEN: round,
    RoundingMode.COMPLETED_BOX: round_position,
}
_RECIPROCAL: Final = frozenset((RoundingMode.RECIPROCAL_HALF_UP, RoundingMode.RECIPROCAL_HALF_EVEN))
