"""ICO codec: decodes the largest image, a PNG by libvips or a bitmap by Pillow; encodes one PNG.

The icon directory (https://learn.microsoft.com/previous-versions/ms997538(v=msdn.10)) is parsed here because Pillow
decodes an icon when opening it, whatever size the bitmap claims, and among images of equal size picks the one with
the fewest colours.
"""

import struct
from dataclasses import replace
from io import BytesIO

from PIL.IcoImagePlugin import IcoImageFile

from pixmill.engine.codecs import pillow, png
from pixmill.engine.codecs.decoder import Decoder, DecodeRequest, ImageHeader
from pixmill.engine.codecs.metadata import RetainedMetadata
from pixmill.engine.codecs.png_chunks import SIGNATURE
from pixmill.engine.codecs.vips import VipsDecoder
from pixmill.engine.raster.frame import Frame
from pixmill.errors import UndecodableImage
from pixmill.media import MEDIA, Format
from pixmill.plan.lengths import Size
from pixmill.plan.output import DEFAULT_ENCODING, Encoding

_HEADER = struct.Struct("<HHH")
_ENTRY = struct.Struct("<BBBBHHII")
_DIB_HEADER = struct.Struct("<Iii")


class IcoBitmapDecoder:
    """A bitmap of an icon, decoded from a rebuilt file that contains only it."""

    def __init__(self, entry: tuple[int, ...], data: memoryview) -> None:
        single_entry = _ENTRY.pack(*entry[:-2], len(data), _HEADER.size + _ENTRY.size)
        self._file = _HEADER.pack(0, 1, 1) + single_entry + data
        _, width, height = _DIB_HEADER.unpack_from(data)  # the height includes the mask below the colours
        size = Size(abs(width), abs(height) // 2)
        if not 0 < max(size.width, size.height) <= MEDIA[Format.ICO].max_side:
            raise UndecodableImage(detail=f"icon of {width} × {height} pixels")
        self.header = ImageHeader(Format.ICO, size, alpha=True, colour_space="rgb")

    def decode(self, request: DecodeRequest) -> Frame:
        with IcoImageFile(BytesIO(self._file)) as image:
            return pillow.decode_frame(image, b"", request.area)


def open_ico(source: memoryview) -> Decoder:
    """Open the largest image of an icon; among equals, the one with the most colours."""
    _, _, count = _HEADER.unpack_from(source)
    entries = [_ENTRY.unpack_from(source, _HEADER.size + at * _ENTRY.size) for at in range(count)]
    largest = max(entries, key=_rank)
    *_, size, offset = largest
    data = source[offset : offset + size]
    if len(data) < size:
        raise UndecodableImage(detail="icon image is truncated")
    if data[: len(SIGNATURE)] == SIGNATURE:
        decoder = VipsDecoder(Format.ICO, png.PNG_LOADER, data)
        decoder.header = png.with_png_colours(decoder.header, data)
        return decoder
    return IcoBitmapDecoder(largest, data)


def encode(frame: Frame, quality: int, _metadata: RetainedMetadata, encoding: Encoding = DEFAULT_ENCODING) -> bytes:
    """Encode an icon of one PNG, which is supported since Windows Vista; a side of 256 is stored as 0."""
    data = png.encode(replace(frame, profile=b""), quality, RetainedMetadata(), encoding)
    entry = _ENTRY.pack(frame.width % 256, frame.height % 256, 0, 0, 1, 32, len(data), _HEADER.size + _ENTRY.size)
    return _HEADER.pack(0, 1, 1) + entry + data


def _rank(entry: tuple[int, ...]) -> tuple[int, int]:
    """The sort key: pixels (a side of 0 means 256), then bits per pixel."""
    return (entry[0] or 256) * (entry[1] or 256), entry[5]
