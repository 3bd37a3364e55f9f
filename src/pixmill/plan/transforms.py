"""Values of trim, rotation and padding. Knows numbers and colours only."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from pixmill.plan.colour import TRANSPARENT, Byte, Colour
from pixmill.plan.lengths import RoundingMode

Margin = Annotated[int, Meta(ge=0, le=65_535)]


class Fill(StrEnum):
    """The fill of the canvas around the image."""

    COLOUR = "color"
    BLUR = "blur"
    EDGE = "edge"
    MIRROR = "mirror"
    AVERAGE = "average"


class LengthUnit(StrEnum):
    """The unit of lengths around an image: pixels, or percent of its sides."""

    PIXELS = "px"
    PERCENT = "pct"


class Extend(Struct, frozen=True):
    """Padding on each side of the result, and the fill of it and of the canvas.

    In percent, the margins are hundredths of a percent of the height (top and bottom) or the width of the canvas.
    """

    fill: Fill = Fill.COLOUR
    top: Margin = 0
    right: Margin = 0
    bottom: Margin = 0
    left: Margin = 0
    unit: LengthUnit = LengthUnit.PIXELS


class FreeRotation(Struct, frozen=True):
    """A clockwise rotation other than by right angles, and the colour of the corners that it opens.

    ``rounding`` applies to the sides of the bounding box.
    """

    degrees: Annotated[float, Meta(gt=0, lt=360)]
    corner_colour: Colour = TRANSPARENT
    rounding: RoundingMode = RoundingMode.CEIL


class TrimCorner(StrEnum):
    """The corner whose pixel has the border colour."""

    TOP_LEFT = "top_left"
    TOP_RIGHT = "top_right"
    BOTTOM_LEFT = "bottom_left"
    BOTTOM_RIGHT = "bottom_right"


class Trim(Struct, frozen=True):
    """Rows and columns at the edges, all of whose pixels differ by at most ``tolerance`` from the border colour.

    ``colour``: None for that of the pixel at ``corner``; transparent for all transparent pixels. ``equal_horizontal``
    and ``equal_vertical``: cut the same amount from opposite sides, the smaller of the two. ``padding``: what is kept
    of the border on each side, as far as there is one; below 0, what is cut off in addition. In percent, it is
    hundredths of a percent of the mean of the sides that are left, rounded away from 0.
    """

    tolerance: Byte = 10
    colour: Colour | None = None
    equal_horizontal: bool = False
    equal_vertical: bool = False
    corner: TrimCorner = TrimCorner.TOP_LEFT
    padding: Annotated[int, Meta(ge=-65_535, le=65_535)] = 0
    padding_unit: LengthUnit = LengthUnit.PIXELS
