"""The decoded pixels of a whole original in a file, of which later renders take the parts that they show.

A header of fixed size and a description come before the pixels. The file may come from a worker that had been taken
over: whatever it holds becomes a frame of a checked size, or nothing. Runs in worker processes only.
"""

import struct
from dataclasses import replace
from typing import Final

import msgspec
from msgspec import Struct

from pixmill.engine.codecs.decoder import Decoder, DecodeRequest, ImageHeader
from pixmill.engine.pixels.decode import decode_frame
from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.pixels.resample.shared_frame import SharedFrame
from pixmill.engine.raster.file_access import MAX_DESCRIPTION_BYTES, NO_RASTER, RasterAccess, Write
from pixmill.engine.raster.frame import Area, Frame, Layout
from pixmill.plan.limits import Limits

_MIN_SAVED_RATIO: Final = 4
"""The pixels of the original for each that a part shows: below it a decode of its own costs little more."""
_PREFIX: Final = struct.Struct("<I")


class _Description(Struct, frozen=True, forbid_unknown_fields=True):
    decoding: str
    width: int
    height: int
    layout: Layout
    profile: bytes


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final[msgspec.msgpack.Decoder[_Description]] = msgspec.msgpack.Decoder(_Description)


def decode_part(decoder: Decoder, job: RenderJob, limits: Limits, raster: RasterAccess) -> Frame:
    """Decode what a job shows: from the pixels in the file if there are any, else from the original.

    Fills a new file if the part is small and all pixels fit. Raises as ``decode_frame``.
    """
    request = job.decode_request
    if raster is NO_RASTER or not _is_small_part(decoder.header, request):
        return decode_frame(decoder, request, limits)
    whole = _whole_request(decoder.header, request)
    decoding = f"{job.plan.input!r} {whole!r}"
    kept = read_raster(raster.content, decoding) if raster.content else None
    if raster.write:
        kept = decode_frame(decoder, whole, limits)
        _write(kept, decoding, raster.write, raster.max_bytes)
    if kept is None or kept.size != decoder.header.size:
        return decode_frame(decoder, request, limits)
    return SharedFrame(kept, whole, ()).frame_for(request, allow_halved=False)


def _is_small_part(header: ImageHeader, request: DecodeRequest) -> bool:
    """Whether the pixels of the original are worth keeping; not those that depend on more than the file."""
    if header.is_vector or header.deep or header.timing:
        return False
    return request.area.width * request.area.height * _MIN_SAVED_RATIO <= header.size.pixels


def _whole_request(header: ImageHeader, request: DecodeRequest) -> DecodeRequest:
    """Return the request for all pixels as they are stored."""
    return replace(request, area=Area(0, 0, *header.size.sides), target_size=header.size)


def _write(frame: Frame, decoding: str, write: Write, max_bytes: int) -> None:
    """Write the frame; nothing if it is cut off or too large."""
    description = _ENCODER.encode(_Description(decoding, frame.width, frame.height, frame.layout, frame.profile))
    pixels = memoryview(frame.pixels).cast("B")[: frame.size.pixels * frame.layout.stored_channels]
    is_too_large = _PREFIX.size + len(description) + len(pixels) > max_bytes
    if is_too_large or len(description) > MAX_DESCRIPTION_BYTES or frame.truncated:
        return
    for part in (_PREFIX.pack(len(description)), description, pixels):
        write(part)


def read_raster(content: memoryview, decoding: str) -> Frame | None:
    """Return the frame in a file, without a copy; None if it is of another decode, or is damaged.

    ``decoding`` names all that its pixels depend on besides the file.
    """
    try:
        (length,) = _PREFIX.unpack_from(content)
        start = _PREFIX.size + length
        description = _DECODER.decode(content[_PREFIX.size : start]) if length <= MAX_DESCRIPTION_BYTES else None
    except (struct.error, msgspec.MsgspecError, ValueError):
        return None
    if description is None or description.decoding != decoding or min(description.width, description.height) < 1:
        return None
    pixels = content[start:]
    if len(pixels) != description.width * description.height * description.layout.stored_channels:
        return None
    return Frame(pixels, description.width, description.height, description.layout, description.profile)
