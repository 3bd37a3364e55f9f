"""TIFF by Pillow: of Pillow's own 103 test files it reads 96, libvips' wheel 88 (no 8-bit Lab, no planes in tiles, no old JPEG),
and it notices a file that ends too soon, where libvips fills up with black.

Written by libvips. Knows TIFF's pixel types, pages and ways to pack rows.
"""

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
_MOST_PAGES = 10_000
"""Pages are found by walking from each to the next; a longer walk is a trap."""
_PREDICTED = (TiffCompression.LZW, TiffCompression.DEFLATE)


class TiffPicture:
    """A page of a TIFF."""

    def __init__(self, source: memoryview, page: int = 1) -> None:
        self._source = source
        self._image = TiffImageFile(BytesIO(source))
        pages = _pages(self._image)
        self._image.seek(page - 1)
        orientation = self._image.tag_v2.get(_ORIENTATION_TAG, 1)
        self.header: Header = replace(
            pillow.header(self._image, Format.TIFF),
            frames=pages,
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


def _pages(image: TiffImageFile) -> int:
    pages = 1
    try:
        while pages < _MOST_PAGES:
            image.seek(pages)
            pages += 1
    except (EOFError, ValueError):
        pass
    return pages


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
