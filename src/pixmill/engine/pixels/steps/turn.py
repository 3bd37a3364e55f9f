"""Turn: EXIF orientation, rotation and flip at once, on the small picture."""

from pixmill.engine.pixels.bridge import from_vips, to_vips
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job

_ANGLES = {1: "d90", 2: "d180", 3: "d270"}


def turn(frame: Frame, job: Job) -> Frame:
    """The frame as it is to be seen."""
    if not job.turn.quarters and not job.turn.mirror:
        return frame
    image = to_vips(frame)
    if job.turn.mirror:
        image = image.fliphor()
    if job.turn.quarters:
        image = image.rot(_ANGLES[job.turn.quarters])
    return from_vips(image, frame)
