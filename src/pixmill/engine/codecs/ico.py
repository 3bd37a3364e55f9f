"""ICO codec, also for cursors: decodes the largest image, a PNG by libvips or a bitmap; encodes one PNG.

The icon directory (https://learn.microsoft.com/previous-versions/ms997538(v=msdn.10)) is parsed here because Pillow
decodes an icon when opening it, whatever size the bitmap claims, and among images of equal size picks the one with
the fewest colours.
"""

import struct
from dataclasses import replace

from PIL import Image

from pixmill.engine.codecs import png, png_encoder
from pixmill.engine.codecs.bmp import dib_frame
from pixmill.engine.codecs.decoder import Decoder, DecodeRequest, ImageHeader
from pixmill.engine.codecs.dib import decode_dib, read_dib
from pixmill.engine.codecs.metadata import RetainedMetadata
from pixmill.engine.codecs.png_chunks import SIGNATURE
from pixmill.engine.raster.convert import VipsImage
from pixmill.engine.raster.frame import Frame
from pixmill.errors import UndecodableImage
from pixmill.media import MEDIA, Format
from pixmill.plan.output import DEFAULT_ENCODING, Encoding

_HEADER = struct.Struct("<HHH")
_ENTRY = struct.Struct("<BBBBHHII")
_ICON = 1
_MIN_BITMAP_BYTES = 40
_ALPHA = 3


class IcoBitmapDecoder:
    """A bitmap of an icon: colours, and below them a mask of one bit, which is not needed where pixels have alpha."""

    def __init__(self, data: memoryview) -> None:
        self._dib = read_dib(data, is_icon=True)
        self._pixels, size = data[self._dib.end :], self._dib.size
        if not 0 < max(size.width, size.height) <= MEDIA[Format.ICO].max_side:
            raise UndecodableImage(detail=f"icon of {size.width} × {size.height} pixels")
        self.header = ImageHeader(Format.ICO, size, alpha=True, colour_space="rgb")

    def decode(self, request: DecodeRequest) -> Frame:
        decoded = decode_dib(self._dib, self._pixels)
        return dib_frame(replace(decoded, image=self._masked(decoded.image)), request)

    def _masked(self, image: Image.Image | VipsImage) -> Image.Image | VipsImage:
        """Apply the mask, unless the image has alpha of its own."""
        dib = self._dib
        if not isinstance(image, Image.Image) or (image.mode == "RGBA" and image.getextrema()[_ALPHA] != (0, 0)):
            return image
        colours, (width, height) = image.convert("RGB"), (dib.size.width, dib.size.height)
        row_bytes, direction = (width + 31) // 32 * 4, 1 if dib.top_down else -1
        mask = bytes(self._pixels[dib.row_bytes * height :][: row_bytes * height]).ljust(row_bytes * height, b"\0")
        opaque = Image.frombytes("1", (width, height), mask, "raw", "1;I", row_bytes, direction)
        colours.putalpha(opaque.convert("L"))
        return colours


def open_ico(source: memoryview) -> Decoder:
    """Open the largest image of an icon or a cursor; among equal ones of an icon, the one with the most colours.

    What the directory says of the length of an image may be wrong; browsers do not need it.
    """
    _, kind, count = _HEADER.unpack_from(source)
    entries = [_ENTRY.unpack_from(source, _HEADER.size + at * _ENTRY.size) for at in range(count)]
    largest = max(entries, key=_rank if kind == _ICON else _area)
    *_, size, offset = largest
    data = source[offset:]
    if data[: len(SIGNATURE)] == SIGNATURE:
        return png.PngStillDecoder(Format.ICO, data)
    return IcoBitmapDecoder(data[:size] if size > _MIN_BITMAP_BYTES else data)


def encode(frame: Frame, _quality: int, _metadata: RetainedMetadata, encoding: Encoding = DEFAULT_ENCODING) -> bytes:
    """Encode an icon of one PNG, which is supported since Windows Vista; a side of 256 is stored as 0."""
    data = png_encoder.encode_unreduced(replace(frame, profile=b""), encoding)
    entry = _ENTRY.pack(frame.width % 256, frame.height % 256, 0, 0, 1, 32, len(data), _HEADER.size + _ENTRY.size)
    return _HEADER.pack(0, 1, 1) + entry + data


def _rank(entry: tuple[int, ...]) -> tuple[int, int]:
    """The sort key: pixels, then bits per pixel."""
    return _area(entry), entry[5]


def _area(entry: tuple[int, ...]) -> int:
    """The pixels; a side of 0 means 256."""
    return (entry[0] or 256) * (entry[1] or 256)
