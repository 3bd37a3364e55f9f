"""Grayscale: luminance (Rec. 709 weights in linear light), as a picture with one band."""

from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.raster.convert import from_vips, to_vips
from pixmill.engine.raster.frame import Frame


def grayscale(frame: Frame, job: RenderJob) -> Frame:
    """The frame in grey, if that is asked for."""
    if not job.plan.grayscale or frame.is_grey:
        return frame
    return from_vips(to_vips(frame).colourspace("b-w"), frame)
