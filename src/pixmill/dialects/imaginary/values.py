"""Readers of imaginary's values: texts of a query, and values of JSON in a pipeline. Each raises ValueError.

Knows values only; must never know a parameter's name.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from pixmill.dialects.kit.numbers import GO_BOOLEANS, decimal
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Gravity, Point, Smart
from pixmill.plan.overlays import DEFAULT_FONT
from pixmill.plan.transforms import Fill

Value = str | int | float | bool | None
"""A text of a query, or a value of JSON."""

MAX_SIDE: Final = 65_535
UNSUPPORTED: Final = "unsupported value"

_HALF: Final = Fraction(1, 2)
_COMPONENT: Final = re.compile("[0-9]{1,18}")
_MAX_COMPONENTS: Final = 256
_RATIO_SIDE: Final = re.compile("[0-9]{1,9}")
_FAMILY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{0,63}")
_SIZE: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,2})?")
_GENERIC_FAMILIES: Final = frozenset(("", "sans", "sans-serif", "sans serif"))
_STYLES: Final = {"bold": "b", "italic": "i", "oblique": "i"}
_DEFAULT_POINTS: Final = 10.0


def whole(value: Value) -> int:
    """Read a whole number: of a text the absolute value, rounded half up. Larger ones count as ``MAX_SIDE``."""
    if isinstance(value, bool) or value is None:
        raise ValueError(UNSUPPORTED)
    if isinstance(value, str):
        return min(int(real(value) + _HALF), MAX_SIDE)
    return int(min(max(value, 0), MAX_SIDE))


def real(value: Value) -> Fraction:
    """Read a decimal number: of a text the absolute value. None is below 0."""
    if isinstance(value, bool) or value is None:
        raise ValueError(UNSUPPORTED)
    if isinstance(value, str):
        if not value:
            return Fraction(0)
        try:
            return abs(decimal(value))
        except ValueError:
            raise ValueError(f'strconv.ParseFloat: parsing "{value}": invalid syntax') from None
    return max(Fraction(value), Fraction(0))


def boolean(value: Value) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and (not value or value in GO_BOOLEANS):
        return bool(value) and GO_BOOLEANS[value]
    raise ValueError(UNSUPPORTED)


def text(value: Value) -> str:
    if isinstance(value, str):
        return value
    raise ValueError(UNSUPPORTED)


def colour(value: Value) -> Colour | None:
    """Read ``255,0,0``: components above 255 count as 255, those that are no numbers as 0. None for an empty text."""
    given = text(value)
    if not given:
        return None
    parts = given.split(",", _MAX_COMPONENTS)
    if len(parts) < 3:  # noqa: PLR2004 - red, green, blue
        raise ValueError("must be three numbers, r,g,b")
    red, green, blue = (_component(part.strip(" ")) for part in parts[:3])
    return Colour(red, green, blue)


def _component(part: str) -> int:
    return min(int(part), 255) if _COMPONENT.fullmatch(part) else 0


def gravity(value: Value) -> Gravity:
    """Read a direction or ``smart``; anything else is the centre."""
    return _GRAVITIES.get(text(value).strip().lower(), Point())


_GRAVITIES: Final[Mapping[str, Gravity]] = {
    "north": Point(0.5, 0.0),
    "south": Point(0.5, 1.0),
    "west": Point(0.0, 0.5),
    "east": Point(1.0, 0.5),
    "smart": Smart(),
}


def extend(value: Value) -> str:
    """Read how a canvas is filled; anything else is ``mirror``."""
    word = text(value).strip().lower()
    return word if word in _EXTENDS else "mirror"


COPY: Final = "copy"
WHITE: Final = "white"
BLACK: Final = "black"
_EXTENDS: Final = frozenset((COPY, WHITE, BLACK, "background", "lastpixel", "mirror"))
FILLS: Final[Mapping[str, Fill]] = {COPY: Fill.EDGE, "mirror": Fill.MIRROR}


def colourspace(value: Value) -> bool:
    """Read whether the image becomes grey."""
    return text(value) == "bw"


def ratio(value: Value) -> tuple[int, int] | None:
    """Read ``16:9``. None for an empty text."""
    given = text(value).strip()
    if not given:
        return None
    sides = given.split(":", 2)[:2]
    if len(sides) < 2 or not all(_RATIO_SIDE.fullmatch(side) and int(side) for side in sides):  # noqa: PLR2004
        raise ValueError("must be a ratio, such as 16:9")
    return int(sides[0]), int(sides[1])


def font(description: str) -> tuple[str, str, float]:
    """Return family, elements of style and points of a font such as ``sans bold 12``."""
    words = description.split(" ", 16)
    points = _DEFAULT_POINTS
    if words and _SIZE.fullmatch(words[-1]):
        points = float(words.pop())
    style = "".join(dict.fromkeys(_STYLES[word.lower()] for word in words if word.lower() in _STYLES))
    family = " ".join(word for word in words if word.lower() not in _STYLES)
    is_generic = family.lower() in _GENERIC_FAMILIES or not _FAMILY.fullmatch(family)
    return DEFAULT_FONT if is_generic else family, style, points
