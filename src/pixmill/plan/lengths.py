"""Lengths in whole pixels, and the one rounding rule.

Lengths are computed exactly, as fractions, and rounded half up to whole pixels, at least 1.
"""

from dataclasses import dataclass
from fractions import Fraction


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

    def scaled(self, scale: Fraction) -> "Size":
        """Multiply both sides, then round."""
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

    def scaled(self, scale: Fraction) -> Size:
        """Multiply both sides, then round."""
        return Size(round_length(self.width * scale), round_length(self.height * scale))

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

    @property
    def size(self) -> Size:
        return Size(self.width, self.height)


def round_length(length: Fraction | float) -> int:
    """Round a length half up, to at least 1."""
    return max(1, round_position(length))


def round_position(position: Fraction | float) -> int:
    """Round a position half up; it may be 0 or negative."""
    numerator, denominator = position.as_integer_ratio()
    return (2 * numerator + denominator) // (2 * denominator)


def exact_fraction(number: float) -> Fraction:
    """Return the decimal as written, not its binary approximation: 0.3 % of 500 is 1.5, not a little less."""
    return Fraction(repr(number))
