"""Arguments of filters as text: points of a curve, weights of a matrix, regions of an image. Knows numbers only."""

import re
from collections.abc import Callable
from fractions import Fraction
from math import isqrt
from typing import Final, Generic, TypeVar

from pixmill.dialects.native.grammars.controls import TEXT, Control, ControlKind
from pixmill.dialects.native.grammars.scalars import Schema, parse_decimal, pattern_schema
from pixmill.dialects.native.grammars.value_lists import BYTE, SIGMA, ListItem
from pixmill.plan.effects import Convolution, Curve, RedactionBox, RegionBlur, RegionPixelation

N = TypeVar("N")
T = TypeVar("T")

MAX_CURVE_POINTS: Final = 16
MAX_REGIONS: Final = 32

_WEIGHT = r"-?(?:0|[1-9][0-9]{0,2})(?:\.[0-9]{1,4})?"
_DIVISOR = r"(?:[1-9][0-9]{0,3}(?:\.[0-9]{1,4})?|0\.0{0,3}[1-9][0-9]{0,3})"
_MATRIX = "|".join(f"(?:{_WEIGHT},){{{side * side - 1}}}{_WEIGHT}" for side in (3, 5, 7))
_OFFSET = "(?:0|[1-9][0-9]{0,4})"
_LENGTH = "[1-9][0-9]{0,4}"
_OFFSET_PERCENT = r"(?:0|[1-9][0-9]?)(?:\.[0-9]{1,4})?"
_LENGTH_PERCENT = r"(?:100(?:\.0{1,4})?|[1-9][0-9]?(?:\.[0-9]{1,4})?|0\.0{0,3}[1-9][0-9]{0,3})"
_REGION = (
    f"(?:{_OFFSET},{_OFFSET},{_LENGTH},{_LENGTH}|"
    f"pct:{_OFFSET_PERCENT},{_OFFSET_PERCENT},{_LENGTH_PERCENT},{_LENGTH_PERCENT})"
)


class CurveGrammar:
    """Points of a tone curve; empty for the identity."""

    expects = (
        f"x,y,x,y,… with 1 to {MAX_CURVE_POINTS} points from 0,0 (black) to 255,255; of two with the same x the last "
        "one counts"
    )
    _pattern = re.compile(
        f"{BYTE.pattern},{BYTE.pattern}(?:,{BYTE.pattern},{BYTE.pattern}){{0,{MAX_CURVE_POINTS - 1}}}"
    )

    control = Control(ControlKind.CURVE, 0, 255)

    @property
    def schema(self) -> Schema:
        return pattern_schema(self._pattern.pattern)

    def parse(self, text: str) -> Curve:
        if not self._pattern.fullmatch(text):
            raise ValueError
        values = [int(number) for number in text.split(",")]
        points = sorted(dict(zip(values[::2], values[1::2], strict=True)).items())
        is_identity = all(x == y for x, y in points) and points[0][0] == 0 and points[-1][0] == 255  # noqa: PLR2004 - 8-bit values
        return () if is_identity else tuple(points)


class ConvolutionGrammar:
    """The square matrix of a convolution; None for the identity."""

    expects = (
        "9, 25 or 49 weights, row by row, separated by commas, each from -999.9999 to 999.9999; optionally followed "
        "by ;divisor from 0.0001 to 9999.9999 (default: the sum of the weights, or 1 if that is 0), and then by "
        ";offset from -255 to 255"
    )
    _pattern = re.compile(f"(?:{_MATRIX})(?:;{_DIVISOR}(?:;-?{BYTE.pattern})?)?")

    control = TEXT

    @property
    def schema(self) -> Schema:
        return pattern_schema(self._pattern.pattern)

    def parse(self, text: str) -> Convolution | None:
        if not self._pattern.fullmatch(text):
            raise ValueError
        weights_text, divisor, offset = (*text.split(";"), "", "")[:3]
        weights = _trim_zero_rings([_parse_signed(weight) for weight in weights_text.split(",")])
        scale = parse_decimal(divisor) if divisor else sum(weights) or Fraction(1)
        scaled_weights = tuple(float(weight / scale) for weight in weights)
        return (
            None
            if (scaled_weights, int(offset or 0)) == (_IDENTITY, 0)
            else Convolution(scaled_weights, float(int(offset or 0)))
        )


_MIN_KERNEL_SIDE = 3
_IDENTITY = (0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0)


def _parse_signed(text: str) -> Fraction:
    return -parse_decimal(text[1:]) if text[0] == "-" else parse_decimal(text)


def _trim_zero_rings(weights: list[Fraction]) -> list[Fraction]:
    """Strip outer rings of zeros, down to 3 × 3."""
    side = isqrt(len(weights))
    rows = [weights[at : at + side] for at in range(0, side * side, side)]
    inner = [row[1:-1] for row in rows[1:-1]]
    outer_ring = [*rows[0], *rows[-1], *(end for row in rows for end in (row[0], row[-1]))]
    return (
        weights
        if len(inner) < _MIN_KERNEL_SIDE or any(outer_ring)
        else _trim_zero_rings([weight for row in inner for weight in row])
    )


class RegionEffectGrammar(Generic[N, T]):
    """A strength, and the regions to which it applies."""

    def __init__(
        self, strength: ListItem[N], strength_expects: str, build: Callable[[N, tuple[RedactionBox, ...]], T]
    ) -> None:
        self.expects = (
            f"{strength_expects}, then 1 to {MAX_REGIONS} regions, each after a ;, as x,y,width,height in pixels of "
            "the result or pct:x,y,width,height in percent of its sides"
        )
        self.build = build
        self._parse_strength = strength.parse
        self._pattern = re.compile(f"{strength.pattern}(?:;{_REGION}){{1,{MAX_REGIONS}}}")

    control = Control(ControlKind.REGIONS)

    @property
    def schema(self) -> Schema:
        return pattern_schema(self._pattern.pattern)

    def parse(self, text: str) -> T:
        if not self._pattern.fullmatch(text):
            raise ValueError
        strength, *regions = text.split(";")
        return self.build(self._parse_strength(strength), tuple(sorted({_parse_region(region) for region in regions})))


def _parse_region(text: str) -> RedactionBox:
    """Parse a region; one in percent is clipped at the edges of the image, so that equal results get equal plans."""
    in_percent = text.startswith("pct:")
    left, top, width, height = map(parse_decimal, text.removeprefix("pct:").split(","))
    if in_percent:
        width, height = min(width, 100 - left), min(height, 100 - top)
    return RedactionBox(float(left), float(top), float(width), float(height), in_percent)


BLOCK_SIZE: Final = ListItem("(?:1000|[1-9][0-9]{1,2}|[2-9])", int)

BLUR_REGIONS: Final = RegionEffectGrammar(SIGMA, "sigma in pixels from 0.1 to 250", RegionBlur)
PIXELATE_REGIONS: Final = RegionEffectGrammar(BLOCK_SIZE, "a block size in pixels from 2 to 1000", RegionPixelation)
