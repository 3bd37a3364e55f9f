"""What lies around a picture: how a canvas is filled, and how much of it is added."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from pixmill.plan.colour import TRANSPARENT, Byte, Colour

Margin = Annotated[int, Meta(ge=0, le=65_535)]


class Fill(StrEnum):
    """What a canvas shows where the picture is not."""

    COLOUR = "color"
    BLUR = "blur"
    EDGE = "edge"
    MIRROR = "mirror"


class Extend(Struct, frozen=True):
    """Pixels added on each side of the result, and the filling of these and of the canvas of ``Fit.CONTAIN``."""

    fill: Fill = Fill.COLOUR
    top: Margin = 0
    right: Margin = 0
    bottom: Margin = 0
    left: Margin = 0

    @property
    def has_margins(self) -> bool:
        return bool(self.top or self.right or self.bottom or self.left)


class FreeRotation(Struct, frozen=True):
    """Degrees clockwise, other than the right angles, and what the corners show that open up."""

    degrees: Annotated[float, Meta(gt=0, lt=360)]
    corner_colour: Colour = TRANSPARENT


class Trim(Struct, frozen=True):
    """Rows and columns at the edges whose pixels all differ by at most ``tolerance`` from the border's colour.

    ``colour`` is that of the top left corner where it is None; transparent means all that is. ``across`` and ``down``:
    as much off the one side as off the other, left and right or top and bottom, the lesser of both.
    """

    tolerance: Byte = 10
    colour: Colour | None = None
    equal_horizontal: bool = False
    equal_vertical: bool = False
