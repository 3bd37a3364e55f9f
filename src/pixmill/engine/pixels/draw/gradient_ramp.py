"""Position of each pixel along the gradient line of a CSS ``linear-gradient``.

The line goes through the centre, and is so long that its ends meet the corners
(https://www.w3.org/TR/css-images-3/#linear-gradient-syntax).
"""

from math import cos, radians, sin

import pyvips

from pixmill.engine.raster.convert import VipsImage
from pixmill.plan.effects import GradientRamp
from pixmill.plan.lengths import Size


def ramp_positions(ramp: GradientRamp, size: Size) -> VipsImage:
    """Return one channel of floats: 0 up to the start of the ramp, 1 from its stop on."""
    x_direction, y_direction = sin(radians(ramp.angle)), -cos(radians(ramp.angle))
    length = abs(size.width * x_direction) + abs(size.height * y_direction)
    coordinates = pyvips.Image.xyz(size.width, size.height)
    distance = (coordinates[0] - (size.width - 1) / 2) * x_direction + (
        coordinates[1] - (size.height - 1) / 2
    ) * y_direction
    position = distance / length + 0.5
    start, stop = ramp.start / 100, ramp.stop / 100
    if stop <= start:
        return (position >= start) / 255.0
    return ((position - start) / (stop - start)).clamp(min=0, max=1).cast("float")
