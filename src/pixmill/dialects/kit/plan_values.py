"""Readers of values that plans have: aspect ratios, and sources that are the path of a URL.

Knows text and plans; must never know a dialect.
"""

from fractions import Fraction
from typing import Final

from pixmill.dialects.kit.encodings import percent_decode
from pixmill.dialects.kit.numbers import ratio
from pixmill.errors import InvalidParameter
from pixmill.media import Format
from pixmill.plan.ops import Aspect
from pixmill.plan.source import SourceRef, parse_source

ENCODED_AGAIN: Final = (
    *(Format.JPEG, Format.PNG, Format.GIF, Format.WEBP, Format.AVIF, Format.TIFF, Format.HEIC, Format.BMP, Format.JXL),
    Format.SVG,
)
"""``original_formats`` of an output whose quality a URL names: the original's bytes are not the answer then."""

_MAX_RATIO: Final = 10_000


def aspect(text: str) -> Aspect:
    """Read a ratio such as ``16:9`` or ``1.5``, of 1:10,000 to 10,000:1. Raises ValueError."""
    value = ratio(text, ":")
    if not Fraction(1, _MAX_RATIO) <= value <= _MAX_RATIO:
        raise ValueError("out of bounds")
    return nearest_aspect(value)


def nearest_aspect(ratio: Fraction) -> Aspect:
    """Return the ratio that a plan can hold next to this one, which is above 0: from 1:10,000 to 10,000:1."""
    lowest, highest = Fraction(1, _MAX_RATIO), Fraction(_MAX_RATIO)
    value = min(max(ratio, lowest), highest).limit_denominator(_MAX_RATIO)
    return Aspect(value.numerator, value.denominator)


def path_text(path: bytes) -> str:
    """Return a raw path decoded, with one slash in front. Raises InvalidParameter."""
    try:
        return "/" + percent_decode(path).removeprefix("/")
    except ValueError:
        raise InvalidParameter("The path is not UTF-8, or has control characters", param="image") from None


def path_source(path: bytes) -> SourceRef:
    """Return the original that a raw path names. Raises InvalidParameter."""
    return parse_source(path_text(path))
