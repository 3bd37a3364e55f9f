"""Grayscale: luminance (Rec. 709 weights in linear light), as a picture with one band."""

from pixmill.engine.pixels.bridge import from_vips, to_vips
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job


def grayscale(frame: Frame, job: Job) -> Frame:
    """The frame in grey, if that is asked for."""
    if not job.plan.grayscale or frame.grey:
        return frame
    return from_vips(to_vips(frame).colourspace("b-w"), frame)
