"""Decodes the upright sRGB image that visual facts are computed from: small, but for the perceptual hash.

Must never know which facts are requested.
"""

from typing import Final

from msgspec.structs import replace

from pixmill.engine.codecs.decoder import Decoder
from pixmill.engine.pixels.cost import check_drawing
from pixmill.engine.pixels.decode import decode_frame
from pixmill.engine.pixels.error_boundary import process_errors
from pixmill.engine.pixels.job import resolve_job
from pixmill.engine.pixels.resample.scale import scale_frame
from pixmill.engine.pixels.transform.colour import convert_profile, drop_opaque_alpha
from pixmill.engine.pixels.transform.geometric import orient, resize
from pixmill.engine.raster.frame import MAX_SIDE, Frame
from pixmill.plan.lengths import Size
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Plan, Resize

THUMBNAIL_SIDE: Final = 100
"""The longest side: the maximum of ThumbHash, and enough for a palette."""

_PLAN = Plan(resize=Resize(THUMBNAIL_SIDE, THUMBNAIL_SIDE))
_WHOLE = Plan()
_STEPS = (resize, convert_profile, drop_opaque_alpha, orient)


def decode_thumbnail(decoder: Decoder, limits: Limits) -> Frame:
    """Return the whole first frame, with sides of at most THUMBNAIL_SIDE. Raises UndecodableImage."""
    job = resolve_job(decoder.header, _PLAN, limits)
    check_drawing(decoder.header, job.geometry.window, limits)
    frame = decode_frame(decoder, job.decode_request, limits)
    with process_errors():
        for step in _STEPS:
            frame = step(frame, job)
    return frame


def decode_whole(decoder: Decoder, limits: Limits) -> Frame:
    """Return the whole first frame at its own size; of a vector image, which has none, the thumbnail."""
    if decoder.header.is_vector:
        return decode_thumbnail(decoder, limits)
    # The limits of results do not concern what is no result.
    limits = replace(limits, max_result_side=MAX_SIDE, max_result_pixels=limits.max_pixels)
    job = resolve_job(decoder.header, _WHOLE, limits)
    frame = decode_frame(decoder, job.decode_request, limits)
    with process_errors():
        for step in (resize, convert_profile, orient):
            frame = step(frame, job)
    return frame


def shrink_to(frame: Frame, max_side: int) -> Frame:
    """Reduce the image so that no side is longer than ``max_side``."""
    longest = max(frame.width, frame.height)
    if longest <= max_side:
        return frame
    width, height = (max(1, round(length * max_side / longest)) for length in (frame.width, frame.height))
    return scale_frame(frame, Size(width, height))
