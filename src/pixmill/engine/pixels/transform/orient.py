"""Turn: EXIF orientation, rotation by right angles and flip at once, on the small picture."""

from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.pixels.upright import orient_image
from pixmill.engine.raster.convert import from_vips, to_vips
from pixmill.engine.raster.frame import Frame


def orient(frame: Frame, job: RenderJob) -> Frame:
    """The frame as it is to be seen."""
    if not job.orientation.quarter_turns and not job.orientation.mirrored:
        return frame
    return from_vips(orient_image(to_vips(frame), job.orientation), frame)
