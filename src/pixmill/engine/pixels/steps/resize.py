"""Crop and resize: the wanted area at its final size, in one pass."""

from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job
from pixmill.engine.pixels.scale import scaled


def resize(frame: Frame, job: Job) -> Frame:
    """Nothing but ``area`` is left, at the size it has in the result; still lying as stored."""
    return scaled(frame, job.turn.size(job.geometry.window), job.plan.resize.kernel)
