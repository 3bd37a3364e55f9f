"""CLAHE: contrast-limited adaptive histogram equalisation of luma.

libvips' ``hist_local`` maps each pixel to its rank in its window, where ranks rise at most ``max_slope`` times as fast
as the identity. The change of luma is added to all channels, so that hues stay. Transparent pixels count as mid-grey,
in proportion to their transparency.
"""

from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.raster.alpha import join_alpha, round_to_8_bit, split_alpha
from pixmill.engine.raster.convert import VipsImage, from_vips, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.engine.raster.luma import luma

_MID_GREY = 128


def clahe(frame: Frame, job: RenderJob) -> Frame:
    """Equalise the local contrast."""
    options = job.plan.adjust.clahe
    if options is None:
        return frame
    colours, alpha = split_alpha(to_vips(frame))
    luma_plane = round_to_8_bit(_blend_with_mid_grey(luma(colours), alpha))
    equalised = luma_plane.hist_local(
        min(options.window, frame.width), min(options.window, frame.height), max_slope=options.max_slope
    )
    return from_vips(join_alpha(colours + (equalised - luma_plane), alpha), frame)


def _blend_with_mid_grey(luma_plane: VipsImage, alpha: VipsImage | None) -> VipsImage:
    return luma_plane if alpha is None else (luma_plane - _MID_GREY) * (alpha / 255) + _MID_GREY
