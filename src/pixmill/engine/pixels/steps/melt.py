"""Melt: a blur that grows along a way across the picture.

Between copies blurred twice as much each, mixed so that the variances of their Gaussians come out right: with
w = (σ² − a²) / (b² − a²) of the copy of sigma b and the rest of that of sigma a.
"""

from pixmill.engine.pixels.bridge import VipsImage, from_vips, to_vips
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job
from pixmill.engine.pixels.opacity import divided, joined, multiplied, parted
from pixmill.engine.pixels.ramp import along
from pixmill.engine.pixels.soften import softened

_FINEST = 0.5
"""A blur of fewer pixels is not told from none."""

_WIDE = 3.0
"""Several blurs for one picture: each is made on a smaller one sooner than a blur that stands alone."""


def melt(frame: Frame, job: Job) -> Frame:
    """The frame less and less sharp."""
    asked = job.plan.effects.melt
    if asked is None:
        return frame
    sigma = along(asked.ramp, frame.size) * asked.sigma
    variance = sigma * sigma
    image, before = _multiplied(frame), 0.0
    for level in _levels(asked.sigma):
        weight = (variance - before**2) * (255 / (level**2 - before**2))
        coarser = _multiplied(softened(frame, level, wide=_WIDE))
        mixture = weight.rint().cast("uchar").ifthenelse(coarser, image, blend=True)
        image = mixture.copy_memory()  # so that two copies are held at a time, not one for each level
        before = level
    colours, alpha = parted(image)
    return from_vips(joined(divided(colours, alpha), alpha), frame)


def _levels(most: float) -> list[float]:
    """From fine to coarse, ending with ``most``."""
    levels = [most]
    while levels[-1] >= 2 * _FINEST:
        levels.append(levels[-1] / 2)
    return levels[::-1]


def _multiplied(frame: Frame) -> VipsImage:
    """8-bit codes with alpha multiplied in, which libvips can blend fast."""
    colours, alpha = parted(to_vips(frame))
    image = joined(multiplied(colours, alpha), alpha)
    return image.copy(interpretation="b-w" if frame.grey else "srgb")
