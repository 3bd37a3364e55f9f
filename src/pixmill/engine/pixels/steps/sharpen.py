"""Sharpen: an unsharp mask of luma, on sRGB codes as image editors do it.

To all channels is added amount · d with d = luma − Gaussian of luma, where |d| is more than the threshold: so hues stay and no edge gets a
coloured fringe. What lies around counts by its alpha: (Y · α) blurred / α blurred.
"""

from pixmill.engine.pixels.bridge import VipsImage, from_vips, to_vips
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job
from pixmill.engine.pixels.luma import luma
from pixmill.engine.pixels.opacity import joined, parted
from pixmill.engine.pixels.soften import CUT


def sharpen(frame: Frame, job: Job) -> Frame:
    """The frame with its edges brought out, if that is asked for."""
    asked = job.plan.effects.sharpen
    if asked is None:
        return frame
    colours, alpha = parted(to_vips(frame))
    light = luma(colours).cast("float")
    detail = light - _around(light, alpha, asked.sigma)
    if asked.threshold:
        detail = detail.copy_memory()  # asked for twice
        detail = (detail.abs() > asked.threshold).ifthenelse(detail, 0.0)
    return from_vips(joined(colours + detail * asked.amount, alpha), frame)


def _around(light: VipsImage, alpha: VipsImage | None, sigma: float) -> VipsImage:
    if alpha is None:
        return _gaussian(light, sigma)
    weight = alpha.cast("float") / 255
    return _gaussian(light * weight, sigma) / _gaussian(weight, sigma)  # libvips: by 0 is 0


def _gaussian(image: VipsImage, sigma: float) -> VipsImage:
    return image.gaussblur(sigma, min_ampl=CUT, precision="float")
