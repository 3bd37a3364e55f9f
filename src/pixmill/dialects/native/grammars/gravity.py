"""Gravity as text: directions, focal points and regions. Knows numbers and directions; must never know an image."""

import re
from math import gcd

from msgspec.structs import astuple

from pixmill.dialects.native.grammars.scalars import Schema, pattern_schema
from pixmill.plan.gravity import MAX_REGIONS, Faces, FocalRegion, FocalRegions, Gravity, Interest, Point, Smart

_UNIT_FRACTION = r"(?:0(?:\.[0-9]{1,6})?|1(?:\.0{1,6})?)"
_FOCAL_POINT = re.compile(f"fp:{_UNIT_FRACTION},{_UNIT_FRACTION}")
_WEIGHT = "(?:100|[1-9][0-9]?)"
_REGION = f"{_UNIT_FRACTION}(?:,{_UNIT_FRACTION}){{3}}(?:,{_WEIGHT})?"
_FOCAL_REGIONS = re.compile(f"fr:{_REGION}(?:;{_REGION}){{0,{MAX_REGIONS - 1}}}")
_SIDES = 4
_PIXELS = "-?(?:0|[1-9][0-9]{0,4})"
_SHIFT = re.compile(f":{_PIXELS},{_PIXELS}")


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
    """A direction with an optional offset, a focal point, focal regions, or a content-aware strategy."""

    expects = (
        "center (centre, c), north (n), northeast (ne), east (e), southeast (se), south (s), southwest (sw), west "
        "(w), northwest (nw), each optionally followed by :x,y, an offset in pixels away from that edge; fp:x,y with "
        f"both from 0 to 1; fr:x,y,width,height or fr:x,y,width,height,weight, up to {MAX_REGIONS} of these separated "
        "by semicolons; smart, smart:entropy or face"
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
    """Parse a direction. Offsets count away from its edge; from the centre, to the right and down."""
    name, colon, shift = text.partition(":")
    if name not in DIRECTIONS or (colon and not _SHIFT.fullmatch(f":{shift}")):
        raise ValueError
    point = DIRECTIONS[name]
    x, y = map(int, shift.split(",")) if colon else (0, 0)
    return Point(point.x, point.y, -x if point.x == 1 else x, -y if point.y == 1 else y)


def _build_regions(pieces: list[list[str]]) -> FocalRegions:
    """Sort the regions and reduce their weights, so that equal gravities are equal values."""
    weights = [int(piece[4]) if len(piece) > _SIDES else 1 for piece in pieces]
    divisor = gcd(*weights)
    regions = (_build_region(piece, weight // divisor) for piece, weight in zip(pieces, weights, strict=True))
    return FocalRegions(tuple(sorted(regions, key=astuple)))


def _build_region(piece: list[str], weight: int) -> FocalRegion:
    x, y, width, height = map(float, piece[:_SIDES])
    return FocalRegion(x, y, width, height, weight)
