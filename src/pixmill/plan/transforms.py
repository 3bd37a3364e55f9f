"""What lies around a picture: how a canvas is filled, and how much of it is added."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

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
