"""Gravity as text: directions, points and regions. Knows numbers and directions; must never know an image."""

import re
from math import gcd
from typing import Final

from msgspec.structs import astuple, replace

from pixmill.dialects.native.grammars.controls import Control, ControlKind, first_words
from pixmill.dialects.native.grammars.scalars import Schema, parse_decimal, pattern_schema
from pixmill.plan.gravity import (
    AUTO,
    MAX_PIXELS,
    MAX_REGIONS,
    Faces,
    FocalPixels,
    FocalRegion,
    FocalRegions,
    Gravity,
    Interest,
    PixelRegion,
    Point,
    Smart,
    normal_point,
)

_UNIT_FRACTION = r"(?:0(?:\.[0-9]{1,6})?|1(?:\.0{1,6})?)"
_WEIGHT = "(?:100|[1-9][0-9]?)"
_REGION = f"{_UNIT_FRACTION}(?:,{_UNIT_FRACTION}){{3}}(?:,{_WEIGHT})?"
_FOCAL_REGIONS = re.compile(f"fr:{_REGION}(?:;{_REGION}){{0,{MAX_REGIONS - 1}}}")
_SIDES = 4
_PIXELS = "(?:0|[1-9][0-9]{0,4})"
_DISTANCE = rf"(?:-?{_PIXELS}|pct:-?(?:100(?:\.0{{1,4}})?|[1-9]?[0-9](?:\.[0-9]{{1,4}})?))"
_SHIFT = re.compile(f":{_DISTANCE},{_DISTANCE}")
_POINT = re.compile(f"(fp|pos):({_UNIT_FRACTION}),({_UNIT_FRACTION})(:.*)?")
_PIXEL_REGION = f"{_PIXELS},{_PIXELS}(?:,{_PIXELS},{_PIXELS}(?:,{_WEIGHT})?)?"
_ZOOM = r"(?:0\.[1-9][0-9]{0,3}|1?[1-9](?:\.[0-9]{1,4})?|10(?:\.[0-9]{1,4})?|20(?:\.0{1,4})?)"
_FOCAL_PIXELS = re.compile(f"px:{_PIXEL_REGION}(?:;{_PIXEL_REGION}){{0,{MAX_REGIONS - 1}}}")


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
DIRECTION_NAMES: Final = first_words({name: point for name, point in DIRECTIONS.items() if name != "centre"})
"""The directions, each by its full name."""

POINT: Final = re.compile(
    f"(?:{'|'.join(DIRECTIONS)}|(?:fp|pos):{_UNIT_FRACTION},{_UNIT_FRACTION})(?:{_SHIFT.pattern})?"
)
"""The gravities that neither look at pixels nor weigh regions."""

_CONTENT_AWARE: dict[str, Gravity] = {
    "auto": AUTO,
    "smart": Smart(),
    "smart:attention": Smart(),
    "smart:entropy": Smart(Interest.ENTROPY),
    "face": Faces(),
}


