"""Readers of values of RIAPI and ImageSharp.Web: numbers, words, anchors, colours, short sets. Each raises ValueError.

Knows texts and values only; must never know a parameter's name.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Final, TypeVar

from pixmill.dialects.kit.colours import hex_colour, named_colour
from pixmill.dialects.kit.numbers import decimal, integer
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Point
from pixmill.plan.ops import Kernel, ResampleSpace

T = TypeVar("T")

MAX_SIDE: Final = 65_535
_HALF: Final = Fraction(1, 2)
_RIGHT_ANGLE: Final = 90
_TURN: Final = 4
_CORNERS: Final = 4
_ZOOM: Final = (Fraction(1, 10_000), Fraction(100))
_HUNDRED: Final = 100
_GRAPHICS: Final = re.compile(r"[\s()]")

FORMATS: Final[Mapping[str, Format]] = {
    **dict.fromkeys(("jpg", "jpe", "jif", "jfif", "jfi", "exif", "jpeg"), Format.JPEG),
    "png": Format.PNG,
    "gif": Format.GIF,
    "webp": Format.WEBP,
    "avif": Format.AVIF,
    "jxl": Format.JXL,
    "jpegxl": Format.JXL,
}
AUTO: Final = "auto"
KEEP: Final = "keep"

_BOOLEANS: Final = dict.fromkeys(("true", "1", "yes", "on"), True) | dict.fromkeys(("false", "0", "no", "off"), False)
_QUALITIES: Final = {
    "lowest": 15,
    "low": 20,
    "med": 55,
    "medium": 55,
    "good": 73,
    "high": 91,
    "highest": 96,
    "lossless": 100,
}
_ANCHOR_X: Final = {"left": 0.0, "center": 0.5, "right": 1.0}
_ANCHOR_Y: Final = {"top": 0.0, "middle": 0.5, "bottom": 1.0}
_ANCHORS: Final = {
    vertical + horizontal: Point(x, y) for vertical, y in _ANCHOR_Y.items() for horizontal, x in _ANCHOR_X.items()
}
KERNELS: Final[Mapping[str, Kernel]] = {
    **dict.fromkeys(("lanczos", "lanczossharp", "ginseng", "ginsengsharp", "jinc"), Kernel.LANCZOS3),
    **dict.fromkeys(("lanczos2", "lanczos2sharp"), Kernel.LANCZOS2),
    **dict.fromkeys(("cubic", "cubicsharp", "catmullrom", "ncubic", "ncubicsharp"), Kernel.CUBIC),
    **dict.fromkeys(("robidoux", "robidouxsharp", "robidouxfast", "mitchell", "cubicbspline"), Kernel.MITCHELL),
    **dict.fromkeys(("hermite", "triangle", "linear", "box", "fastest"), Kernel.LINEAR),
}


def boolean(text: str) -> bool:
    return _word(_BOOLEANS, text)


def _word(words: Mapping[str, T], text: str) -> T:
    try:
        return words[text.lower()]
    except KeyError:
        raise ValueError("not one of the words") from None


def lossless(text: str) -> bool:
    """Read a boolean; ``keep`` is none of both here."""
    return text.lower() not in {KEEP, "preserve"} and boolean(text)


def side(text: str) -> int:
    """Read pixels; 0 and below are no side."""
    return min(max(integer(text), 0), MAX_SIDE)


def ratio(text: str) -> Fraction:
    """Read a pixel ratio such as ``2``, ``1.5x``; it is limited to 0.0001 to 100."""
    return min(max(decimal(text.rstrip("x")), _ZOOM[0]), _ZOOM[1])


def flip(text: str) -> tuple[bool, bool]:
    """Read whether to mirror left and right, and top and bottom."""
    return _word(_FLIPS, text)


_FLIPS: Final = {
    "none": (False, False),
    **dict.fromkeys(("x", "h"), (True, False)),
    **dict.fromkeys(("y", "v"), (False, True)),
    **dict.fromkeys(("xy", "both"), (True, True)),
}


def angle(text: str) -> int:
    """Read degrees clockwise, rounded to a right angle."""
    quarters = decimal(text) / _RIGHT_ANGLE
    nearest = int(abs(quarters) + _HALF)
    return (nearest if quarters >= 0 else -nearest) % _TURN * _RIGHT_ANGLE


def crop(text: str) -> tuple[Fraction, ...]:
    """Read four numbers: left, top, right, bottom; brackets and spaces around them are ignored."""
    parts = _GRAPHICS.sub("", text).split(",", _CORNERS)
    if len(parts) != _CORNERS:
        raise ValueError("must be four numbers")
    return tuple(map(decimal, parts))


def units(text: str) -> Fraction:
    return max(decimal(text), Fraction(0))


def anchor(text: str) -> Point:
    """Read ``topleft`` to ``bottomright``, or ``x,y`` in percent."""
    found = _ANCHORS.get(text.lower())
    return found if found is not None else percent_point(text)


def percent_point(text: str) -> Point:
    """Read ``x,y`` in percent, of the space that is left."""
    x, y = _two(text)
    return Point(float(x / _HUNDRED), float(y / _HUNDRED), proportional=True)


def _two(text: str) -> tuple[Fraction, Fraction]:
    parts = text.split(",", 2)
    if len(parts) != 2:  # noqa: PLR2004 - x and y
        raise ValueError("must be two numbers")
    x, y = (min(max(decimal(part.strip()), Fraction(0)), Fraction(_HUNDRED)) for part in parts)
    return x, y


def corners(text: str) -> tuple[float, float, float, float]:
    """Read one or four percentages: top left, top right, bottom right, bottom left."""
    found = [float(min(max(decimal(part.strip()), Fraction(0)), Fraction(_HUNDRED))) for part in text.split(",", 4)]
    if len(found) == 1:
        found *= _CORNERS
    if len(found) != _CORNERS:
        raise ValueError("must be one or four numbers")
    return found[0], found[1], found[2], found[3]


def widths(text: str) -> tuple[int, int, int, int]:
    """Read one or four lengths: left, top, right, bottom."""
    found = [min(max(int(decimal(part) + _HALF), 0), MAX_SIDE) for part in _GRAPHICS.sub("", text).split(",", 4)]
    if len(found) == 1:
        found *= _CORNERS
    if len(found) != _CORNERS:
        raise ValueError("must be one or four lengths")
    return found[0], found[1], found[2], found[3]


def colour(text: str) -> Colour:
    """Read a name, or 3, 4, 6 or 8 hexadecimal digits with alpha last."""
    try:
        return named_colour(text)
    except ValueError:
        return hex_colour(text)


def percent_number(text: str) -> int:
    """Read a quality: a number that is limited to 1 to 100."""
    return int(min(max(decimal(text) + _HALF, Fraction(1)), Fraction(_HUNDRED)))


def perceptual(text: str) -> int:
    """Read a quality profile: a word, or a number."""
    found = _QUALITIES.get(text.lower())
    return found if found is not None else percent_number(text)


def strength(text: str) -> Fraction:
    """Read a number that is limited to -1 to 1."""
    return min(max(decimal(text), Fraction(-1)), Fraction(1))


def percentage(text: str) -> Fraction:
    """Read a number that is limited to 0 to 100."""
    return min(max(decimal(text), Fraction(0)), Fraction(_HUNDRED))


def threshold(text: str) -> int:
    return min(max(integer(text), 0), 255)


def frame(text: str) -> int:
    """Read the number of a frame, which counts from 0."""
    return min(max(integer(text), 0), MAX_SIDE - 1)


def grayscale(text: str) -> tuple[float, float, float]:
    """Read the weights of red, green and blue."""
    return _word(_GREYS, text)


_NTSC: Final = (0.229, 0.587, 0.114)
_GREYS: Final = {
    **dict.fromkeys(("true", "ntsc", "y"), _NTSC),
    "ry": (0.5, 0.419, 0.081),
    "bt709": (0.2125, 0.7154, 0.0721),
    "flat": (0.5, 0.5, 0.5),
}


def kernel(text: str) -> Kernel:
    return _word(KERNELS, text.replace("_", ""))


def colorspace(text: str) -> ResampleSpace:
    return _word({"linear": ResampleSpace.LINEAR, "srgb": ResampleSpace.SRGB, "gamma": ResampleSpace.SRGB}, text)


def form(text: str) -> Format | str:
    """Read a format, ``auto`` or ``keep``."""
    lower = text.lower()
    return lower if lower in {AUTO, KEEP} else _word(FORMATS, lower)


def white_balance(text: str) -> bool:
    return text.lower() in {"true", "area", "gimp", "simple"}
