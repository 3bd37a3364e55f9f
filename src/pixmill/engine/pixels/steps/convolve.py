"""Convolve: each colour becomes a weighted sum of those around it, on sRGB codes.

The matrix is not mirrored (as in OpenCV, thumbor and SVG written the usual way), and beyond its edges the picture goes on as it ends. Alpha
stays as it is; it is multiplied in before the sum and divided out after it, then the offset is added.
"""

from math import isqrt

import pyvips

from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.raster.alpha import join_alpha, premultiply, split_alpha, unpremultiply
from pixmill.engine.raster.convert import from_vips, to_vips
from pixmill.engine.raster.frame import Frame


def convolve(frame: Frame, job: RenderJob) -> Frame:
    """The frame convolved with the matrix that is asked for."""
    convolution = job.plan.effects.convolution
    if convolution is None:
        return frame
    side = isqrt(len(convolution.weights))
    rows = [list(convolution.weights[at : at + side]) for at in range(0, side * side, side)]
    colours, alpha = split_alpha(to_vips(frame))
    convolved = premultiply(colours, alpha).cast("float").conv(pyvips.Image.new_from_array(rows), precision="float")
    return from_vips(join_alpha(unpremultiply(convolved, alpha) + convolution.offset, alpha), frame)
