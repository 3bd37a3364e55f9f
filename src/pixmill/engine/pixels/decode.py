"""Decodes frames and checks what a decoder returned: a damaged file may hold less than its header promised.

Every decode goes through here, so that the steps behind can rely on the size of a frame. Must never know formats.
"""

from collections.abc import Iterator
from typing import Final

from pixmill.engine.codecs.decoder import Decoder, DecodeRequest, HasFrames
from pixmill.engine.pixels.error_boundary import decode_errors
from pixmill.engine.raster.frame import MAX_SIDE, Area, Frame
from pixmill.errors import UndecodableImage

_ROUNDING_PX: Final = 1.0
"""How far an area may extend beyond its frame: decoders that scale round the size of the frame."""


def decode_frame(decoder: Decoder, request: DecodeRequest) -> Frame:
    """Decode the first frame. Raises UndecodableImage, ImageTooLarge."""
    with decode_errors():
        return _checked(decoder.decode(request))


def decode_frames(decoder: HasFrames, request: DecodeRequest) -> Iterator[Frame]:
    """Decode the frames of an animation, all of one size. Raises UndecodableImage, ImageTooLarge."""
    frames = decoder.frames(request)
    first: Frame | None = None
    for number in range(1, decoder.header.frame_count + 1):
        with decode_errors():
            frame = _checked(next(frames))
            first = first or frame
            if (frame.size, frame.layout, frame.area) != (first.size, first.layout, first.area):
                raise UndecodableImage(
                    detail=f"frame {number} has {frame.size} {frame.layout}, the first {first.size} {first.layout}"
                )
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
