"""Quarter turns and mirrors of pixels. Knows libvips; ``turn.py`` knows which way a picture lies."""

from pixmill.engine.pixels.bridge import VipsImage
from pixmill.engine.pixels.turn import Turn

_ANGLES = {1: "d90", 2: "d180", 3: "d270"}


def upright(image: VipsImage, turn: Turn) -> VipsImage:
    """A stored picture as it is to be seen."""
    if turn.mirror:
        image = image.fliphor()
    return image.rot(_ANGLES[turn.quarters]) if turn.quarters else image