class GravityGrammar:
    """A direction or a point with an optional offset, focal regions, or a content-aware strategy."""

    expects = (
        "center (c), north (n), northeast (ne), east (e), southeast (se), south (s), southwest (sw), west (w), "
        "northwest (nw), fp:x,y or pos:x,y from 0 to 1, optionally :x,y, pixels or percent (pct:N) from that edge; "
        f"fr:x,y,width,height[,weight] or px:… in pixels, up to {MAX_REGIONS} separated by semicolons; auto, smart, "
        "smart:entropy or face; optionally with ,close:N (regions and faces, 0 to 1) and ,zoom:N (0.1 to 20)"
    )

    control = Control(ControlKind.GRAVITY, choices=(*DIRECTION_NAMES, *first_words(_CONTENT_AWARE)))

    @property
    def schema(self) -> Schema:
        directions, keywords = "|".join(DIRECTIONS), "|".join(_CONTENT_AWARE)
        point = f"(?:fp|pos):{_UNIT_FRACTION},{_UNIT_FRACTION}"
        anywhere = f"(?:{directions}|{point})(?:{_SHIFT.pattern})?|{keywords}"
        regions = f"face|{_FOCAL_REGIONS.pattern}|{_FOCAL_PIXELS.pattern}"
        return pattern_schema(f"(?:{anywhere}|(?:{regions})(?:,close:{_UNIT_FRACTION})?)(?:,zoom:{_ZOOM})?")

    def parse(self, text: str) -> Gravity:
        text, zooms, zoom = text.partition(",zoom:")
        text, closes, closeness = text.partition(",close:")
        gravity = self._parse_place(text)
        if closes:
            if isinstance(gravity, Point | Smart) or not re.fullmatch(_UNIT_FRACTION, closeness):
                raise ValueError
            gravity = replace(gravity, closeness=float(closeness))
        return _zoomed(gravity, zoom) if zooms else gravity

    def _parse_place(self, text: str) -> Gravity:
        if text in _CONTENT_AWARE:
            return _CONTENT_AWARE[text]
        if point := _POINT.fullmatch(text):
            kind, x, y, shift = point.groups()
            return _shifted(normal_point(Point(float(x), float(y), proportional=kind == "pos")), (shift or "")[1:])
        if _FOCAL_REGIONS.fullmatch(text):
            return _build_regions([piece.split(",") for piece in text[3:].split(";")])
        if _FOCAL_PIXELS.fullmatch(text):
            return _build_pixel_regions([list(map(int, piece.split(","))) for piece in text[3:].split(";")])
        return _parse_direction(text)


def _zoomed(gravity: Gravity, text: str) -> Gravity:
    """Add a zoom; one that shows more has an effect only on a close-up."""
    if not re.fullmatch(_ZOOM, text):
        raise ValueError
    zoom = parse_decimal(text)
    is_close_up = not isinstance(gravity, Point | Smart) and gravity.closeness > 0
    return replace(gravity, zoom=float(zoom)) if is_close_up or zoom > 1 else gravity


def _parse_direction(text: str) -> Point:
    """Parse a direction. Offsets count away from its edge; from the centre, to the right and down."""
    name, colon, shift = text.partition(":")
    if name not in DIRECTIONS or (colon and not shift):
        raise ValueError
    return _shifted(DIRECTIONS[name], shift)


def _shifted(point: Point, shift: str) -> Point:
    if not shift:
        return point
    if not _SHIFT.fullmatch(f":{shift}"):
        raise ValueError
    x, y = shift.split(",")
    offset_x, share_x = _distance(x, -1 if point.x == 1 else 1)
    offset_y, share_y = _distance(y, -1 if point.y == 1 else 1)
    return replace(point, offset_x=offset_x, offset_y=offset_y, share_x=share_x, share_y=share_y)


def _distance(text: str, sign: int) -> tuple[int, float]:
    """Return whole pixels, and the share of a side."""
    digits = text.removeprefix("pct:")
    if digits == text:
        pixels = int(text)
        return sign * min(max(pixels, -MAX_PIXELS), MAX_PIXELS), 0.0
    magnitude = parse_decimal(digits.removeprefix("-")) / 100
    return 0, float(-sign * magnitude if digits[0] == "-" else sign * magnitude)


def _build_pixel_regions(pieces: list[list[int]]) -> FocalPixels:
    """Sort the regions and reduce their weights, as ``_build_regions`` does."""
    regions = [
        PixelRegion(*(min(number, MAX_PIXELS) for number in piece[:_SIDES]), *piece[_SIDES:]) for piece in pieces
    ]
    divisor = gcd(*(region.weight for region in regions))
    reduced = (replace(region, weight=region.weight // divisor) for region in regions)
    return FocalPixels(tuple(sorted(reduced, key=astuple)))


def _build_regions(pieces: list[list[str]]) -> FocalRegions:
    """Sort the regions and reduce their weights, so that equal gravities are equal values."""
    weights = [int(piece[4]) if len(piece) > _SIDES else 1 for piece in pieces]
    divisor = gcd(*weights)
    regions = (_build_region(piece, weight // divisor) for piece, weight in zip(pieces, weights, strict=True))
    return FocalRegions(tuple(sorted(regions, key=astuple)))


def _build_region(piece: list[str], weight: int) -> FocalRegion:
    x, y, width, height = map(float, piece[:_SIDES])
    return FocalRegion(x, y, width, height, weight)
