"""Decodes frames and checks what a decoder returned: a damaged file may hold less than its header promised.

Every decode goes through here, so that the steps behind can rely on the size of a frame, and all formats follow one
rule for files that are cut off. Must never know formats.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from pixmill.engine.codecs.decoder import Decoder, DecodeRequest, HasFrames
from pixmill.engine.pixels.error_boundary import decode_errors
from pixmill.engine.raster.early_conversion import convert_early
from pixmill.engine.raster.frame import MAX_SIDE, Area, Frame
from pixmill.errors import UndecodableImage
from pixmill.plan.limits import Limits, OnTruncated

_ROUNDING_PX: Final = 1.0
"""How far an area may extend beyond its frame: decoders that scale round the size of the frame."""


def decode_frame(decoder: Decoder, request: DecodeRequest, limits: Limits) -> Frame:
    """Decode the first frame. Raises UndecodableImage, ImageTooLarge."""
    _check_truncated(truncated=decoder.header.truncated, limits=limits)
    with decode_errors():
        frame = convert_early(_checked(decoder.decode(request)), request.profile)
    if decoder.header.truncated and not frame.truncated:
        frame = replace(frame, truncated=True)
    _check_truncated(truncated=frame.truncated, limits=limits)
    return frame


def _check_truncated(*, truncated: bool, limits: Limits) -> None:
    if truncated and limits.on_truncated is OnTruncated.REFUSE:
        raise UndecodableImage("Original is cut off", detail="truncated")


def decode_frames(decoder: HasFrames, request: DecodeRequest, limits: Limits) -> Iterator[Frame]:
    """Decode the frames of an animation, all of one size. Raises UndecodableImage, ImageTooLarge."""
    _check_truncated(truncated=decoder.header.truncated, limits=limits)
    frames = decoder.frames(request)
    first: Frame | None = None
    for number in range(1, decoder.header.frame_count + 1):
        with decode_errors():
            frame = _checked(next(frames))
            _check_truncated(truncated=frame.truncated, limits=limits)
            first = first or frame
            if (frame.size, frame.layout, frame.area) != (first.size, first.layout, first.area):
                raise UndecodableImage(
                    detail=f"frame {number} has {frame.size} {frame.layout}, the first {first.size} {first.layout}"
                )
            frame = convert_early(frame, request.profile)
        yield frame


def _checked(frame: Frame) -> Frame:
    """Return the frame if it has the pixels that it claims, and its area lies within it."""
    size, area = frame.size, frame.area or Area(0, 0, frame.width, frame.height)
    if not 0 < min(size.width, size.height) <= max(size.width, size.height) <= MAX_SIDE:
        raise UndecodableImage(detail=f"decoded to {size}")
    if memoryview(frame.pixels).nbytes < size.pixels * frame.layout.stored_channels:
        raise UndecodableImage(detail=f"{memoryview(frame.pixels).nbytes} bytes for {size} {frame.layout}")
    within = _is_within(area.left, area.width, size.width) and _is_within(area.top, area.height, size.height)
    if not within:
        raise UndecodableImage(detail=f"decoded to {size}, which lacks {area}")
    return frame


def _is_within(start: float, length: float, side: int) -> bool:
    return -_ROUNDING_PX <= start < side and length > 0 and start + length <= side + _ROUNDING_PX
