"""Pixelate: the whole picture in blocks."""

from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.pixels.resample.blocks import pixelate_frame
from pixmill.engine.raster.frame import Frame


def pixelate(frame: Frame, job: RenderJob) -> Frame:
    """The frame in blocks of as many pixels as are asked for."""
    block_side = job.plan.effects.pixelate
    return pixelate_frame(frame, block_side) if block_side else frame
