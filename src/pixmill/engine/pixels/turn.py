"""The eight ways in which a picture can lie, and the way from one to another.

Knows quarter turns and mirrors, sizes and areas. Must never know pixels: ``steps/turn.py`` moves those.
"""

from dataclasses import dataclass

from pixmill.engine.pixels.frame import Area
from pixmill.plan.geometry import Size
from pixmill.plan.ops import Flip


@dataclass(frozen=True, slots=True)
class Turn:
    """Mirror left to right if ``mirror``, then turn clockwise ``quarters`` times by 90 degrees."""

    quarters: int = 0
    mirror: bool = False

    def then(self, other: "Turn") -> "Turn":
        """Both, one after the other. A mirror turns the turns before it round."""
        quarters = other.quarters + (-self.quarters if other.mirror else self.quarters)
        return Turn(quarters % 4, self.mirror is not other.mirror)

    def size(self, stored: Size) -> Size:
        """The size of a picture of size ``stored`` after the turn; also the way back."""
        return stored.turned if self.quarters % 2 else stored

    def stored(self, area: Area, turned: Size) -> Area:
        """Where an area of the turned picture, which has this size, lies in the picture as stored."""
        for _ in range((4 - self.quarters) % 4):
            area = Area(turned.height - area.top - area.height, area.left, area.height, area.width)
            turned = turned.turned
        left = turned.width - area.left - area.width if self.mirror else area.left
        return Area(left, area.top, area.width, area.height)


# EXIF 2.32 tag 274: what must be done to the stored picture to see it upright.
ORIENTATIONS = {
    1: Turn(0),
    2: Turn(0, mirror=True),
    3: Turn(2),
    4: Turn(2, mirror=True),
    5: Turn(3, mirror=True),
    6: Turn(1),
    7: Turn(1, mirror=True),
    8: Turn(3),
}

_FLIPS = {
    Flip.NONE: Turn(0),
    Flip.HORIZONTAL: Turn(0, mirror=True),
    Flip.VERTICAL: Turn(2, mirror=True),
    Flip.BOTH: Turn(2),
}


def asked_turn(rotate: int, flip: Flip) -> Turn:
    """Clockwise degrees, then a flip, as one turn."""
    return Turn(rotate // 90 % 4).then(_FLIPS[flip])
