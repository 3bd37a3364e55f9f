"""Median: each channel's middle value in a square around the pixel; takes out specks and keeps edges.

Alpha is multiplied in, and has its own median. Beyond its edges the picture goes on as it ends.
"""

from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.raster.alpha import join_alpha, premultiply, split_alpha, unpremultiply
from pixmill.engine.raster.convert import VipsImage, from_vips, to_vips
from pixmill.engine.raster.frame import Frame


def median(frame: Frame, job: RenderJob) -> Frame:
    """The frame without its specks, if that is asked for."""
    radius = job.plan.effects.median
    if not radius:
        return frame
    colours, alpha = split_alpha(to_vips(frame))
    if alpha is None:
        return from_vips(_median_filter(colours, radius), frame)
    image = _median_filter(join_alpha(premultiply(colours, alpha), alpha), radius)
    colours, alpha = split_alpha(image.copy(interpretation="b-w" if frame.is_grey else "srgb"))
    return from_vips(join_alpha(unpremultiply(colours, alpha), alpha), frame)


def _median_filter(image: VipsImage, radius: int) -> VipsImage:
    """The edge is made before: libvips refuses a window larger than the picture."""
    width, height, side = image.width, image.height, 2 * radius + 1
    padded = image.embed(radius, radius, width + 2 * radius, height + 2 * radius, extend="copy")
    return padded.rank(side, side, side * side // 2).crop(radius, radius, width, height)
