"""What filters are told with: points of a curve, the weights of a matrix, boxes on a picture. Knows numbers only."""

import re
from fractions import Fraction
from math import isqrt
from typing import Final

from pixmill.dialects.figures import BYTE, SIGMA, Figure
from pixmill.dialects.scalars import Schema, exact, shaped
from pixmill.plan.effects import Convolution, Curve, Region

MAX_POINTS: Final = 16
MAX_REGIONS: Final = 32

_WEIGHT = r"-?(?:0|[1-9][0-9]{0,2})(?:\.[0-9]{1,4})?"
_DIVISOR = r"(?:[1-9][0-9]{0,3}(?:\.[0-9]{1,4})?|0\.0{0,3}[1-9][0-9]{0,3})"
_MATRIX = "|".join(f"(?:{_WEIGHT},){{{side * side - 1}}}{_WEIGHT}" for side in (3, 5, 7))
_FROM = "(?:0|[1-9][0-9]{0,4})"
_LONG = "[1-9][0-9]{0,4}"
_FROM_PERCENT = r"(?:0|[1-9][0-9]?)(?:\.[0-9]{1,4})?"
_LONG_PERCENT = r"(?:100(?:\.0{1,4})?|[1-9][0-9]?(?:\.[0-9]{1,4})?|0\.0{0,3}[1-9][0-9]{0,3})"
_BOX = f"(?:{_FROM},{_FROM},{_LONG},{_LONG}|pct:{_FROM_PERCENT},{_FROM_PERCENT},{_LONG_PERCENT},{_LONG_PERCENT})"


class CurvePoints:
    """Points of a tone curve; the straight line is none."""

    expects = (
        f"x,y,x,y,… with 1 to {MAX_POINTS} points from 0,0 (black) to 255,255; of two with the same x the later counts"
    )
    _shape = re.compile(f"{BYTE.shape},{BYTE.shape}(?:,{BYTE.shape},{BYTE.shape}){{0,{MAX_POINTS - 1}}}")

    @property
    def schema(self) -> Schema:
        return shaped(self._shape.pattern)

    def parse(self, text: str) -> Curve:
        if not self._shape.fullmatch(text):
            raise ValueError
        codes = [int(code) for code in text.split(",")]
        points = sorted(dict(zip(codes[::2], codes[1::2], strict=True)).items())
        straight = all(x == y for x, y in points) and points[0][0] == 0 and points[-1][0] == 255  # noqa: PLR2004 - codes
        return () if straight else tuple(points)


class Matrices:
    """A square of weights; None for one that changes nothing."""

    expects = (
        "9, 25 or 49 weights, row by row with commas between, each from -999.9999 to 999.9999; perhaps ;divisor from 0.0001 to 9999.9999 "
        "(else the sum of the weights, or 1 where that is 0); then perhaps ;offset from -255 to 255"
    )
    _shape = re.compile(f"(?:{_MATRIX})(?:;{_DIVISOR}(?:;-?{BYTE.shape})?)?")

    @property
    def schema(self) -> Schema:
        return shaped(self._shape.pattern)

    def parse(self, text: str) -> Convolution | None:
        if not self._shape.fullmatch(text):
            raise ValueError
        row, divisor, offset = (*text.split(";"), "", "")[:3]
        weights = _trimmed([_signed(weight) for weight in row.split(",")])
        by = exact(divisor) if divisor else sum(weights) or Fraction(1)
        shares = tuple(float(weight / by) for weight in weights)
        return None if (shares, int(offset or 0)) == (_SAME, 0) else Convolution(shares, float(int(offset or 0)))


_SAME = (0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0)


def _signed(text: str) -> Fraction:
    return -exact(text[1:]) if text[0] == "-" else exact(text)


def _trimmed(weights: list[Fraction]) -> list[Fraction]:
    """Without rings of zeros around it, down to 3 × 3."""
    side = isqrt(len(weights))
    rows = [weights[at : at + side] for at in range(0, side * side, side)]
    inner = [row[1:-1] for row in rows[1:-1]]
    ring = [*rows[0], *rows[-1], *(end for row in rows for end in (row[0], row[-1]))]
    return weights if len(inner) < 3 or any(ring) else _trimmed([weight for row in inner for weight in row])  # noqa: PLR2004 - the smallest side


class Areas:
    """A strength, and the boxes on which it is used."""

    def __init__(self, strength: Figure, means: str) -> None:
        self.expects = (
            f"{means}, then 1 to {MAX_REGIONS} boxes, each after a ;, as x,y,width,height in pixels of the result or "
            "pct:x,y,width,height in percent of its sides"
        )
        self._read = strength.read
        self._shape = re.compile(f"{strength.shape}(?:;{_BOX}){{1,{MAX_REGIONS}}}")

    @property
    def schema(self) -> Schema:
        return shaped(self._shape.pattern)

    def parse(self, text: str) -> tuple[float, tuple[Region, ...]]:
        if not self._shape.fullmatch(text):
            raise ValueError
        strength, *boxes = text.split(";")
        return self._read(strength), tuple(sorted({_region(box) for box in boxes}))


def _region(text: str) -> Region:
    """One in percent is cut at the picture's edges: what lies beyond them makes no difference."""
    percent = text.startswith("pct:")
    left, top, width, height = map(exact, text.removeprefix("pct:").split(","))
    if percent:
        width, height = min(width, 100 - left), min(height, 100 - top)
    return Region(float(left), float(top), float(width), float(height), percent)


BLOCK: Final = Figure("(?:1000|[1-9][0-9]{1,2}|[2-9])", int)

BLURRED: Final = Areas(SIGMA, "sigma in pixels from 0.1 to 250")
BLOCKED: Final = Areas(BLOCK, "the side of a block in pixels from 2 to 1000")
