"""The eight image orientations (quarter turns and mirroring), as in EXIF, and how they combine.

Knows sizes and areas. Must never know pixels: ``pixels/transform/orient.py`` moves those.
"""

from dataclasses import dataclass

from pixmill.engine.raster.frame import Area
from pixmill.plan.lengths import Size
from pixmill.plan.ops import Flip


@dataclass(frozen=True, slots=True)
class Orientation:
    """Mirror left to right if ``mirrored``, then rotate clockwise by ``quarter_turns`` times 90 degrees."""

    quarter_turns: int = 0
    mirrored: bool = False

    def then(self, other: "Orientation") -> "Orientation":
        """Combine two, this one first. Mirroring reverses the direction of the turns before it."""
        quarter_turns = other.quarter_turns + (-self.quarter_turns if other.mirrored else self.quarter_turns)
        return Orientation(quarter_turns % 4, self.mirrored is not other.mirrored)

    @property
    def inverse(self) -> "Orientation":
        """The orientation that undoes this one."""
        return self if self.mirrored else Orientation(-self.quarter_turns % 4)

    def oriented_size(self, stored_size: Size) -> Size:
        """The size after the transform; the same function gives the size before it."""
        return stored_size.transposed if self.quarter_turns % 2 else stored_size

    def stored_area(self, area: Area, oriented_size: Size) -> Area:
        """Map an area of the oriented image, which has this size, back to the stored image."""
        for _ in range((4 - self.quarter_turns) % 4):
            area = Area(oriented_size.height - area.top - area.height, area.left, area.height, area.width)
            oriented_size = oriented_size.transposed
        left = oriented_size.width - area.left - area.width if self.mirrored else area.left
        return Area(left, area.top, area.width, area.height)


# EXIF 2.32 tag 274: the transform that displays the stored image upright.
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
    """Combine a clockwise rotation in degrees and a flip after it."""
    return Orientation(rotate // 90 % 4).then(_FLIP_ORIENTATIONS[flip])
