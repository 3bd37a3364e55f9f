"""Converts sRGB values to Oklab, a perceptually uniform colour space, and back.

Formulas and matrices: Björn Ottosson, "A perceptual color space for image processing",
https://bottosson.github.io/posts/oklab/.
"""

from typing import NamedTuple


class Oklab(NamedTuple):
    """Lightness 0 to 1, and two colour axes around 0."""

    lightness: float
    a: float
    b: float

    def distance_squared(self, other: "Oklab") -> float:
        """Return the squared Euclidean distance."""
        return (self.lightness - other.lightness) ** 2 + (self.a - other.a) ** 2 + (self.b - other.b) ** 2


def srgb_to_oklab(red: float, green: float, blue: float) -> Oklab:
    """Convert sRGB values from 0 to 255."""
    red, green, blue = _srgb_to_linear(red), _srgb_to_linear(green), _srgb_to_linear(blue)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return Oklab(
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def oklab_to_srgb(lab: Oklab) -> bytes:
    """Return red, green and blue, each clamped to 0 and 255."""
    long = (lab.lightness + 0.3963377774 * lab.a + 0.2158037573 * lab.b) ** 3
    medium = (lab.lightness - 0.1055613458 * lab.a - 0.0638541728 * lab.b) ** 3
    short = (lab.lightness - 0.0894841775 * lab.a - 1.2914855480 * lab.b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return bytes(map(_linear_to_srgb, linear))


def _srgb_to_linear(value: float) -> float:
    fraction = value / 255
    return fraction / 12.92 if fraction <= 0.04045 else ((fraction + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - IEC 61966-2-1


def _linear_to_srgb(linear: float) -> int:
    linear = min(1.0, max(0.0, linear))
    fraction = linear * 12.92 if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055  # noqa: PLR2004 - IEC 61966-2-1
    return round(fraction * 255)
