"""Convolutions on sRGB values: any matrix, and sharpening.

The matrix is not mirrored (as in OpenCV, thumbor and the usual form of SVG), and beyond the edges the outermost pixels
are repeated. Colours are premultiplied for the sum; then the offset is added. Alpha does not change.

Sharpening is an unsharp mask of luma, as in image editors: amount · d is added to all channels, with d = luma −
Gaussian of luma, where |d| is more than the threshold. So hues stay and edges get no coloured fringe. Neighbours count
by their alpha: (Y · α) blurred / α blurred. Sharpening of L* is libvips' own, on premultiplied colours, as in sharp.
"""

from math import isqrt

import pyvips

from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.pixels.resample.linear_filters import MIN_AMPLITUDE
from pixmill.engine.raster.alpha import join_alpha, premultiply, round_to_8_bit, split_alpha, unpremultiply
from pixmill.engine.raster.convert import VipsImage, from_vips, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.engine.raster.luma import luma


def sharpen(frame: Frame, job: RenderJob) -> Frame:
    """Sharpen by an unsharp mask of luma."""
    options = job.plan.effects.sharpen
    if options is None:
        return frame
    colours, alpha = split_alpha(to_vips(frame))
    luma_plane = luma(colours).cast("float")
    detail = luma_plane - _alpha_weighted_blur(luma_plane, alpha, options.sigma)
    if options.threshold:
        detail = detail.copy_memory()  # read twice
        detail = (detail.abs() > options.threshold).ifthenelse(detail, 0.0)
    return from_vips(join_alpha(colours + detail * options.amount, alpha), frame)


def sharpen_lab(frame: Frame, job: RenderJob) -> Frame:
    """Sharpen L* of CIE Lab by libvips' ``sharpen``."""
    options = job.plan.effects.sharpen_lab
    if options is None:
        return frame
    colours, alpha = split_alpha(to_vips(frame))
    sharpened = round_to_8_bit(premultiply(colours, alpha)).sharpen(
        sigma=options.sigma,
        m1=options.flat,
        m2=options.jagged,
        x1=options.threshold,
        y2=options.max_lighten,
        y3=options.max_darken,
    )
    return from_vips(join_alpha(unpremultiply(sharpened, alpha), alpha), frame)


def _alpha_weighted_blur(luma_plane: VipsImage, alpha: VipsImage | None, sigma: float) -> VipsImage:
    if alpha is None:
        return _gaussian(luma_plane, sigma)
    weight = alpha.cast("float") / 255
    return _gaussian(luma_plane * weight, sigma) / _gaussian(weight, sigma)  # in libvips x / 0 is 0


def _gaussian(image: VipsImage, sigma: float) -> VipsImage:
    return image.gaussblur(sigma, min_ampl=MIN_AMPLITUDE, precision="float")


def convolve(frame: Frame, job: RenderJob) -> Frame:
    """Convolve the image with the matrix of the plan."""
    convolution = job.plan.effects.convolution
    if convolution is None:
        return frame
    side = isqrt(len(convolution.weights))
    rows = [list(convolution.weights[at : at + side]) for at in range(0, side * side, side)]
    colours, alpha = split_alpha(to_vips(frame))
    convolved = premultiply(colours, alpha).cast("float").conv(pyvips.Image.new_from_array(rows), precision="float")
    return from_vips(join_alpha(unpremultiply(convolved, alpha) + convolution.offset, alpha), frame)
