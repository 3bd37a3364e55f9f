"""Parts of a picture as text: where to look, and what to cut out. Knows numbers and directions, but no picture."""

import re
from fractions import Fraction
from math import gcd

from msgspec.structs import astuple

from pixmill.dialects.native.grammars.scalars import Schema, parse_decimal, pattern_schema
from pixmill.plan.gravity import MAX_REGIONS, Faces, FocalRegion, FocalRegions, Gravity, Interest, Point, Smart
from pixmill.plan.ops import Crop, CropUnit

_UNIT_FRACTION = r"(?:0(?:\.[0-9]{1,6})?|1(?:\.0{1,6})?)"
_FOCAL_POINT = re.compile(f"fp:{_UNIT_FRACTION},{_UNIT_FRACTION}")
_WEIGHT = "(?:100|[1-9][0-9]?)"
_REGION = f"{_UNIT_FRACTION}(?:,{_UNIT_FRACTION}){{3}}(?:,{_WEIGHT})?"
_FOCAL_REGIONS = re.compile(f"fr:{_REGION}(?:;{_REGION}){{0,{MAX_REGIONS - 1}}}")
_SIDES = 4
_PIXELS = "-?(?:0|[1-9][0-9]{0,4})"
_SHIFT = re.compile(f":{_PIXELS},{_PIXELS}")
_OFFSET_PIXELS = "(?:0|[1-9][0-9]{0,5})"
_LENGTH_PIXELS = "[1-9][0-9]{0,5}"
_CROP_PIXELS = re.compile(f"{_OFFSET_PIXELS},{_OFFSET_PIXELS},{_LENGTH_PIXELS},{_LENGTH_PIXELS}")
_OFFSET_PERCENT = r"(?:0|[1-9][0-9]?)(?:\.[0-9]{1,4})?"
_LENGTH_PERCENT = r"(?:100(?:\.0{1,4})?|[1-9][0-9]?(?:\.[0-9]{1,4})?|0\.0{0,3}[1-9][0-9]{0,3})"
CROP_PERCENT = re.compile(f"pct:{_OFFSET_PERCENT},{_OFFSET_PERCENT},{_LENGTH_PERCENT},{_LENGTH_PERCENT}")

_FULL_PERCENT = 100
"""Percent."""

DIRECTIONS: dict[str, Point] = {"centre": Point()} | {
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
_CONTENT_AWARE: dict[str, Gravity] = {
    "smart": Smart(),
    "smart:attention": Smart(),
    "smart:entropy": Smart(Interest.ENTROPY),
    "face": Faces(),
}


class GravityGrammar:
    """A direction, perhaps with a distance from there, a focal point or regions, or what to look for."""

    expects = (
        "center (centre, c), north (n), northeast (ne), east (e), southeast (se), south (s), southwest (sw), west (w), "
        "northwest (nw), each perhaps with :right,down in pixels away from that edge; fp:x,y with both from 0 to 1; "
        f"fr:x,y,width,height or fr:x,y,width,height,weight, up to {MAX_REGIONS} of these with ; between; "
        "smart, smart:entropy or face"
    )

    @property
    def schema(self) -> Schema:
        directions, keywords = "|".join(DIRECTIONS), "|".join(_CONTENT_AWARE)
        return pattern_schema(
            f"(?:{directions})(?:{_SHIFT.pattern})?|{keywords}|{_FOCAL_POINT.pattern}|{_FOCAL_REGIONS.pattern}"
        )

    def parse(self, text: str) -> Gravity:
        if text in _CONTENT_AWARE:
            return _CONTENT_AWARE[text]
        if _FOCAL_POINT.fullmatch(text):
            x, y = text[3:].split(",")
            return Point(float(x), float(y))
        if _FOCAL_REGIONS.fullmatch(text):
            return _build_regions([piece.split(",") for piece in text[3:].split(";")])
        return _parse_direction(text)


def _parse_direction(text: str) -> Point:
    """Distances count from the edge that the direction names, from the centre to the right and down."""
    name, colon, shift = text.partition(":")
    if name not in DIRECTIONS or (colon and not _SHIFT.fullmatch(f":{shift}")):
        raise ValueError
    point = DIRECTIONS[name]
    right, down = map(int, shift.split(",")) if colon else (0, 0)
    return Point(point.x, point.y, -right if point.x == 1 else right, -down if point.y == 1 else down)


def _build_regions(pieces: list[list[str]]) -> FocalRegions:
    """In an order of their own, and with the least weights that mean the same: neither makes a difference."""
    weights = [int(piece[4]) if len(piece) > _SIDES else 1 for piece in pieces]
    divisor = gcd(*weights)
    regions = (_build_region(piece, weight // divisor) for piece, weight in zip(pieces, weights, strict=True))
    return FocalRegions(tuple(sorted(regions, key=astuple)))


def _build_region(piece: list[str], weight: int) -> FocalRegion:
    x, y, width, height = map(float, piece[:_SIDES])
    return FocalRegion(x, y, width, height, weight)


class CropGrammar:
    """A region in whole pixels or in percent; None when it is the whole picture."""

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
    """Cut at the picture's edges: what lies beyond them makes no difference."""
    width, height = min(width, _FULL_PERCENT - left), min(height, _FULL_PERCENT - top)
    if width == height == _FULL_PERCENT:
        return None
    return Crop(float(left), float(top), float(width), float(height), CropUnit.PERCENT)
