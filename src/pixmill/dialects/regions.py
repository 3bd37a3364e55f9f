"""Parts of a picture as text: where to look, and what to cut out. Knows numbers and directions, but no picture."""

import re
from fractions import Fraction

from pixmill.dialects.scalars import Schema, exact, shaped
from pixmill.plan.ops import Crop, Point, Smart, Unit

_UNIT_FRACTION = r"(?:0(?:\.[0-9]{1,6})?|1(?:\.0{1,6})?)"
_FOCAL_POINT = re.compile(f"fp:{_UNIT_FRACTION},{_UNIT_FRACTION}")
_FROM = "(?:0|[1-9][0-9]{0,5})"
_LONG = "[1-9][0-9]{0,5}"
_CROP_PIXELS = re.compile(f"{_FROM},{_FROM},{_LONG},{_LONG}")
_FROM_PERCENT = r"(?:0|[1-9][0-9]?)(?:\.[0-9]{1,4})?"
_LONG_PERCENT = r"(?:100(?:\.0{1,4})?|[1-9][0-9]?(?:\.[0-9]{1,4})?|0\.0{0,3}[1-9][0-9]{0,3})"
_CROP_PERCENT = re.compile(f"pct:{_FROM_PERCENT},{_FROM_PERCENT},{_LONG_PERCENT},{_LONG_PERCENT}")

_WHOLE = 100
"""Percent."""

_DIRECTIONS: dict[str, Point] = {"centre": Point()} | {
    spelling: Point(x, y)
    for name, short, x, y in (
        ("center", "c", 0.5, 0.5),
        ("north", "n", 0.5, 0.0),
        ("northeast", "ne", 1.0, 0.0),
        ("east", "e", 1.0, 0.5),
        ("southeast", "se", 1.0, 1.0),
        ("south", "s", 0.5, 1.0),
        ("southwest", "sw", 0.0, 1.0),
        ("west", "w", 0.0, 0.5),
        ("northwest", "nw", 0.0, 0.0),
    )
    for spelling in (name, short)
}


class Gravities:
    """A direction, ``smart``, or a focal point in fractions of the picture's sides."""

    expects = (
        "center (centre, c), north (n), northeast (ne), east (e), southeast (se), south (s), southwest (sw), west (w), "
        "northwest (nw), smart, or fp:x,y with both from 0 to 1"
    )

    @property
    def schema(self) -> Schema:
        return shaped(f"{'|'.join(_DIRECTIONS)}|smart|{_FOCAL_POINT.pattern}")

    def parse(self, text: str) -> Point | Smart:
        if text == "smart":
            return Smart()
        if text in _DIRECTIONS:
            return _DIRECTIONS[text]
        if not _FOCAL_POINT.fullmatch(text):
            raise ValueError
        x, y = text[3:].split(",")
        return Point(float(x), float(y))


class Crops:
    """A region in whole pixels or in percent; None when it is the whole picture."""

    expects = "x,y,width,height in whole pixels, or pct:x,y,width,height in percent of the sides"

    @property
    def schema(self) -> Schema:
        return shaped(f"{_CROP_PIXELS.pattern}|{_CROP_PERCENT.pattern}")

    def parse(self, text: str) -> Crop | None:
        if _CROP_PIXELS.fullmatch(text):
            left, top, width, height = map(float, text.split(","))
            return Crop(left, top, width, height)
        if _CROP_PERCENT.fullmatch(text):
            return _percent(*map(exact, text[4:].split(",")))
        raise ValueError


def _percent(left: Fraction, top: Fraction, width: Fraction, height: Fraction) -> Crop | None:
    """Cut at the picture's edges: what lies beyond them makes no difference."""
    width, height = min(width, _WHOLE - left), min(height, _WHOLE - top)
    if width == height == _WHOLE:
        return None
    return Crop(float(left), float(top), float(width), float(height), Unit.PERCENT)
