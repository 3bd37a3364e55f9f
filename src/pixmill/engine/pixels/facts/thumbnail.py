"""The small upright sRGB picture of which all facts are told that one must look for, decoded once at the least scale that will do.

Knows the steps that lead there. Must never know which facts are asked.
"""

from typing import Final

from pixmill.engine.codecs.decoder import Decoder
from pixmill.engine.pixels.error_boundary import decode_errors, process_errors
from pixmill.engine.pixels.job import resolve_job
from pixmill.engine.pixels.resample.scale import scale_frame
from pixmill.engine.pixels.transform.colour import convert_profile, drop_opaque_alpha
from pixmill.engine.pixels.transform.geometric import orient, resize
from pixmill.engine.raster.frame import Frame
from pixmill.plan.lengths import Size
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Plan, Resize

THUMBNAIL_SIDE: Final = 100
"""The longest side: as much as ThumbHash takes, and enough for a palette."""

_PLAN = Plan(resize=Resize(THUMBNAIL_SIDE, THUMBNAIL_SIDE))
_STEPS = (resize, convert_profile, drop_opaque_alpha, orient)


def decode_thumbnail(decoder: Decoder, limits: Limits) -> Frame:
    """The whole first frame, at most ``SIDE`` pixels along each side. Raises UndecodableImage."""
    job = resolve_job(decoder.header, _PLAN, limits)
    with decode_errors():
        frame = decoder.decode(job.decode_request)
    with process_errors():
        for step in _STEPS:
            frame = step(frame, job)
    return frame


def shrink_to(frame: Frame, max_side: int) -> Frame:
    """The same picture with no side longer than this."""
    longest = max(frame.width, frame.height)
    if longest <= max_side:
        return frame
    width, height = (max(1, round(length * max_side / longest)) for length in (frame.width, frame.height))
    return scale_frame(frame, Size(width, height))
