"""Reads the values of ImageKit's parameters. Each reader raises ValueError.

Knows texts and values of plans; must never know which parameter has a value.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from pixmill.dialects.kit.colours import hex_colour, named_colour, with_opacity
from pixmill.dialects.kit.numbers import angle, decimal, half_up, integer
from pixmill.dialects.kit.plan_values import nearest_aspect
from pixmill.plan.colour import Colour
from pixmill.plan.effects import Gradient, GradientRamp, UnsharpMask
from pixmill.plan.gravity import Faces, Gravity, Point, Smart
from pixmill.plan.ops import MAX_SIDE, Aspect
from pixmill.plan.overlays import Length
from pixmill.plan.shapes import Border, CornerRadii
from pixmill.plan.transforms import Fill

_MAX_RATIO: Final = 10_000
_OPACITY_DIGITS: Final = 8
_EXPRESSION: Final = re.compile(r"([ibc])([wh])(?:_(mul|div)_([0-9]{1,6}(?:\.[0-9]{1,6})?))?")
_FOCUS: Final = re.compile(r"[a-z_]{1,40}")
_MAX_USM: Final = 10


@dataclass(frozen=True, slots=True)
class Size:
    """A length in pixels, or a share of the image, or of the image below a layer; 0 for what a client says."""

    pixels: int = 0
    share: Fraction = Fraction(0)
    of_base: bool = False


AUTO: Final = Size()


def number(text: str) -> Fraction:
    """Read a number; ``N`` in front is a minus."""
    return -decimal(text[1:]) if text[:1] in {"N", "n"} else decimal(text)


def size(text: str, axis: str) -> Size:
    """Read a side: pixels, a share below 1, ``auto``, or a multiple of that side of the image, ``iw_div_2``."""
    if text == "auto":
        return AUTO
    if text[:1].isalpha():
        return Size(share=expression(text, axis), of_base=text[0] == "b")
    value = decimal(text)
    if 0 < value < 1:
        return Size(share=value)
    pixels = half_up(value)
    if not 1 <= pixels <= MAX_SIDE:
        raise ValueError("out of bounds")
    return Size(pixels)


def width(text: str) -> Size:
    return size(text, "w")


def height(text: str) -> Size:
    return size(text, "h")


def expression(text: str, axis: str) -> Fraction:
    """Read a multiple of one side of an image."""
    match = _EXPRESSION.fullmatch(text)
    if match is None or match[2] != axis:
        raise ValueError("of arithmetic only multiples of the same side are known")
    factor = decimal(match[4]) if match[4] else Fraction(1)
    if not factor:
        raise ValueError("must be above 0")
    share = 1 / factor if match[3] == "div" else factor
    if share > _MAX_RATIO:
        raise ValueError("out of bounds")
    return share


def offset(text: str, axis: str) -> Length:
    """Read a position: pixels, negative with ``N``, or a multiple of the side of the image below, ``bw_mul_0.5``."""
    sign = -1 if text[:1] in {"N", "n"} else 1
    rest = text[1:] if sign < 0 else text
    if rest[:1].isalpha():
        return Length(max(-65_535.0, min(65_535.0, float(sign * expression(rest, axis) * 100))), percent=True)
    value = sign * decimal(rest)
    if 0 < abs(value) < 1:
        return Length(float(value * 100), percent=True)
    return Length(max(-65_535.0, min(65_535.0, float(value))))


def offset_x(text: str) -> Length:
    return offset(text, "w")


def offset_y(text: str) -> Length:
    return offset(text, "h")


def aspect(text: str) -> Aspect:
    """Read ``4-3``."""
    across, _, down = text.partition("-")
    ratio = decimal(across) / decimal(down or "1") if decimal(down or "1") else Fraction(0)
    if not Fraction(1, _MAX_RATIO) <= ratio <= _MAX_RATIO:
        raise ValueError("out of bounds")
    return nearest_aspect(ratio)


_DIRECTIONS: Final[dict[str, Gravity]] = {
    "center": Point(),
    "top": Point(0.5, 0),
    "left": Point(0, 0.5),
    "bottom": Point(0.5, 1),
    "right": Point(1, 0.5),
    "top_left": Point(0, 0),
    "top_right": Point(1, 0),
    "bottom_left": Point(0, 1),
    "bottom_right": Point(1, 1),
    "face": Faces(),
}


def focus(text: str) -> Gravity:
    """Read what a crop keeps; the name of an object is content in general."""
    if not _FOCUS.fullmatch(text):
        raise ValueError("not a direction")
    return _DIRECTIONS.get(text, Smart())


def direction(text: str) -> Point:
    found = _DIRECTIONS.get(text)
    if isinstance(found, Point):
        return found
    raise ValueError("not a direction")


def colour(text: str) -> Colour:
    """Read a name, or 6 hexadecimal digits, with two decimal ones for the opacity in percent behind them."""
    if not text.isascii():
        raise ValueError("not a colour")
    digits = text.removeprefix("#")
    if len(digits) == _OPACITY_DIGITS and digits[6:].isdigit():
        return with_opacity(hex_colour(digits[:6]), Fraction(int(digits[6:]), 100))
    try:
        return named_colour(digits)
    except ValueError:
        return hex_colour(digits)


_FILLS: Final = {"blurred": Fill.BLUR, "dominant": Fill.AVERAGE}


def background(text: str) -> Colour | Fill:
    fill = _FILLS.get(text.partition("_")[0])
    return fill or colour(text)


def radius(text: str) -> CornerRadii:
    """Read ``20``, ``max``, or a radius for each corner: ``10_20_30_40``."""
    if text == "max":
        return CornerRadii(50.0, 50.0, 50.0, 50.0, percent=True)
    values = [float(_bounded(decimal(part), 0, MAX_SIDE)) for part in text.split("_", 4)]
    if len(values) == 1:
        values *= 4
    top_left, top_right, bottom_right, bottom_left = values
    return CornerRadii(top_left, top_right, bottom_right, bottom_left)


def border(text: str) -> Border | None:
    width_text, _, colour_text = text.partition("_")
    thickness = min(int(_bounded(decimal(width_text), 0, MAX_SIDE)), 1_000)
    return Border(thickness, colour(colour_text) if colour_text else Colour(0, 0, 0)) if thickness else None


def rotation(text: str) -> Fraction:
    """Read degrees clockwise, from 0 to 360; ``auto`` is what is done anyway."""
    return Fraction(0) if text == "auto" else angle(number(text))


def tolerance(text: str) -> int:
    """Read ``true`` or 1 to 99 as a difference of 8-bit values."""
    return 10 if text == "true" else int(_bounded(decimal(text), 1, 99) * 255 / 100)


def unsharp(text: str) -> UnsharpMask | None:
    """Read ``radius-sigma-amount-threshold``."""
    _, sigma, amount, threshold = (decimal(part) for part in text.split("-", 4))
    strength = float(_bounded(amount, 0, _MAX_USM))
    return (
        UnsharpMask(min(max(float(sigma), 0.3), 10.0), strength, int(_bounded(threshold, 0, 1) * 255))
        if strength
        else None
    )


_ANGLES: Final = {
    "top": 0,
    "right": 90,
    "bottom": 180,
    "left": 270,
    "top_right": 45,
    "bottom_right": 135,
    "bottom_left": 225,
    "top_left": 315,
}


def gradient(text: str) -> Gradient:
    """Read ``ld-180_from-FF0000_to-0000FF_sp-0.8``, each part optional."""
    parts = dict(_gradient_parts(text))
    direction_text = parts.get("ld", "180")
    degrees = _ANGLES[direction_text] if direction_text in _ANGLES else angle(number(direction_text))
    stop = decimal(parts.get("sp", "1"))
    start, end = colour(parts.get("from", "FFFFFF")), colour(parts.get("to", "00000000"))
    percent = _bounded(stop if stop > 1 else stop * 100, 0, 100)
    return Gradient(GradientRamp(float(degrees), 0.0, float(percent)), start, end)


def _gradient_parts(text: str) -> list[tuple[str, str]]:
    """Split at ``_``, except in directions such as ``top_left``."""
    found: list[tuple[str, str]] = []
    for piece in text.split("_", 16):
        name, dash, value = piece.partition("-")
        if dash:
            found.append((name, value))
        elif piece and found:
            found[-1] = (found[-1][0], f"{found[-1][1]}_{piece}")
    return found


def percent_share(text: str) -> float:
    """Read 0 to 100."""
    return float(_bounded(decimal(text), 0, 100))


def font_size(text: str) -> float:
    return float(_bounded(decimal(text), 4, 1_000))


def _bounded(value: Fraction, low: int, high: int) -> Fraction:
    if not low <= value <= high:
        raise ValueError("out of bounds")
    return value


def sharpen_amount(text: str) -> Fraction:
    """Read the strength of a sharpening; without one it is 1."""
    return _bounded(decimal(text), 0, 1_000) / 100 if text else Fraction(1)


def page(text: str) -> int:
    value = integer(text)
    if not 1 <= value <= MAX_SIDE:
        raise ValueError("out of bounds")
    return value
