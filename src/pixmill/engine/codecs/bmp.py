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


class BmpDecoder:
    """A bitmap of Windows or OS/2."""

    def __init__(self, source: memoryview) -> None:
        self._dib = read_dib(source[FILE_HEADER_BYTES:])
        (offset,) = struct.unpack_from("<I", source, _PIXELS_AT)
        self._pixels = source[offset or FILE_HEADER_BYTES + self._dib.end :]
        self.header = ImageHeader(
            Format.BMP, self._dib.size, alpha=self._dib.alpha, colour_space="grey" if self._dib.is_grey else "rgb"
        )

    def decode(self, request: DecodeRequest) -> Frame:
        return dib_frame(decode_dib(self._dib, self._pixels), request)


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
