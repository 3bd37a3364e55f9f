"""How far each pixel lies along a way across the picture.

The way of a CSS ``linear-gradient`` (https://www.w3.org/TR/css-images-3/#linear-gradient-syntax): through the centre, as long as it takes for
its ends to meet the corners. Knows ramps and sizes.
"""

from math import cos, radians, sin

import pyvips

from pixmill.engine.pixels.bridge import VipsImage
from pixmill.plan.effects import Ramp
from pixmill.plan.geometry import Size


def along(ramp: Ramp, size: Size) -> VipsImage:
    """One channel of floats: 0 up to the start of the ramp, 1 from its stop on."""
    right, down = sin(radians(ramp.angle)), -cos(radians(ramp.angle))
    length = abs(size.width * right) + abs(size.height * down)
    places = pyvips.Image.xyz(size.width, size.height)
    centred = (places[0] - (size.width - 1) / 2) * right + (places[1] - (size.height - 1) / 2) * down
    way = centred / length + 0.5
    start, stop = ramp.start / 100, ramp.stop / 100
    if stop <= start:
        return (way >= start) / 255.0
    return ((way - start) / (stop - start)).clamp(min=0, max=1).cast("float")
