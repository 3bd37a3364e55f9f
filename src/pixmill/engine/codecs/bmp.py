"""BMP codec: Pillow and libvips unpack the pixels of what ``dib.py`` parses; Pillow encodes."""

import struct
from dataclasses import replace
from io import BytesIO

from PIL import Image

from pixmill.engine.codecs import pillow
from pixmill.engine.codecs.decoder import DecodeRequest, ImageHeader
from pixmill.engine.codecs.dib import FILE_HEADER_BYTES, DecodedDib, decode_dib, read_dib
from pixmill.engine.codecs.metadata import RetainedMetadata
from pixmill.engine.raster.convert import from_vips, to_pillow
from pixmill.engine.raster.frame import Frame
from pixmill.media import Format
from pixmill.plan.output import DEFAULT_ENCODING, Encoding

_PIXELS_AT = 10
"""Where the file header has the offset of the pixels; some writers leave it 0."""
_V5_HEADER_BYTES = 124
_COLOUR_SPACE_AT, _PROFILE_AT = 56, 112
_PROFILE_EMBEDDED = b"DEBM"


class BmpDecoder:
    """A bitmap of Windows or OS/2."""

    def __init__(self, source: memoryview) -> None:
        self._dib = read_dib(source[FILE_HEADER_BYTES:])
        (offset,) = struct.unpack_from("<I", source, _PIXELS_AT)
        self._pixels = source[offset or FILE_HEADER_BYTES + self._dib.end :]
        self.header = ImageHeader(
            Format.BMP,
            self._dib.size,
            alpha=self._dib.alpha,
            colour_space="grey" if self._dib.is_grey else "rgb",
            profile=_embedded_profile(source[FILE_HEADER_BYTES:]),
        )

    def decode(self, request: DecodeRequest) -> Frame:
        frame = dib_frame(decode_dib(self._dib, self._pixels), request)
        return replace(frame, profile=self.header.profile) if self.header.profile else frame


def _embedded_profile(bitmap: memoryview) -> bytes:
    """Return the ICC profile of a bitmap with the header BITMAPV5HEADER; empty if it has none."""
    if len(bitmap) < _V5_HEADER_BYTES or bytes(bitmap[:4]) != _V5_HEADER_BYTES.to_bytes(4, "little"):
        return b""
    if bytes(bitmap[_COLOUR_SPACE_AT : _COLOUR_SPACE_AT + 4]) != _PROFILE_EMBEDDED:
        return b""
    offset, length = struct.unpack_from("<2I", bitmap, _PROFILE_AT)
    return bytes(bitmap[offset : offset + length])


def dib_frame(decoded: DecodedDib, request: DecodeRequest) -> Frame:
    """Return a decoded bitmap as a frame."""
    image = decoded.image
    frame = (
        pillow.decode_frame(image, b"", request.area)
        if isinstance(image, Image.Image)
        else replace(from_vips(image), area=request.area)
    )
    return replace(frame, truncated=decoded.truncated)


def encode(frame: Frame, _quality: int, _metadata: RetainedMetadata, _encoding: Encoding = DEFAULT_ENCODING) -> bytes:
    """Encode a bitmap of 8 or 24 bits per pixel, without metadata."""
    out = BytesIO()
    to_pillow(frame).save(out, "BMP")
    return out.getvalue()
