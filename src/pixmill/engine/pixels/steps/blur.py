"""Gaussian blurs: one of constant sigma, and one whose sigma grows along a direction.

The progressive blur interpolates between copies, each blurred twice as much as the one before, so that the variances of
their Gaussians match: with the weight w = (σ² − a²) / (b² − a²) of the copy of sigma b, and 1 − w of the copy of sigma
a.
"""

from pixmill.engine.pixels.draw.gradient_ramp import ramp_positions
from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.pixels.resample.linear_filters import gaussian_blur, gaussian_blur_of_values
from pixmill.engine.raster.alpha import join_alpha, premultiply, split_alpha, unpremultiply
from pixmill.engine.raster.convert import VipsImage, from_vips, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.plan.ops import BlurSpace

_MIN_SIGMA = 0.5
"""A blur of fewer pixels is indistinguishable from none."""

_MAX_DIRECT_SIGMA = 3.0
"""Lower than for a single blur: here several copies are blurred, each on a reduced image."""


def blur(frame: Frame, job: RenderJob) -> Frame:
    """Blur the whole image by one Gaussian."""
    if job.plan.blur_space is BlurSpace.SRGB:
        return gaussian_blur_of_values(frame, job.plan.blur)
    return gaussian_blur(frame, job.plan.blur)


def progressive_blur(frame: Frame, job: RenderJob) -> Frame:
    """Blur with a sigma that grows along the ramp."""
    options = job.plan.effects.progressive_blur
    if options is None:
        return frame
    sigma = ramp_positions(options.ramp, frame.size) * options.sigma
    variance = sigma * sigma
    image, previous_sigma = _premultiplied_image(frame), 0.0
    for level_sigma in _sigma_levels(options.sigma):
        weight = (variance - previous_sigma**2) * (255 / (level_sigma**2 - previous_sigma**2))
        blurred = _premultiplied_image(gaussian_blur(frame, level_sigma, max_direct_sigma=_MAX_DIRECT_SIGMA))
        mixture = weight.rint().cast("uchar").ifthenelse(blurred, image, blend=True)
        image = mixture.copy_memory()  # so that two copies are in memory at a time, not one per level
        previous_sigma = level_sigma
    colours, alpha = split_alpha(image)
    return from_vips(join_alpha(unpremultiply(colours, alpha), alpha), frame)


def _sigma_levels(max_sigma: float) -> list[float]:
    """Return the sigmas of the copies, in ascending order, up to ``max_sigma``."""
    levels = [max_sigma]
    while levels[-1] >= 2 * _MIN_SIGMA:
        levels.append(levels[-1] / 2)
    return levels[::-1]


def _premultiplied_image(frame: Frame) -> VipsImage:
    """Return premultiplied 8-bit values, which libvips blends fast."""
    colours, alpha = split_alpha(to_vips(frame))
    image = join_alpha(premultiply(colours, alpha), alpha)
    return image.copy(interpretation="b-w" if frame.is_grey else "srgb")
