"""ICO: the largest picture of its directory, a PNG read by libvips or a bitmap read by Pillow.

Knows the directory of an icon (https://learn.microsoft.com/previous-versions/ms997538(v=msdn.10)). It is read here
because Pillow decodes an icon on opening it, whatever size its bitmap then claims, and of equally large pictures takes
the one with the fewest colours.
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
    """An icon with one bitmap, made anew around it."""

    def __init__(self, entry: tuple[int, ...], data: memoryview) -> None:
        single_entry = _ENTRY.pack(*entry[:-2], len(data), _HEADER.size + _ENTRY.size)
        self._file = _HEADER.pack(0, 1, 1) + single_entry + data
        _, width, height = _DIB_HEADER.unpack_from(data)  # the height counts the mask below the colours
        size = Size(abs(width), abs(height) // 2)
        if not 0 < max(size.width, size.height) <= MEDIA[Format.ICO].max_side:
            raise UndecodableImage(detail=f"an icon of {width} × {height} pixels")
        self.header = ImageHeader(Format.ICO, size, alpha=True, colour_space="rgb")

    def decode(self, request: DecodeRequest) -> Frame:
        with IcoImageFile(BytesIO(self._file)) as image:
            return pillow.decode_frame(image, b"", request.area)


def open_ico(source: memoryview) -> Decoder:
    """The largest picture of an icon, with the most colours among equals."""
    _, _, count = _HEADER.unpack_from(source)
    entries = [_ENTRY.unpack_from(source, _HEADER.size + at * _ENTRY.size) for at in range(count)]
    largest = max(entries, key=_rank)
    *_, size, offset = largest
    data = source[offset : offset + size]
    if len(data) < size:
        raise UndecodableImage(detail="the icon ends before its picture does")
    if data[: len(SIGNATURE)] == SIGNATURE:
        return VipsDecoder(Format.ICO, png.PNG_LOADER, data)
    return IcoBitmapDecoder(largest, data)


def encode(frame: Frame, quality: int, _metadata: RetainedMetadata, encoding: Encoding = DEFAULT_ENCODING) -> bytes:
    """An icon of one picture, a PNG, as everything since Windows Vista reads it; 0 stands for 256."""
    data = png.encode(replace(frame, profile=b""), quality, RetainedMetadata(), encoding)
    entry = _ENTRY.pack(frame.width % 256, frame.height % 256, 0, 0, 1, 32, len(data), _HEADER.size + _ENTRY.size)
    return _HEADER.pack(0, 1, 1) + entry + data


def _rank(entry: tuple[int, ...]) -> tuple[int, int]:
    """Pixels, where 0 stands for 256, then bits a pixel."""
    return (entry[0] or 256) * (entry[1] or 256), entry[5]
