"""Readers of the values of parameters: sides, ratios, gravities, angles, radii, colours.

Each raises ValueError for a text that it does not accept. Knows values only; must never know a parameter's name.
"""

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from pixmill.dialects.kit.colours import hex_colour, named_colour
from pixmill.dialects.kit.numbers import Integer, decimal, four_sides, half_up, integer
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import MAX_PIXELS
from pixmill.plan.ops import MAX_SIDE, Aspect, Flip
from pixmill.plan.output import Subsampling
from pixmill.plan.shapes import Border

_MAX_SHARE: Final = 100
_EXPRESSION: Final = re.compile(r"(?:i|o|b|p|t)?[wh](?:_|$)|ar_|\$|!")


@dataclass(frozen=True, slots=True)
class Side:
    """A side or a coordinate: pixels, or a share of the image if ``is_share``."""

    value: Fraction
    is_share: bool = False

    def scaled(self, dpr: Fraction) -> "Side":
        return self if self.is_share else replace(self, value=self.value * dpr)

    @property
    def pixels(self) -> int:
        """Whole pixels, rounded half up."""
        return half_up(self.value)


class Auto:
    """A value that is left to the client."""


AUTO: Final = Auto()


def side(text: str) -> Side | Auto:
    """Read ``300``, ``0.5`` or ``auto`` with whatever follows."""
    if text == "auto" or text.startswith("auto:"):
        return AUTO
    _refuse_expression(text)
    value = decimal(text)
    is_share = "." in text
    if not 0 < value <= (_MAX_SHARE if is_share else MAX_SIDE) or (not is_share and value.denominator != 1):
        raise ValueError("out of bounds")
    return Side(value, is_share)


def coordinate(text: str) -> Side:
    """Read ``10``, ``-10`` or ``0.1``."""
    _refuse_expression(text)
    value = decimal(text)
    is_share = "." in text
    if abs(value) > (1 if is_share else MAX_PIXELS) or (not is_share and value.denominator != 1):
        raise ValueError("out of bounds")
    return Side(value, is_share)


def _refuse_expression(text: str) -> None:
    if _EXPRESSION.match(text):
        raise ValueError("variables and expressions are not evaluated")


def aspect(text: str) -> Aspect:
    """Read ``16:9``, of whole numbers, or ``1.5``."""
    width, colon, height = text.partition(":")
    ratio = Fraction(_PART(width), _PART(height)) if colon else decimal(text).limit_denominator(10_000)
    if not Fraction(1, 1_000) <= ratio <= _MAX_RATIO:
        raise ValueError("out of bounds")
    return Aspect(ratio.numerator, ratio.denominator)


_PART: Final = Integer(1, 65_535)
_MAX_RATIO: Final = 1_000

DIRECTIONS: Final = {
    "north_west": (0.0, 0.0),
    "north": (0.5, 0.0),
    "north_east": (1.0, 0.0),
    "west": (0.0, 0.5),
    "center": (0.5, 0.5),
    "east": (1.0, 0.5),
    "south_west": (0.0, 1.0),
    "south": (0.5, 1.0),
    "south_east": (1.0, 1.0),
}
AUTOMATIC: Final = "auto"
FACE: Final = "face"
XY_CENTRE: Final = "xy_center"
_FACES: Final = frozenset({"face", "faces", "adv_face", "adv_faces", "adv_eyes"})


def gravity(text: str) -> str:
    """Read a gravity: a direction, ``auto``, ``face`` for all kinds of faces, or ``xy_center``."""
    word, _, rest = text.partition(":")
    if text in DIRECTIONS or text == XY_CENTRE:
        return text
    if word in _FACES or (word == AUTOMATIC and rest in _FACES):
        return FACE
    if word == AUTOMATIC:
        return AUTOMATIC
    raise ValueError("not a gravity that is known here")


@dataclass(frozen=True, slots=True)
class Angle:
    """What ``a_`` does: turns and mirrorings in order, and whether the recorded orientation is ignored."""

    steps: tuple[Fraction | Flip, ...] = ()
    ignores_orientation: bool = False


_FLIPS: Final = {"hflip": Flip.HORIZONTAL, "vflip": Flip.VERTICAL}
_MAX_STEPS: Final = 8


