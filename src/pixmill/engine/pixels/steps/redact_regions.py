"""Areas: parts of the picture blurred or in blocks, so that nobody can read them."""

from pixmill.engine.pixels.draw.regions import replace_regions
from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.pixels.resample.blocks import pixelate_frame
from pixmill.engine.pixels.resample.gaussian import gaussian_blur
from pixmill.engine.raster.frame import Frame


def redact_regions(frame: Frame, job: RenderJob) -> Frame:
    """The frame with its boxes made unreadable: the blurred ones, then those in blocks."""
    effects = job.plan.effects
    if effects.blur_areas is not None:
        frame = replace_regions(frame, gaussian_blur(frame, effects.blur_areas.sigma), effects.blur_areas.regions)
    if effects.pixelate_areas is not None:
        frame = replace_regions(
            frame, pixelate_frame(frame, effects.pixelate_areas.block_size), effects.pixelate_areas.regions
        )
    return frame
