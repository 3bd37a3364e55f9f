"""Aspect ratios, factors, angles and margins as text. Knows numbers; must never know an image."""

import re
from dataclasses import dataclass, replace
from fractions import Fraction

from pixmill.dialects.native.grammars.controls import Control, ControlKind
from pixmill.dialects.native.grammars.scalars import (
    AUTO,
    AUTO_INTEGER,
    Decimal,
    Integer,
    Schema,
    parse_decimal,
    pattern_schema,
)
from pixmill.plan.ops import Aspect

_RATIO_PART = r"(?:[1-9][0-9]{0,3}(?:\.[0-9]{1,4})?|0\.[0-9]{0,3}[1-9])"
_ASPECT = re.compile(f"{_RATIO_PART}(?::{_RATIO_PART})?")
_ANGLE = re.compile(r"-?(?:(?:0|[1-9][0-9]?|[12][0-9]{2}|3[0-5][0-9])(?:\.[0-9]{1,2})?|360(?:\.0{1,2})?)")
_MARGIN = "(?:0|[1-9][0-9]{0,3})"
_MARGINS = re.compile(f"{_MARGIN}(?:,{_MARGIN}(?:,{_MARGIN},{_MARGIN})?)?")

_PERCENT = re.compile(r"pct:(?:2000(?:\.0{1,4})?|1[0-9]{3}(?:\.[0-9]{1,4})?|[1-9][0-9]{0,2}(?:\.[0-9]{1,4})?)")

_SHARE = re.compile(
    r"pct:(?:2000(?:\.0{1,4})?|1[0-9]{3}(?:\.[0-9]{1,4})?|[1-9][0-9]{0,2}(?:\.[0-9]{1,4})?|0\.0{0,3}[1-9][0-9]{0,3})"
)

FULL_CIRCLE_DEGREES = 360


class AspectRatioGrammar:
    """An aspect ratio: width to height, or their quotient."""

    expects = "width:height, such as 16:9, or their quotient, such as 1.5"

    control = Control(ControlKind.RATIO)

    @property
    def schema(self) -> Schema:
        return pattern_schema(_ASPECT.pattern)

    def parse(self, text: str) -> Aspect:
        if not _ASPECT.fullmatch(text):
            raise ValueError
        width, _, height = text.partition(":")
        ratio = parse_decimal(width) / parse_decimal(height or "1")
        return Aspect(ratio.numerator, ratio.denominator)


@dataclass(frozen=True, slots=True)
class FactorGrammar:
    """A factor: a number, or percent after ``pct:``."""

    low: Fraction
    high: Fraction

    @property
    def expects(self) -> str:
        return (
            f"{self._number.expects}, or percent as pct:N from {float(self.low * 100):g} to {float(self.high * 100):g}"
        )

    @property
    def control(self) -> Control:
        return self._number.control

    @property
    def schema(self) -> Schema:
        return {"anyOf": [self._number.schema, pattern_schema(_PERCENT.pattern)]}

    def parse(self, text: str) -> Fraction:
        if _PERCENT.fullmatch(text):
            return self._percent.parse(text.removeprefix("pct:")) / 100
        return self._number.parse(text)

    @property
    def _number(self) -> Decimal:
        return Decimal(self.low, self.high)

    @property
    def _percent(self) -> Decimal:
        return Decimal(self.low * 100, self.high * 100)


@dataclass(frozen=True, slots=True)
class SideGrammar:
    """A side: whole pixels, or a share of that side of the image, as percent after ``pct:``."""

    max_side: int

    @property
    def expects(self) -> str:
        return f"{self._pixels.expects}, or percent of that side of the image as pct:N, up to 2000"

    @property
    def control(self) -> Control:
        return self._pixels.control

    @property
    def schema(self) -> Schema:
        return {"anyOf": [self._pixels.schema, pattern_schema(_SHARE.pattern)]}

    def parse(self, text: str) -> int | Fraction:
        if _SHARE.fullmatch(text):
            return parse_decimal(text.removeprefix("pct:")) / 100
        return self._pixels.parse(text)

    @property
    def _pixels(self) -> Integer:
        return Integer(1, self.max_side)


@dataclass(frozen=True, slots=True)
class AutoSide:
    """A side, or ``auto`` for the one that the client says."""

    side: SideGrammar

    @property
    def expects(self) -> str:
        return f"{self.side.expects}, or {AUTO}"

    @property
    def control(self) -> Control:
        return replace(self.side.control, choices=(AUTO,))

    @property
    def schema(self) -> Schema:
        return {"anyOf": [self.side.schema, {"type": "string", "const": AUTO}]}

    def parse(self, text: str) -> int | Fraction:
        return AUTO_INTEGER if text == AUTO else self.side.parse(text)


class AngleGrammar:
    """Degrees clockwise, normalised to 0 up to, but not including, 360."""

    expects = "a number of degrees from -360 to 360, with at most two decimals"

    control = Control(ControlKind.NUMBER, -FULL_CIRCLE_DEGREES, FULL_CIRCLE_DEGREES)

    @property
    def schema(self) -> Schema:
        return pattern_schema(_ANGLE.pattern)

    def parse(self, text: str) -> Fraction:
        if not _ANGLE.fullmatch(text):
            raise ValueError
        degrees = parse_decimal(text.removeprefix("-"))
        return (-degrees if text[0] == "-" else degrees) % FULL_CIRCLE_DEGREES


class MarginGrammar:
    """Pixels at the top, right, bottom and left, as in CSS."""

    expects = "1, 2 or 4 numbers of pixels from 0 to 9999: all sides; vertical,horizontal; or top,right,bottom,left"

    control = Control(ControlKind.MARGINS, 0, 9_999)

    @property
    def schema(self) -> Schema:
        return pattern_schema(_MARGINS.pattern)

    def parse(self, text: str) -> tuple[int, int, int, int]:
        if not _MARGINS.fullmatch(text):
            raise ValueError
        margins = [int(margin) for margin in text.split(",")] * 4
        return margins[0], margins[1], margins[2], margins[3]
