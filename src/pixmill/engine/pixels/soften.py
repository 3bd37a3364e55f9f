"""A frame blurred: a Gaussian in linear light, with alpha multiplied in.

A wide one is made on a smaller picture and enlarged again: what a Gaussian leaves has no detail that this could lose.
Knows frames. Must never know plans.
"""

from pixmill.engine.pixels.bridge import from_vips, to_vips
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.light import from_light, to_light
from pixmill.engine.pixels.scale import scaled
from pixmill.plan.geometry import Size, round_half_up

WIDE = 6.0
"""From here on the picture is made smaller first, so that time does not grow with sigma."""

CUT = 0.01
"""The filter ends where it falls below this part of its height (libvips' own 0.2 leaves a visible edge)."""


def softened(frame: Frame, sigma: float, *, wide: float = WIDE) -> Frame:
    """The frame blurred by ``sigma`` pixels; made smaller first where that is more than ``wide``."""
    shrink = max(1.0, sigma / wide)
    small = Size(round_half_up(frame.width / shrink), round_half_up(frame.height / shrink))
    light = to_light(to_vips(scaled(frame, small))).gaussblur(sigma / shrink, min_ampl=CUT, precision="float")
    return scaled(from_vips(from_light(light, alpha=frame.layout.alpha), frame), frame.size)
