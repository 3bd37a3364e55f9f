"""Canvases and padding as text. Knows numbers and directions; must never know an image."""

import re
from dataclasses import dataclass, replace
from typing import Final

from pixmill.dialects.native.grammars.controls import TEXT, Control, ControlKind
from pixmill.dialects.native.grammars.gravity import DIRECTION_NAMES, POINT, GravityGrammar
from pixmill.dialects.native.grammars.measurements import AspectRatioGrammar, MarginGrammar
from pixmill.dialects.native.grammars.scalars import Schema, inner_pattern, parse_decimal, pattern_schema
from pixmill.plan.gravity import Point
from pixmill.plan.ops import Canvas
from pixmill.plan.transforms import LengthUnit

_SIDE: Final = "[1-9][0-9]{0,4}"
_PERCENT: Final = r"[1-9][0-9]{0,2}(?:\.[0-9]{1,4})?"
_SIDES: Final = re.compile(f"{_SIDE},(?:0|{_SIDE})|0,{_SIDE}")
_PERCENTS: Final = re.compile(f"pct:(?:{_PERCENT},(?:0|{_PERCENT})|0,{_PERCENT})")
_RATIO: Final = re.compile(r"[1-9][0-9]{0,3}(?:\.[0-9]{1,4})?:[1-9][0-9]{0,3}(?:\.[0-9]{1,4})?")
_MARGIN: Final = r"(?:0(?:\.[0-9]{1,2})?|[1-9][0-9]{0,2}(?:\.[0-9]{1,2})?)"
_TRIM_PADDING: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,3})|pct:-?(?:0|[1-9][0-9]?)(?:\.[0-9]{1,2})?")
_MARGINS: Final = re.compile(f"pct:{_MARGIN}(?:,{_MARGIN}(?:,{_MARGIN},{_MARGIN})?)?")


class CanvasGrammar:
    """The sides of a canvas in pixels or in percent of the image, or its aspect ratio."""

    expects = (
        "width,height in whole pixels; pct:width,height in percent of the image; in both 0 stands for the side of the "
        "image, but not twice; or an aspect ratio width:height, such as 16:9"
    )

    control = TEXT

    @property
    def schema(self) -> Schema:
        return pattern_schema(f"{_SIDES.pattern}|{_PERCENTS.pattern}|{_RATIO.pattern}")

    def parse(self, text: str) -> Canvas:
        if _RATIO.fullmatch(text):
            return Canvas(aspect=AspectRatioGrammar().parse(text))
        is_percent = bool(_PERCENTS.fullmatch(text))
        if not is_percent and not _SIDES.fullmatch(text):
            raise ValueError
        width, height = map(parse_decimal, text.removeprefix("pct:").split(","))
        return Canvas(float(width), float(height), unit=LengthUnit.PERCENT if is_percent else LengthUnit.PIXELS)


class CanvasGravityGrammar:
    """A direction or a point, with an optional offset: the gravities that do not look at pixels."""

    expects = (
        "a direction such as north or ne, fp:x,y or pos:x,y, each optionally followed by :x,y, an offset in pixels, or "
        "in percent as pct:N"
    )

    control = replace(GravityGrammar.control, choices=DIRECTION_NAMES)

    @property
    def schema(self) -> Schema:
        return pattern_schema(POINT.pattern)

    def parse(self, text: str) -> Point:
        gravity = GravityGrammar().parse(text) if POINT.fullmatch(text) else None
        if not isinstance(gravity, Point):
            raise ValueError  # noqa: TRY004 - a text that the grammar rejects
        return gravity


@dataclass(frozen=True, slots=True)
class Padding:
    """Margins at the top, right, bottom and left: in pixels, or in hundredths of a percent of the sides."""

    margins: tuple[int, int, int, int]
    unit: LengthUnit = LengthUnit.PIXELS


@dataclass(frozen=True, slots=True)
class TrimPadding:
    """What is kept of a border, or, below 0, cut off in addition: pixels, or hundredths of a percent."""

    length: int
    unit: LengthUnit = LengthUnit.PIXELS


class TrimPaddingGrammar:
    """A number of pixels, or percent after ``pct:``."""

    expects = "a whole number of pixels from -9999 to 9999, or percent as pct:N from -99.99 to 99.99"

    control = Control(ControlKind.INTEGER, -9_999, 9_999)

    @property
    def schema(self) -> Schema:
        return pattern_schema(_TRIM_PADDING.pattern)

    def parse(self, text: str) -> TrimPadding:
        if not _TRIM_PADDING.fullmatch(text):
            raise ValueError
        number = text.removeprefix("pct:")
        length = parse_decimal(number.removeprefix("-")) * (1 if number == text else 100)
        return TrimPadding(
            int(-length if number[0] == "-" else length),
            LengthUnit.PIXELS if number == text or not length else LengthUnit.PERCENT,
        )


class PaddingGrammar:
    """Margins as in CSS, in pixels or in percent of the sides of the image."""

    expects = (
        "1, 2 or 4 numbers of pixels from 0 to 9999: all sides; vertical,horizontal; or top,right,bottom,left; or, "
        "after pct:, as many percentages from 0 to 999 of the height or the width, with at most two decimals"
    )

    control = MarginGrammar.control

    @property
    def schema(self) -> Schema:
        return pattern_schema(f"{inner_pattern(MarginGrammar())}|{_MARGINS.pattern}")

    def parse(self, text: str) -> Padding:
        if not text.startswith("pct:"):
            return Padding(MarginGrammar().parse(text))
        if not _MARGINS.fullmatch(text):
            raise ValueError
        margins = [int(parse_decimal(margin) * 100) for margin in text[4:].split(",")] * 4
        top, right, bottom, left = margins[:4]
        return Padding((top, right, bottom, left), LengthUnit.PERCENT)
