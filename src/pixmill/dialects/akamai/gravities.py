"""Compass directions. Knows names and points only."""

from typing import Final

from pixmill.dialects.akamai.args import Args

CENTRE: Final = (0.5, 0.5)
NORTH_WEST: Final = (0.0, 0.0)
GRAVITIES: Final = {
    "center": CENTRE,
    "north": (0.5, 0.0),
    "northeast": (1.0, 0.0),
    "east": (1.0, 0.5),
    "southeast": (1.0, 1.0),
    "south": (0.5, 1.0),
    "southwest": (0.0, 1.0),
    "west": (0.0, 0.5),
    "northwest": NORTH_WEST,
}


def gravity_of(args: Args, default: tuple[float, float]) -> tuple[float, float]:
    """Return the point of ``gravity``. Raises InvalidParameter."""
    return args.word("gravity", GRAVITIES, default)


def inward(offset: int, anchor: float) -> int:
    """Return an offset to the right, or downwards: those from the right and the lower edge count inwards."""
    return -offset if anchor == 1 else offset
