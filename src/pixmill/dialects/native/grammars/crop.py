"""Crops as text: regions, windows that a gravity places, insets. Knows numbers; must never know an image."""

import re
from typing import Final

from pixmill.dialects.native.grammars.controls import Control, ControlKind
from pixmill.dialects.native.grammars.scalars import Schema, parse_decimal, pattern_schema
from pixmill.plan.ops import Crop, CropInsets, CropUnit, CropWindow

_WINDOW: Final = "window:"
_EDGES: Final = "edges:"
_UNITS: Final = {f"{unit.value}:": unit for unit in CropUnit if unit is not CropUnit.PIXELS}

_OFFSET_PIXELS: Final = "(?:0|[1-9][0-9]{0,5})"
_LENGTH_PIXELS: Final = "[1-9][0-9]{0,5}"
_OFFSET_PERCENT: Final = r"(?:0|[1-9][0-9]?)(?:\.[0-9]{1,4})?"
_LENGTH_PERCENT: Final = r"(?:100(?:\.0{1,4})?|[1-9][0-9]?(?:\.[0-9]{1,4})?|0\.0{0,3}[1-9][0-9]{0,3})"
_INSET_PIXELS: Final = f"-?{_OFFSET_PIXELS}"
_INSET_PERCENT: Final = rf"-?(?:100(?:\.0{{1,4}})?|{_OFFSET_PERCENT})"
_SIDE_PIXELS: Final = _OFFSET_PIXELS
_SIDE_PERCENT: Final = f"(?:0|{_LENGTH_PERCENT})"


def _patterns(prefix: str, *numbers: tuple[str, str], y_first: bool = False) -> dict[CropUnit, re.Pattern[str]]:
    """Return the pattern of each unit; each number, of x and y in turn, has one in pixels and one in percent."""
    patterns: dict[CropUnit, re.Pattern[str]] = {}
    for unit in CropUnit:
        x_unit, _, y_unit = unit.value.partition(",")
        axes = [int(axis == CropUnit.PERCENT) for axis in (x_unit, y_unit or x_unit)]
        listed = ",".join(number[axes[(index + y_first) % 2]] for index, number in enumerate(numbers))
        unit_prefix = "" if unit is CropUnit.PIXELS else f"{unit.value}:"
        patterns[unit] = re.compile(f"{prefix}{unit_prefix}{listed}")
    return patterns


_OFFSET: Final = (_OFFSET_PIXELS, _OFFSET_PERCENT)
_LENGTH: Final = (_LENGTH_PIXELS, _LENGTH_PERCENT)
_SIDE: Final = (_SIDE_PIXELS, _SIDE_PERCENT)
_REGIONS: Final = _patterns("", _OFFSET, _OFFSET, _LENGTH, _LENGTH)
_WINDOWS: Final = _patterns(_WINDOW, _SIDE, _SIDE)
_INSETS: Final = _patterns(_EDGES, *((_INSET_PIXELS, _INSET_PERCENT),) * 4, y_first=True)
_BY_KIND: Final = {_WINDOW: _WINDOWS, _EDGES: _INSETS, "": _REGIONS}

CROP_PERCENT: Final = _REGIONS[CropUnit.PERCENT]


class CropGrammar:
    """A region, the sides of a window, or what is taken off the edges, in whole pixels or in percent."""

    expects = (
        "x,y,width,height or window:width,height (0 for the whole side) or edges:top,right,bottom,left (negative: from "
        "the opposite edge) in whole pixels; pct: before the numbers for percent of the sides, pct,px: or px,pct: for "
        "percent of the width or of the height only"
    )

    control = Control(ControlKind.REGION)

    @property
    def schema(self) -> Schema:
        return pattern_schema("|".join(one.pattern for patterns in _BY_KIND.values() for one in patterns.values()))

    def parse(self, text: str) -> Crop | CropWindow | CropInsets:
        kind = next(prefix for prefix in _BY_KIND if text.startswith(prefix))
        unit, numbers = _split_unit(text.removeprefix(kind))
        if not _BY_KIND[kind][unit].fullmatch(text):
            raise ValueError
        values = [_parse_number(number) for number in numbers.split(",")]
        if kind == _WINDOW:
            return CropWindow(values[0], values[1], unit=unit)
        if kind == _EDGES:
            top, right, bottom, left = values
            return CropInsets(left, top, right, bottom, unit)
        return Crop(values[0], values[1], values[2], values[3], unit)


def _parse_number(text: str) -> float:
    number = float(parse_decimal(text.removeprefix("-")))
    return -number if text[0] == "-" and number else number


def _split_unit(text: str) -> tuple[CropUnit, str]:
    for prefix, unit in _UNITS.items():
        if text.startswith(prefix):
            return unit, text.removeprefix(prefix)
    return CropUnit.PIXELS, text
