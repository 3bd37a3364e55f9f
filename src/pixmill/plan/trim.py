"""Borders of one colour to be cut off."""

from msgspec import Struct

from pixmill.plan.colour import Byte, Colour


class Trim(Struct, frozen=True):
    """Rows and columns at the edges whose pixels all differ by at most ``tolerance`` from the border's colour.

    ``colour`` is that of the top left corner where it is None; transparent means all that is. ``across`` and ``down``:
    as much off the one side as off the other, left and right or top and bottom, the lesser of both.
    """

    tolerance: Byte = 10
    colour: Colour | None = None
    equal_horizontal: bool = False
    equal_vertical: bool = False
