"""A frame blurred: a Gaussian in linear light, with alpha multiplied in.

A wide one is made on a smaller picture and enlarged again: what a Gaussian leaves has no detail that this could lose.
Knows frames. Must never know plans.
"""

from pixmill.engine.pixels.resample.scale import scale_frame
from pixmill.engine.raster.convert import from_vips, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.engine.raster.linear_light import from_linear, to_linear
from pixmill.plan.lengths import Size, round_length

MAX_DIRECT_SIGMA = 6.0
"""From here on the picture is made smaller first, so that time does not grow with sigma."""

MIN_AMPLITUDE = 0.01
"""The filter ends where it falls below this part of its height (libvips' own 0.2 leaves a visible edge)."""


def gaussian_blur(frame: Frame, sigma: float, *, max_direct_sigma: float = MAX_DIRECT_SIGMA) -> Frame:
    """The frame blurred by ``sigma`` pixels; made smaller first where that is more than ``wide``."""
    shrink = max(1.0, sigma / max_direct_sigma)
    reduced_size = Size(round_length(frame.width / shrink), round_length(frame.height / shrink))
    linear = to_linear(to_vips(scale_frame(frame, reduced_size))).gaussblur(
        sigma / shrink, min_ampl=MIN_AMPLITUDE, precision="float"
    )
    return scale_frame(from_vips(from_linear(linear, has_alpha=frame.layout.has_alpha), frame), frame.size)
