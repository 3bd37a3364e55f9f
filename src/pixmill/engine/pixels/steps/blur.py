"""Blur: the whole picture by one Gaussian."""

from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.pixels.resample.gaussian import gaussian_blur
from pixmill.engine.raster.frame import Frame


def blur(frame: Frame, job: RenderJob) -> Frame:
    """The frame blurred by as many pixels as are asked for."""
    return gaussian_blur(frame, job.plan.blur) if job.plan.blur else frame
