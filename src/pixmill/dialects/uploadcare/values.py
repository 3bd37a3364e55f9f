"""Arguments of Uploadcare's operations: lengths, sizes, points, radii. Knows texts and values only.

Readers raise ValueError.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from pixmill.plan.gravity import Point
from pixmill.plan.overlays import Length, Placement
from pixmill.plan.shapes import CornerRadii

MAX_LENGTH: Final = 65_535
_MAX_RADII: Final = 4
_LENGTH: Final = re.compile(r"(-?)([0-9]{1,9}(?:\.[0-9]{1,6})?)(px|p|%)?")
_SIZE: Final = re.compile(r"([0-9.]{1,16}[p%]?)?x([0-9.]{1,16}[p%]?)?")
_WORDS: Final = {
    "center": (None, None),
    "left": (Fraction(0), None),
    "right": (Fraction(1), None),
    "top": (None, Fraction(0)),
    "bottom": (None, Fraction(1)),
}
_HALF: Final = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Measure:
    """Pixels, or a share of a side."""

    value: Fraction
    is_share: bool = False

    @property
    def number(self) -> float:
        """The number as a plan has it: pixels or percent."""
        return round(float(self.value * 100 if self.is_share else self.value), 6)

    @property
    def length(self) -> Length:
        return Length(self.number, self.is_share)


def measure(text: str, *, signed: bool = False) -> Measure:
    """Read ``300``, ``50p`` or ``50%``."""
    match = _LENGTH.fullmatch(text)
    if match is None or (match[1] and not signed):
        raise ValueError("not a length")
    value = Fraction(match[2]) * (-1 if match[1] else 1)
    is_share = match[3] in ("p", "%")
    if abs(value) > (1_000 if is_share else MAX_LENGTH) or (not is_share and value.denominator != 1):
        raise ValueError("out of bounds")
    return Measure(value / 100 if is_share else value, is_share)


def is_size(text: str) -> bool:
    return bool(_SIZE.fullmatch(text))


def sides(text: str) -> tuple[Measure | None, Measure | None]:
    """Read ``300x200``, ``50px50p``, ``300x`` or ``x200``: None for a free side. No side is 0."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError("not a size")
    width, height = (measure(side) if side else None for side in match.groups())
    if (width is None and height is None) or any(side is not None and not side.value for side in (width, height)):
        raise ValueError("not a size")
    return width, height


def pixels(text: str) -> tuple[int, int]:
    """Read sides in pixels; 0 for a free one."""
    found = sides(text)
    if any(side is not None and side.is_share for side in found):
        raise ValueError("must be in pixels")
    width, height = (int(side.value) if side else 0 for side in found)
    return width, height


@dataclass(frozen=True, slots=True)
class Dimensions:
    """A width and a height."""

    width: Measure
    height: Measure

    @property
    def units(self) -> set[bool]:
        """Whether the sides are shares."""
        return {self.width.is_share, self.height.is_share}


def dimensions(text: str) -> Dimensions:
    """Read ``300x200`` or ``50px50p``."""
    width, height = sides(text)
    if width is None or height is None:
        raise ValueError("must have both sides")
    return Dimensions(width, height)


@dataclass(frozen=True, slots=True)
class Alignment:
    """A position: pixels from the top left corner, or shares of the space that is left."""

    x: Measure
    y: Measure

    @property
    def point(self) -> Point:
        """The gravity of a window."""
        offset_x, offset_y = (0 if side.is_share else int(side.value) for side in (self.x, self.y))
        return Point(_unit(self.x), _unit(self.y), offset_x, offset_y, proportional=True)

    @property
    def placement(self) -> Placement:
        """The position of an overlay."""
        offset_x, offset_y = (Length(0.0) if side.is_share else side.length for side in (self.x, self.y))
        return Placement(_unit(self.x), _unit(self.y), offset_x, offset_y)


def _unit(side: Measure) -> float:
    return min(max(round(float(side.value), 6), 0.0), 1.0) if side.is_share else 0.0


TOP_LEFT: Final = Alignment(Measure(Fraction(0)), Measure(Fraction(0)))
CENTRE: Final = Alignment(Measure(_HALF, is_share=True), Measure(_HALF, is_share=True))


def alignment(text: str) -> Alignment:
    """Read ``center``, ``top``, ``10,20``, ``50p,100p`` or ``right,bottom``."""
    first, comma, second = text.partition(",")
    if not comma:
        x, y = _WORDS.get(first) or _not_a_position()
        return Alignment(_share(x), _share(y))
    if first in _WORDS or second in _WORDS:
        return _by_words(first, second)
    return Alignment(measure(first, signed=True), measure(second, signed=True))


def _by_words(first: str, second: str) -> Alignment:
    """Read two positions of which one is a word; words of the other axis may change places."""
    if first in ("top", "bottom") or second in ("left", "right"):
        first, second = second, first
    x = _share((_WORDS.get(first) or (measure(first, signed=True), None))[0])
    y = _share((_WORDS.get(second) or (None, measure(second, signed=True)))[1])
    if first in ("top", "bottom") or second in ("left", "right"):
        _not_a_position()
    return Alignment(x, y)


def _share(value: Fraction | Measure | None) -> Measure:
    return value if isinstance(value, Measure) else Measure(_HALF if value is None else value, is_share=True)


def _not_a_position() -> tuple[None, None]:
    raise ValueError("not a position")


def radii(text: str) -> CornerRadii:
    """Read one to four radii, as CSS has them: from the top left corner clockwise."""
    found = [measure(part) for part in text.split(",", _MAX_RADII)]
    if len(found) > _MAX_RADII or len({one.is_share for one in found if one.value}) > 1:
        raise ValueError("not radii of one unit")
    top_left = found[0]
    top_right = found[1] if len(found) > 1 else top_left
    bottom_right = found[2] if len(found) > 2 else top_left  # noqa: PLR2004 - corners
    bottom_left = found[3] if len(found) > 3 else top_right  # noqa: PLR2004 - corners
    is_share = any(one.is_share for one in found if one.value)
    return CornerRadii(top_left.number, top_right.number, bottom_right.number, bottom_left.number, percent=is_share)
