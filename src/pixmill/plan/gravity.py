"""Gravity: the part of an image to keep, as fractions of its sides or as a content-aware strategy."""

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

UnitInterval = Annotated[float, Meta(ge=0.0, le=1.0)]
MAX_PIXELS: Final = 65_535
"""Longer than any side of an image."""

PixelOffset = Annotated[int, Meta(ge=-MAX_PIXELS, le=MAX_PIXELS)]
Share = Annotated[float, Meta(ge=-1.0, le=1.0)]
Zoom = Annotated[float, Meta(ge=0.01, le=100.0)]
Pixels = Annotated[int, Meta(ge=0, le=MAX_PIXELS)]

MAX_REGIONS: Final = 16
"""Each costs time in the search for the best window; 16 cover every recognisable face of a group."""


class Interest(StrEnum):
    """Strategies: two of libvips (``VipsInteresting``), and our own, which keeps faces and whole subjects."""

    ATTENTION = "attention"
    ENTROPY = "entropy"
    AUTO = "auto"


class Smart(Struct, frozen=True, tag="smart", tag_field="type"):
    """Keep the subject (auto), the most salient region (attention), or the one of highest entropy."""

    interest: Interest = Interest.ATTENTION
    zoom: Zoom = 1.0


AUTO: Final = Smart(Interest.AUTO)


class Faces(Struct, frozen=True, tag="face", tag_field="type"):
    """Keep the faces; without any, the subject. ``zoom`` and ``closeness`` as for ``FocalRegions``."""

    zoom: Zoom = 1.0
    closeness: UnitInterval = 0.0


class Point(Struct, frozen=True, tag="point", tag_field="type"):
    """Centre the window on this point of the image, as far as the edges allow.

    ``x`` and ``y`` are fractions of the width and the height; if ``proportional``, of the space that the window leaves,
    as in CSS ``background-position``. The nine directions are the same in both: north-west is (0, 0), centre
    (0.5, 0.5). The window is then moved by ``offset_x`` and ``offset_y`` pixels of the result, and by ``share_x`` and
    ``share_y`` of the sides of the image (of the canvas, where the image is placed on one). ``zoom`` shows that many
    times less along each side, as far as the image has pixels for it or may be enlarged.
    """

    x: UnitInterval = 0.5
    y: UnitInterval = 0.5
    offset_x: PixelOffset = 0
    offset_y: PixelOffset = 0
    share_x: Share = 0.0
    share_y: Share = 0.0
    proportional: bool = False
    zoom: Zoom = 1.0


def normal_point(point: Point) -> Point:
    """Drop a rule that makes no difference: at the edges and in the middle both place the window alike."""
    is_alike = point.proportional and {point.x, point.y} <= {0.0, 0.5, 1.0}
    return replace(point, proportional=False) if is_alike else point


class FocalRegion(Struct, frozen=True):
    """A region of the image in fractions of its sides, clipped at the edges."""

    x: UnitInterval
    y: UnitInterval
    width: UnitInterval
    height: UnitInterval
    weight: Annotated[int, Meta(ge=1, le=100)] = 1


class FocalRegions(Struct, frozen=True, tag="regions", tag_field="type"):
    """Keep as much of these regions as possible; each pixel counts by the weight of its region.

    ``closeness``: from as much around them as the box allows (0) to as little (1); then ``zoom`` as for ``Point``.
    """

    regions: Annotated[tuple[FocalRegion, ...], Meta(min_length=1, max_length=MAX_REGIONS)]
    zoom: Zoom = 1.0
    closeness: UnitInterval = 0.0


class PixelRegion(Struct, frozen=True):
    """A region in pixels of the image before the crop, clipped at the edges; a point if its sides are 0."""

    left: Pixels
    top: Pixels
    width: Pixels = 0
    height: Pixels = 0
    weight: Annotated[int, Meta(ge=1, le=100)] = 1


class FocalPixels(Struct, frozen=True, tag="pixels", tag_field="type"):
    """Keep as much of these regions as possible, as ``FocalRegions``; a window around one point is centred on it."""

    regions: Annotated[tuple[PixelRegion, ...], Meta(min_length=1, max_length=MAX_REGIONS)]
    zoom: Zoom = 1.0
    closeness: UnitInterval = 0.0


Gravity = Point | Smart | Faces | FocalRegions | FocalPixels
