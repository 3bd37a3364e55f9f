"""Uncover: an alpha that hides nothing is dropped; every encoder would spend time and bytes on it."""

from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.raster.convert import from_vips, to_vips
from pixmill.engine.raster.frame import Frame

_OPAQUE = 255


def drop_opaque_alpha(frame: Frame, job: RenderJob) -> Frame:
    """The frame without its alpha, if that is opaque everywhere. Of an animation one frame says nothing about the others."""
    if not frame.layout.has_alpha or job.animated:
        return frame
    image = to_vips(frame)
    colours = image.bands - 1
    return frame if image[colours].min() < _OPAQUE else from_vips(image.extract_band(0, n=colours), frame)
