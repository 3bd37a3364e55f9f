"""Median: each channel's middle value in a square around the pixel; takes out specks and keeps edges.

Alpha is multiplied in, and has its own median. Beyond its edges the picture goes on as it ends.
"""

from pixmill.engine.pixels.bridge import VipsImage, from_vips, to_vips
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job
from pixmill.engine.pixels.opacity import divided, joined, multiplied, parted


def median(frame: Frame, job: Job) -> Frame:
    """The frame without its specks, if that is asked for."""
    radius = job.plan.effects.median
    if not radius:
        return frame
    colours, alpha = parted(to_vips(frame))
    if alpha is None:
        return from_vips(_ranked(colours, radius), frame)
    image = _ranked(joined(multiplied(colours, alpha), alpha), radius)
    colours, alpha = parted(image.copy(interpretation="b-w" if frame.grey else "srgb"))
    return from_vips(joined(divided(colours, alpha), alpha), frame)


def _ranked(image: VipsImage, radius: int) -> VipsImage:
    """The edge is made before: libvips refuses a window larger than the picture."""
    width, height, side = image.width, image.height, 2 * radius + 1
    wider = image.embed(radius, radius, width + 2 * radius, height + 2 * radius, extend="copy")
    return wider.rank(side, side, side * side // 2).crop(radius, radius, width, height)
