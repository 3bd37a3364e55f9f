"""Convolve: each colour becomes a weighted sum of those around it, on sRGB codes.

The matrix is not mirrored (as in OpenCV, thumbor and SVG written the usual way), and beyond its edges the picture goes on as it ends. Alpha
stays as it is; it is multiplied in before the sum and divided out after it, then the offset is added.
"""

from math import isqrt

import pyvips

from pixmill.engine.pixels.bridge import from_vips, to_vips
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job
from pixmill.engine.pixels.opacity import divided, joined, multiplied, parted


def convolve(frame: Frame, job: Job) -> Frame:
    """The frame convolved with the matrix that is asked for."""
    asked = job.plan.effects.convolution
    if asked is None:
        return frame
    side = isqrt(len(asked.weights))
    rows = [list(asked.weights[at : at + side]) for at in range(0, side * side, side)]
    colours, alpha = parted(to_vips(frame))
    sums = multiplied(colours, alpha).cast("float").conv(pyvips.Image.new_from_array(rows), precision="float")
    return from_vips(joined(divided(sums, alpha) + asked.offset, alpha), frame)
