"""A turn by any angle."""

from typing import Annotated

from msgspec import Meta, Struct

from pixmill.plan.colour import CLEAR, Colour


class FreeRotation(Struct, frozen=True):
    """Degrees clockwise, other than the right angles, and what the corners show that open up."""

    degrees: Annotated[float, Meta(gt=0, lt=360)]
    corner_colour: Colour = CLEAR