def angle(text: str) -> Angle:
    """Read ``90``, ``-20``, ``hflip``, ``ignore``, ``exif``, or several joined by dots."""
    steps: list[Fraction | Flip] = []
    ignores = False
    words = text.split(".", _MAX_STEPS)
    if len(words) > _MAX_STEPS:
        raise ValueError("too many angles")
    for word in words:
        if word in _FLIPS:
            steps.append(_FLIPS[word])
        elif word == "ignore":
            ignores = True
        elif word != "exif":
            steps.append(Fraction(integer(word) % 360))
    return Angle(tuple(steps), ignores)


MAXIMUM: Final = "max"


def radii(text: str) -> str | tuple[int, int, int, int]:
    """Read ``max`` or one to four radii; return those of the corners, clockwise from the top left."""
    if text == MAXIMUM:
        return MAXIMUM
    return four_sides([_RADIUS(word) for word in text.split(":", 4)])


_RADIUS: Final = Integer(0, MAX_SIDE)


def colour(text: str) -> Colour:
    """Read a name, or ``rgb:`` or ``#`` before hexadecimal digits."""
    for prefix in ("rgb:", "#"):
        if text.startswith(prefix):
            return hex_colour(text.removeprefix(prefix))
    return named_colour(text)


_BORDER: Final = re.compile(r"([0-9]{1,4})px_solid_(.{1,64})")
_BORDER_WIDTH: Final = Integer(0, 1_000)


def border(text: str) -> Border | None:
    """Read ``4px_solid_red``; None for no width."""
    match = _BORDER.fullmatch(text)
    if match is None:
        raise ValueError("not a solid border")
    width = _BORDER_WIDTH(match[1])
    stroke = colour(match[2])
    return Border(width, stroke) if width else None


@dataclass(frozen=True, slots=True)
class Background:
    """What ``b_`` fills with: a colour, else the average of the image, or the image blurred."""

    colour: Colour | None = None
    is_blurred: bool = False


def background(text: str) -> Background:
    """Read a colour, ``auto`` or ``blurred`` with whatever follows."""
    word = text.partition(":")[0]
    if word == "auto":
        return Background()
    if word == "blurred":
        return Background(is_blurred=True)
    return Background(colour(text))


@dataclass(frozen=True, slots=True)
class Quality:
    """A quality from 1 to 100, or a level of ``auto``."""

    level: int = 0
    automatic: str = ""
    subsampling: Subsampling | None = None


_LEVELS: Final = {"": "good", "best": "best", "good": "good", "eco": "eco", "low": "low", "sensitive": "best"}
_SUBSAMPLINGS: Final = {"444": Subsampling.S444, "422": Subsampling.S422, "420": Subsampling.S420}
_QUALITY: Final = Integer(1, 100)


def quality(text: str) -> Quality:
    """Read ``80``, ``80:444``, ``auto``, ``auto:eco`` or ``jpegmini``."""
    word, _, rest = text.partition(":")
    if word == "auto":
        level, _, chroma = rest.partition(":")
        if level in _SUBSAMPLINGS:
            level, chroma = "", level
        if level not in _LEVELS:
            raise ValueError("not a level of quality")
        sharp = "444" if level == "sensitive" else ""
        return Quality(automatic=_LEVELS[level], subsampling=_subsampling(chroma or sharp))
    if word == "jpegmini":
        return Quality(automatic="best")
    return Quality(_QUALITY(word), subsampling=_subsampling(rest))


def _subsampling(text: str) -> Subsampling | None:
    if text and text not in _SUBSAMPLINGS:
        raise ValueError("not a chroma subsampling")
    return _SUBSAMPLINGS.get(text)


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal number within bounds, as a float."""

    low: float
    high: float

    @property
    def expects(self) -> str:
        return f"a number from {self.low:g} to {self.high:g}"

    def __call__(self, text: str) -> float:
        value = float(decimal(text))
        if not self.low <= value <= self.high:
            raise ValueError("out of bounds")
        return value


def ratio_of(text: str) -> Fraction | Auto:
    """Read a device pixel ratio, ``2.0`` or ``auto``."""
    if text == AUTOMATIC:
        return AUTO
    value = decimal(text)
    if not Fraction(1, 10) <= value <= _MAX_DPR:
        raise ValueError("out of bounds")
    return value


_MAX_DPR: Final = 10
