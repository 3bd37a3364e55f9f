"""Spread: dilate, then erode. Each channel's largest, or smallest, value in a square around the pixel: what is light grows, or what is dark.

As OpenCV's ``dilate`` and ``erode`` with a square; both together close small dark gaps. Alpha is multiplied in, and spreads as well. Beyond its
edges the picture goes on as it ends.
"""

from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.raster.alpha import join_alpha, premultiply, split_alpha, unpremultiply
from pixmill.engine.raster.convert import VipsImage, from_vips, to_vips
from pixmill.engine.raster.frame import Frame


def morphology(frame: Frame, job: RenderJob) -> Frame:
    """The frame with its lights, then its darks, grown by as much as is asked for."""
    if job.plan.effects.dilate:
        frame = _morph(frame, job.plan.effects.dilate, largest=True)
    if job.plan.effects.erode:
        frame = _morph(frame, job.plan.effects.erode, largest=False)
    return frame


def _morph(frame: Frame, radius: int, *, largest: bool) -> Frame:
    colours, alpha = split_alpha(to_vips(frame))
    if alpha is None:
        return from_vips(_rank_filter(colours, radius, largest=largest), frame)
    image = _rank_filter(join_alpha(premultiply(colours, alpha), alpha), radius, largest=largest)
    colours, alpha = split_alpha(image.copy(interpretation="b-w" if frame.is_grey else "srgb"))
    return from_vips(join_alpha(unpremultiply(colours, alpha), alpha), frame)


def _rank_filter(image: VipsImage, radius: int, *, largest: bool) -> VipsImage:
    """Along rows, then along columns: a square's extreme is that of its rows' extremes."""
    width, height, side = image.width, image.height, 2 * radius + 1
    rank = side - 1 if largest else 0
    padded = image.embed(radius, radius, width + 2 * radius, height + 2 * radius, extend="copy")
    return padded.rank(side, 1, rank).rank(1, side, rank).crop(radius, radius, width, height)
