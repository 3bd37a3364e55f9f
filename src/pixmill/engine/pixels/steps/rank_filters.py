"""Rank filters: median, dilation, erosion.

Each channel gets a rank of the values in a square around the pixel: the middle one, the largest or the smallest, or
these of each bit by itself. Alpha is premultiplied before the filter and is filtered itself. Beyond the edges the
outermost pixels are repeated.
"""

from collections.abc import Callable

import pyvips

from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.raster.alpha import join_alpha, premultiply, split_alpha, unpremultiply
from pixmill.engine.raster.convert import VipsImage, from_vips, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.plan.effects import MorphologyUnit

_SET = 255
"""An element of a mask that looks at the bits as they are."""


def median(frame: Frame, job: RenderJob) -> Frame:
    """Replace each value by the median of the square; removes specks and keeps edges."""
    radius = job.plan.effects.median
    return _filter_premultiplied(frame, lambda image: _median(image, radius))


def morphology(frame: Frame, job: RenderJob) -> Frame:
    """Dilate, then erode, as OpenCV's functions with a square kernel; both together close small dark gaps."""
    effects = job.plan.effects
    extreme = _extreme_of_bits if effects.morphology is MorphologyUnit.BITS else _extreme
    if effects.dilate:
        frame = _filter_premultiplied(frame, lambda image: extreme(image, effects.dilate, largest=True))
    if effects.erode:
        frame = _filter_premultiplied(frame, lambda image: extreme(image, effects.erode, largest=False))
    return frame


def _filter_premultiplied(frame: Frame, rank_filter: Callable[[VipsImage], VipsImage]) -> Frame:
    colours, alpha = split_alpha(to_vips(frame))
    if alpha is None:
        return from_vips(rank_filter(colours), frame)
    image = rank_filter(join_alpha(premultiply(colours, alpha), alpha))
    colours, alpha = split_alpha(image.copy(interpretation="b-w" if frame.is_grey else "srgb"))
    return from_vips(join_alpha(unpremultiply(colours, alpha), alpha), frame)


def _median(image: VipsImage, radius: int) -> VipsImage:
    side = 2 * radius + 1
    return (
        _repeat_edges(image, radius).rank(side, side, side * side // 2).crop(radius, radius, image.width, image.height)
    )


def _extreme(image: VipsImage, radius: int, *, largest: bool) -> VipsImage:
    """Filter rows, then columns: the extreme of a square is the extreme of the extremes of its rows."""
    side = 2 * radius + 1
    rank = side - 1 if largest else 0
    rows = _repeat_edges(image, radius).rank(side, 1, rank)
    return rows.rank(1, side, rank).crop(radius, radius, image.width, image.height)


def _extreme_of_bits(image: VipsImage, radius: int, *, largest: bool) -> VipsImage:
    """The same for each bit by itself: all in which it is set, or all in which it is not."""
    side, operation = 2 * radius + 1, "dilate" if largest else "erode"
    for width, height in ((side, 1), (1, side)):
        mask = pyvips.Image.new_from_array([[_SET] * width] * height)
        image = image.morph(mask, operation)
    return image


def _repeat_edges(image: VipsImage, radius: int) -> VipsImage:
    """Pad before the filter, because libvips rejects a window that is larger than the image."""
    return image.embed(radius, radius, image.width + 2 * radius, image.height + 2 * radius, extend="copy")
