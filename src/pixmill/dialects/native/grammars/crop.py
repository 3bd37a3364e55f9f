"""Crop regions as text. Knows numbers; must never know an image."""

import re
from fractions import Fraction
from typing import Final

from pixmill.dialects.native.grammars.scalars import Schema, parse_decimal, pattern_schema
from pixmill.plan.ops import Crop, CropUnit

_OFFSET_PIXELS: Final = "(?:0|[1-9][0-9]{0,5})"
_LENGTH_PIXELS: Final = "[1-9][0-9]{0,5}"
_CROP_PIXELS: Final = re.compile(f"{_OFFSET_PIXELS},{_OFFSET_PIXELS},{_LENGTH_PIXELS},{_LENGTH_PIXELS}")
_OFFSET_PERCENT: Final = r"(?:0|[1-9][0-9]?)(?:\.[0-9]{1,4})?"
_LENGTH_PERCENT: Final = r"(?:100(?:\.0{1,4})?|[1-9][0-9]?(?:\.[0-9]{1,4})?|0\.0{0,3}[1-9][0-9]{0,3})"
CROP_PERCENT: Final = re.compile(f"pct:{_OFFSET_PERCENT},{_OFFSET_PERCENT},{_LENGTH_PERCENT},{_LENGTH_PERCENT}")

_FULL_PERCENT: Final = 100


class CropGrammar:
    """A region in whole pixels or in percent; None for the whole image."""

    expects = "x,y,width,height in whole pixels, or pct:x,y,width,height in percent of the sides"

    @property
    def schema(self) -> Schema:
        return pattern_schema(f"{_CROP_PIXELS.pattern}|{CROP_PERCENT.pattern}")

    def parse(self, text: str) -> Crop | None:
        if _CROP_PIXELS.fullmatch(text):
            left, top, width, height = map(float, text.split(","))
            return Crop(left, top, width, height)
        if CROP_PERCENT.fullmatch(text):
            return _percent_crop(*map(parse_decimal, text[4:].split(",")))
        raise ValueError


def _percent_crop(left: Fraction, top: Fraction, width: Fraction, height: Fraction) -> Crop | None:
    """Clip the region at the edges of the image, so that equal results get equal plans."""
    width, height = min(width, _FULL_PERCENT - left), min(height, _FULL_PERCENT - top)
    if width == height == _FULL_PERCENT:
        return None
    return Crop(float(left), float(top), float(width), float(height), CropUnit.PERCENT)
