"""Lengths in whole pixels, and the one rule by which they become whole.

A length is computed exactly, as a fraction, and rounded half up to a whole pixel, never below 1.
"""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Size:
    """A width and a height in pixels, both at least 1."""

    width: int
    height: int

    @property
    def pixels(self) -> int:
        return self.width * self.height

    @property
    def transposed(self) -> "Size":
        """The same, lying on its side."""
        return Size(self.height, self.width)

    def scaled(self, scale: Fraction) -> "Size":
        """Both sides multiplied, then rounded."""
        numerator, denominator = (
            scale.as_integer_ratio()
        )  # integers: every render comes by here, and fractions are slow
        return Size(
            max(1, (2 * self.width * numerator + denominator) // (2 * denominator)),
            max(1, (2 * self.height * numerator + denominator) // (2 * denominator)),
        )


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of whole pixels inside a picture."""

    left: int
    top: int
    width: int
    height: int

    @property
    def size(self) -> Size:
        return Size(self.width, self.height)


def round_length(length: Fraction | float) -> int:
    """The one rounding rule for lengths: half up, never below 1."""
    return max(1, round_position(length))


def round_position(position: Fraction | float) -> int:
    """The same for positions, which may be 0 or less."""
    numerator, denominator = position.as_integer_ratio()
    return (2 * numerator + denominator) // (2 * denominator)


def exact_fraction(number: float) -> Fraction:
    """The decimal that was written, not the binary number next to it: 0.3 % of 500 is 1.5, not a little less."""
    return Fraction(repr(number))
