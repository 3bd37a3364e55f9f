"""Sharpen: an unsharp mask of luma, on sRGB codes as image editors do it.

To all channels is added amount · d with d = luma − Gaussian of luma, where |d| is more than the threshold: so hues stay and no edge gets a
coloured fringe. What lies around counts by its alpha: (Y · α) blurred / α blurred.
"""

from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.pixels.resample.gaussian import MIN_AMPLITUDE
from pixmill.engine.raster.alpha import join_alpha, split_alpha
from pixmill.engine.raster.convert import VipsImage, from_vips, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.engine.raster.luma import luma


def sharpen(frame: Frame, job: RenderJob) -> Frame:
    """The frame with its edges brought out, if that is asked for."""
    options = job.plan.effects.sharpen
    if options is None:
        return frame
    colours, alpha = split_alpha(to_vips(frame))
    luma_plane = luma(colours).cast("float")
    detail = luma_plane - _alpha_weighted_blur(luma_plane, alpha, options.sigma)
    if options.threshold:
        detail = detail.copy_memory()  # asked for twice
        detail = (detail.abs() > options.threshold).ifthenelse(detail, 0.0)
    return from_vips(join_alpha(colours + detail * options.amount, alpha), frame)


def _alpha_weighted_blur(luma_plane: VipsImage, alpha: VipsImage | None, sigma: float) -> VipsImage:
    if alpha is None:
        return _gaussian(luma_plane, sigma)
    weight = alpha.cast("float") / 255
    return _gaussian(luma_plane * weight, sigma) / _gaussian(weight, sigma)  # libvips: by 0 is 0


def _gaussian(image: VipsImage, sigma: float) -> VipsImage:
    return image.gaussblur(sigma, min_ampl=MIN_AMPLITUDE, precision="float")
