"""The eight ways in which a picture can lie, and the way from one to another.

Knows quarter turns and mirrors, sizes and areas. Must never know pixels: ``steps/turn.py`` moves those.
"""

from dataclasses import dataclass

from pixmill.engine.raster.frame import Area
from pixmill.plan.lengths import Size
from pixmill.plan.ops import Flip


@dataclass(frozen=True, slots=True)
class Orientation:
    """Mirror left to right if ``mirror``, then turn clockwise ``quarters`` times by 90 degrees."""

    quarter_turns: int = 0
    mirrored: bool = False

    def then(self, other: "Orientation") -> "Orientation":
        """Both, one after the other. A mirror turns the turns before it round."""
        quarter_turns = other.quarter_turns + (-self.quarter_turns if other.mirrored else self.quarter_turns)
        return Orientation(quarter_turns % 4, self.mirrored is not other.mirrored)

    def oriented_size(self, stored_size: Size) -> Size:
        """The size of a picture of size ``stored`` after the turn; also the way back."""
        return stored_size.transposed if self.quarter_turns % 2 else stored_size

    def stored_area(self, area: Area, oriented_size: Size) -> Area:
        """Where an area of the turned picture, which has this size, lies in the picture as stored."""
        for _ in range((4 - self.quarter_turns) % 4):
            area = Area(oriented_size.height - area.top - area.height, area.left, area.height, area.width)
            oriented_size = oriented_size.transposed
        left = oriented_size.width - area.left - area.width if self.mirrored else area.left
        return Area(left, area.top, area.width, area.height)


# EXIF 2.32 tag 274: what must be done to the stored picture to see it upright.
EXIF_ORIENTATIONS = {
    1: Orientation(0),
    2: Orientation(0, mirrored=True),
    3: Orientation(2),
    4: Orientation(2, mirrored=True),
    5: Orientation(3, mirrored=True),
    6: Orientation(1),
    7: Orientation(1, mirrored=True),
    8: Orientation(3),
}

_FLIP_ORIENTATIONS = {
    Flip.NONE: Orientation(0),
    Flip.HORIZONTAL: Orientation(0, mirrored=True),
    Flip.VERTICAL: Orientation(2, mirrored=True),
    Flip.BOTH: Orientation(2),
}


def requested_orientation(rotate: int, flip: Flip) -> Orientation:
    """Clockwise degrees, then a flip, as one turn."""
    return Orientation(rotate // 90 % 4).then(_FLIP_ORIENTATIONS[flip])
