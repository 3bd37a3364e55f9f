"""The outline that a picture is given, and the border along it.

Knows forms, lengths in pixels of the result and colours. How an outline becomes opacity stands with its step in the engine.
"""

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from pixmill.plan.colour import Colour
from pixmill.plan.source import SourceRef

MAX_POLYGON_CORNERS: Final = 12
"""More corners look like a circle, and each costs a pass over the picture."""

Radius = Annotated[float, Meta(ge=0.0, le=65_535.0)]


class CornerRadii(Struct, frozen=True, omit_defaults=True):
    """The radii of the four corners, in pixels or in percent of the shorter side."""

    top_left: Radius = 0.0
    top_right: Radius = 0.0
    bottom_right: Radius = 0.0
    bottom_left: Radius = 0.0
    percent: bool = False


class Ellipse(Struct, frozen=True, tag="ellipse", tag_field="type"):
    """The largest ellipse in the picture, or, ``circle``, the largest circle in its middle."""

    circle: bool = False


class Polygon(Struct, frozen=True, tag="polygon", tag_field="type"):
    """Regular, one corner at the top, its corners on the largest circle in the middle of the picture."""

    corners: Annotated[int, Meta(ge=3, le=MAX_POLYGON_CORNERS)]


class Star(Struct, frozen=True, tag="star", tag_field="type"):
    """Five points, one at the top, on the largest circle in the middle of the picture."""


class MaskChannel(StrEnum):
    """What of a picture is taken as opacity."""

    ALPHA = "alpha"
    LUMINANCE = "luminance"


class ImageMask(Struct, frozen=True, tag="image", tag_field="type"):
    """Another picture, stretched over this one: where it is opaque, or light, this one shows."""

    source: SourceRef
    channel: MaskChannel = MaskChannel.ALPHA


Mask = Ellipse | Polygon | Star | ImageMask


class Border(Struct, frozen=True):
    """Drawn inside of the outline, so that the picture keeps its size."""

    width: Annotated[int, Meta(ge=1, le=1_000)]
    colour: Colour = Colour(0, 0, 0)


class Shape(Struct, frozen=True, omit_defaults=True):
    """What is outside of the rounded corners or of the mask is transparent. The border follows both, but for a stencil, which
    lies over the border too.
    """

    corner_radii: CornerRadii | None = None
    mask: Mask | None = None
    border: Border | None = None


NO_SHAPE: Final = Shape()
