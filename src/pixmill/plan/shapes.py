"""The outline of the result (rounded corners or a mask), and the border along it.

Knows shapes, lengths in pixels of the result, and colours; must never know how a shape becomes alpha.
"""

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from pixmill.plan.colour import Colour
from pixmill.plan.source import SourceRef

MAX_POLYGON_CORNERS: Final = 12
"""More corners look like a circle, and each costs a pass over the image."""

Radius = Annotated[float, Meta(ge=0.0, le=65_535.0)]


class CornerRadii(Struct, frozen=True, omit_defaults=True):
    """The radii of the four corners, in pixels or in percent of the shorter side."""

    top_left: Radius = 0.0
    top_right: Radius = 0.0
    bottom_right: Radius = 0.0
    bottom_left: Radius = 0.0
    percent: bool = False


class Ellipse(Struct, frozen=True, tag="ellipse", tag_field="type"):
    """The largest ellipse in the image, or, with ``circle``, the largest circle in its centre."""

    circle: bool = False


class Polygon(Struct, frozen=True, tag="polygon", tag_field="type"):
    """A regular polygon in the largest circle in the centre of the image, with one corner at the top."""

    corners: Annotated[int, Meta(ge=3, le=MAX_POLYGON_CORNERS)]


class Star(Struct, frozen=True, tag="star", tag_field="type"):
    """A five-pointed star in the largest circle in the centre of the image, with one point at the top."""


class MaskChannel(StrEnum):
    """The channel of a mask image that becomes alpha."""

    ALPHA = "alpha"
    LUMINANCE = "luminance"


class ImageMask(Struct, frozen=True, tag="image", tag_field="type"):
    """A mask image, stretched over the result, which is visible where the mask is opaque or light."""

    source: SourceRef
    channel: MaskChannel = MaskChannel.ALPHA


Mask = Ellipse | Polygon | Star | ImageMask


class Border(Struct, frozen=True):
    """A border inside the outline, so that the image keeps its size."""

    width: Annotated[int, Meta(ge=1, le=1_000)]
    colour: Colour = Colour(0, 0, 0)


class Shape(Struct, frozen=True, omit_defaults=True):
    """Everything outside the rounded corners or the mask is transparent. The border follows both, except an image mask,
    which applies to the border too.
    """

    corner_radii: CornerRadii | None = None
    mask: Mask | None = None
    border: Border | None = None


NO_SHAPE: Final = Shape()
