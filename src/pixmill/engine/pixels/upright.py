"""Quarter turns and mirrors of pixels. Knows libvips; ``turn.py`` knows which way a picture lies."""

from pixmill.engine.raster.convert import VipsImage
from pixmill.engine.raster.orientation import Orientation

_VIPS_ANGLES = {1: "d90", 2: "d180", 3: "d270"}


def orient_image(image: VipsImage, orientation: Orientation) -> VipsImage:
    """A stored picture as it is to be seen."""
    if orientation.mirrored:
        image = image.fliphor()
    return image.rot(_VIPS_ANGLES[orientation.quarter_turns]) if orientation.quarter_turns else image
