"""Colours, as all parts of the system use them. Knows numbers only."""

from typing import Annotated, Final

from msgspec import Meta, Struct

Byte = Annotated[int, Meta(ge=0, le=255)]


class Colour(Struct, frozen=True):
    """An sRGB colour with alpha; each component is 0 to 255."""

    red: Byte = 255
    green: Byte = 255
    blue: Byte = 255
    alpha: Byte = 255


TRANSPARENT: Final = Colour(255, 255, 255, 0)
"""Fully transparent. White, so that what cannot show transparency shows the default background."""
