"""Crop and resize: the wanted area at its final size, in one pass."""

from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.pixels.resample.scale import scale_frame
from pixmill.engine.raster.frame import Frame


def resize(frame: Frame, job: RenderJob) -> Frame:
    """Nothing but ``area`` is left, at the size it has in the result; still lying as stored."""
    return scale_frame(frame, job.orientation.oriented_size(job.geometry.window), job.plan.resize.kernel)
