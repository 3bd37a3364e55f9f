"""Turn: EXIF orientation, rotation by right angles and flip at once, on the small picture."""

from pixmill.engine.pixels.bridge import from_vips, to_vips
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job
from pixmill.engine.pixels.upright import upright


def turn(frame: Frame, job: Job) -> Frame:
    """The frame as it is to be seen."""
    if not job.turn.quarters and not job.turn.mirror:
        return frame
    return from_vips(upright(to_vips(frame), job.turn), frame)
