"""Blur: the whole picture by one Gaussian."""

from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job
from pixmill.engine.pixels.soften import softened


def blur(frame: Frame, job: Job) -> Frame:
    """The frame blurred by as many pixels as are asked for."""
    return softened(frame, job.plan.blur) if job.plan.blur else frame
