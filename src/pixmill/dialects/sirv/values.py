"""Reads the values of Sirv's options: lengths, places, colours, ratios. Each raises ValueError.

Knows texts and values; must never know which option has a value.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from pixmill.dialects.kit.colours import css_colour
from pixmill.dialects.kit.encodings import form_decode
from pixmill.dialects.kit.numbers import angle, decimal, share
from pixmill.plan.colour import Colour
from pixmill.plan.overlays import Length

MAX_SIDE: Final = 65_535
MAX_SHARE: Final = 100
"""Of a side: 10,000 %."""

_LINE_BREAK: Final = re.compile(rb"%0[Dd]%0[Aa]|%0[AaDd]")
_FAMILY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{0,63}")


@dataclass(frozen=True, slots=True)
class Side:
    """A length: pixels, or a share of the side of the image."""

    value: Fraction
    is_share: bool = False

    @property
    def number(self) -> float:
        """The number of a crop or a canvas: pixels or percent."""
        return float(self.value * 100 if self.is_share else self.value)

    @property
    def length(self) -> Length:
        """The length on a result."""
        return Length(max(min(self.number, float(MAX_SIDE)), float(-MAX_SIDE)), percent=self.is_share)


@dataclass(frozen=True, slots=True)
class Start:
    """Where a crop begins along one axis: at a length, or where a word says, 0 to 1 of the space that is left."""

    side: Side = Side(Fraction(0))
    anchor: float | None = None


_ANCHORS: Final = {"left": 0.0, "top": 0.0, "center": 0.5, "centre": 0.5, "middle": 0.5, "right": 1.0, "bottom": 1.0}


def offset(text: str) -> Side:
    """Read ``40``, ``-40``, ``40px`` or ``40%``."""
    is_share = text.endswith("%")
    value = share(text, "%") if is_share else decimal(text.removesuffix("px"))
    if abs(value) > (MAX_SHARE if is_share else MAX_SIDE):
        raise ValueError("out of bounds")
    return Side(value, is_share)


def side(text: str) -> Side:
    """Read a length that is not negative."""
    found = offset(text)
    if found.value < 0:
        raise ValueError("negative")
    return found


def share_of_width(text: str) -> Fraction:
    """Read ``40%`` or ``40``, which is the same, as a share."""
    found = decimal(text.removesuffix("%")) / 100
    if not 0 < found <= 1:
        raise ValueError("out of bounds")
    return found


def start(text: str) -> Start:
    word = text.lower()
    return Start(anchor=_ANCHORS[word]) if word in _ANCHORS else Start(offset(text))


def colour(text: str) -> Colour:
    """Read 3, 4, 6 or 8 hexadecimal digits with or without ``#``, a CSS name, or ``rgb()``."""
    return css_colour(text)


def percentage(text: str) -> Fraction:
    """Read 0 to 100, with or without ``%``."""
    return min(max(decimal(text.removesuffix("%")), Fraction(0)), Fraction(100))


def signed_percentage(text: str) -> Fraction:
    """Read -100 to 100, with or without ``%``."""
    return min(max(decimal(text.removesuffix("%")), Fraction(-100)), Fraction(100))


def vignette(text: str) -> Fraction:
    """Read a strength in percent, 20 if there is none."""
    return percentage(text or "20")


def degrees(text: str) -> Fraction:
    found = decimal(text)
    if abs(found) > 360:  # noqa: PLR2004 - a full turn
        raise ValueError("out of bounds")
    return angle(found)


def family(text: str) -> str:
    """Read a font family; one that no font can have is an empty text."""
    return text if _FAMILY.fullmatch(text) else ""


def decode(raw: bytes) -> str:
    """Decode a name or a value; escaped line breaks, which texts may have, stay."""
    return "\n".join(map(form_decode, _LINE_BREAK.split(raw))) if b"%0" in raw else form_decode(raw)
