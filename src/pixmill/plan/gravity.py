"""Where in a picture something is: fractions of its sides, and what to look for when nobody knows."""

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

UnitInterval = Annotated[float, Meta(ge=0.0, le=1.0)]
PixelOffset = Annotated[int, Meta(ge=-65_535, le=65_535)]

MAX_REGIONS: Final = 16
"""Each costs time in the search for the best window; 16 hold every face of a group that one still recognises."""


class Interest(StrEnum):
    """What libvips looks for (``VipsInteresting``)."""

    ATTENTION = "attention"
    ENTROPY = "entropy"


class Smart(Struct, frozen=True, tag="smart", tag_field="type"):
    """Keep what draws the eye, or what holds most detail."""

    interest: Interest = Interest.ATTENTION


class Faces(Struct, frozen=True, tag="face", tag_field="type"):
    """Keep the faces; what draws the eye where there is none."""


class Point(Struct, frozen=True, tag="point", tag_field="type"):
    """Keep the window centred on this point of the picture, as far as the edges allow.

    ``x`` and ``y`` are fractions of the width and the height. The nine directions are points too:
    north-west is (0, 0), centre (0.5, 0.5). The window then moves by ``right`` and ``down`` pixels of the result.
    """

    x: UnitInterval = 0.5
    y: UnitInterval = 0.5
    offset_x: PixelOffset = 0
    offset_y: PixelOffset = 0


class FocalRegion(Struct, frozen=True):
    """A part of the picture in fractions of its sides; what reaches over an edge is cut off."""

    x: UnitInterval
    y: UnitInterval
    width: UnitInterval
    height: UnitInterval
    weight: Annotated[int, Meta(ge=1, le=100)] = 1


class FocalRegions(Struct, frozen=True, tag="regions", tag_field="type"):
    """Keep as much of these as possible, each pixel counting by its region's weight."""

    regions: Annotated[tuple[FocalRegion, ...], Meta(min_length=1, max_length=MAX_REGIONS)]


Gravity = Point | Smart | Faces | FocalRegions
