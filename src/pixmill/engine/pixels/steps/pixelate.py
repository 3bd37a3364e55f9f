"""Pixelate: the whole picture in blocks."""

from pixmill.engine.pixels.blocks import in_blocks
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job


def pixelate(frame: Frame, job: Job) -> Frame:
    """The frame in blocks of as many pixels as are asked for."""
    side = job.plan.effects.pixelate
    return in_blocks(frame, side) if side else frame
