"""Areas: parts of the picture blurred or in blocks, so that nobody can read them."""

from pixmill.engine.pixels.blocks import in_blocks
from pixmill.engine.pixels.covered import covered
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job
from pixmill.engine.pixels.soften import softened


def areas(frame: Frame, job: Job) -> Frame:
    """The frame with its boxes made unreadable: the blurred ones, then those in blocks."""
    asked = job.plan.effects
    if asked.blur_areas is not None:
        frame = covered(frame, softened(frame, asked.blur_areas.sigma), asked.blur_areas.regions)
    if asked.pixelate_areas is not None:
        frame = covered(frame, in_blocks(frame, asked.pixelate_areas.block), asked.pixelate_areas.regions)
    return frame
