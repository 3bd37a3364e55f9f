"""TIFF by Pillow: of Pillow's own 103 test files it reads 96, libvips' wheel 88 (no 8-bit Lab, no planes in tiles, no old JPEG),
and it notices a file that ends too soon, where libvips fills up with black.

Written by libvips. Knows TIFF's pixel types, pages and ways to pack rows.
"""

import struct
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from typing import Any

from PIL.TiffImagePlugin import TiffImageFile

from pixmill.engine.codecs import pillow
from pixmill.engine.codecs.carried import carrying
from pixmill.engine.codecs.metadata import Kept
from pixmill.engine.codecs.picture import Header, Need
from pixmill.engine.codecs.quality import codec_quality
from pixmill.engine.pixels.bridge import to_vips
from pixmill.engine.pixels.colour import cmyk_to_srgb, lab_to_srgb
from pixmill.engine.pixels.frame import Frame
from pixmill.media import Format
from pixmill.plan.output import PLAIN, Encoding, TiffCompression

_ORIENTATION_TAG = 274
_MOST_PAGES = 65_536
_CLASSIC, _BIG = (4, "H", 12, "I"), (8, "Q", 20, "Q")
"""Where the place of the first directory stands; how its entries are counted, how long each is, and how the place of the next is written."""
_BIG_MARKS = (b"+\0", b"\0+")
_PREDICTED = (TiffCompression.LZW, TiffCompression.DEFLATE)


class TiffPicture:
    """A page of a TIFF."""

    def __init__(self, source: memoryview, page: int = 1) -> None:
        self._source = source
        self._image = TiffImageFile(BytesIO(source))
        self._image.seek(page - 1)
        orientation = self._image.tag_v2.get(_ORIENTATION_TAG, 1)
        self.header: Header = replace(
            pillow.header(self._image, Format.TIFF, _pages(source)),
            orientation=orientation if orientation in range(1, 9) else 1,
            upright=True,
        )

    def at(self, page: int) -> "TiffPicture":
        return TiffPicture(self._source, page)

    def decode(self, need: Need) -> Frame:
        image, profile = self._image, self.header.profile
        if image.mode in ("CMYK", "LAB"):
            image.load()
            plain = cmyk_to_srgb(image, profile) if image.mode == "CMYK" else lab_to_srgb(image)
            return pillow.frame(plain, b"", need.area)
        return pillow.frame(image, profile, need.area)


def _pages(source: memoryview) -> int:
    """From each directory to the next: Pillow reads all tags on its way, and in a time that grows with the square of the pages."""
    order = "<" if bytes(source[:2]) == b"II" else ">"
    first, count, entry, place = _BIG if bytes(source[2:4]) in _BIG_MARKS else _CLASSIC
    pages, seen = 0, set[int]()
    with suppress(struct.error, OverflowError):
        (at,) = struct.unpack_from(order + place, source, first)
        while at and at not in seen and pages < _MOST_PAGES:
            seen.add(at)
            (entries,) = struct.unpack_from(order + count, source, at)
            (at,) = struct.unpack_from(order + place, source, at + struct.calcsize(count) + entries * entry)
            pages += 1
    return max(1, pages)


def write(frame: Frame, quality: int, kept: Kept, encoding: Encoding = PLAIN) -> bytes:
    """A TIFF of 8 bits. It carries no EXIF: libvips keeps that apart from TIFF's own tags. JPEG inside it knows no alpha, and so makes way for LZW."""
    image, keep = carrying(to_vips(frame), Kept(xmp=kept.xmp), frame.profile)
    packed = encoding.tiff_compression
    if packed is TiffCompression.JPEG and frame.layout.alpha:
        packed = TiffCompression.LZW
    body: Any = image.tiffsave_buffer(
        compression=packed.value,
        predictor="horizontal" if packed in _PREDICTED else "none",
        Q=codec_quality(Format.JPEG, quality),
        keep=keep,
    )
    return bytes(body)
