"""Spread: dilate, then erode. Each channel's largest, or smallest, value in a square around the pixel: what is light grows, or what is dark.

As OpenCV's ``dilate`` and ``erode`` with a square; both together close small dark gaps. Alpha is multiplied in, and spreads as well. Beyond its
edges the picture goes on as it ends.
"""

from pixmill.engine.pixels.bridge import VipsImage, from_vips, to_vips
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job
from pixmill.engine.pixels.opacity import divided, joined, multiplied, parted


def spread(frame: Frame, job: Job) -> Frame:
    """The frame with its lights, then its darks, grown by as much as is asked for."""
    if job.plan.effects.dilate:
        frame = _grown(frame, job.plan.effects.dilate, largest=True)
    if job.plan.effects.erode:
        frame = _grown(frame, job.plan.effects.erode, largest=False)
    return frame


def _grown(frame: Frame, radius: int, *, largest: bool) -> Frame:
    colours, alpha = parted(to_vips(frame))
    if alpha is None:
        return from_vips(_ranked(colours, radius, largest=largest), frame)
    image = _ranked(joined(multiplied(colours, alpha), alpha), radius, largest=largest)
    colours, alpha = parted(image.copy(interpretation="b-w" if frame.grey else "srgb"))
    return from_vips(joined(divided(colours, alpha), alpha), frame)


def _ranked(image: VipsImage, radius: int, *, largest: bool) -> VipsImage:
    """Along rows, then along columns: a square's extreme is that of its rows' extremes."""
    width, height, side = image.width, image.height, 2 * radius + 1
    at = side - 1 if largest else 0
    wider = image.embed(radius, radius, width + 2 * radius, height + 2 * radius, extend="copy")
    return wider.rank(side, 1, at).rank(1, side, at).crop(radius, radius, width, height)
