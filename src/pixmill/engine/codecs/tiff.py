"""TIFF by Pillow: of Pillow's own 103 test files it reads 96, libvips' wheel 88 (no 8-bit Lab, no planes in tiles, no old JPEG),
and it notices a file that ends too soon, where libvips fills up with black.

Knows TIFF's pixel types. 16 bits become 8 with rounding, before the resample; of several pages the first is taken.
"""

from dataclasses import replace
from io import BytesIO

import pyvips
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from pixmill.engine.codecs import pillow
from pixmill.engine.codecs.picture import Header, Need
from pixmill.engine.pixels.bridge import from_vips
from pixmill.engine.pixels.colour import cmyk_to_srgb, lab_to_srgb
from pixmill.engine.pixels.frame import Frame
from pixmill.media import Format

_ORIENTATION_TAG = 274
_MOST_PAGES = 10_000
"""Pages are found by walking from each to the next; a longer walk is a trap."""


class TiffPicture:
    """The first page of a TIFF."""

    def __init__(self, source: memoryview) -> None:
        self._image = TiffImageFile(BytesIO(source))
        orientation = self._image.tag_v2.get(_ORIENTATION_TAG, 1)
        self.header: Header = replace(
            pillow.header(self._image, Format.TIFF),
            frames=_pages(self._image),
            orientation=orientation if orientation in range(1, 9) else 1,
            upright=True,
        )

    def decode(self, need: Need) -> Frame:
        image, profile = self._image, self.header.profile
        if image.mode.startswith("I;16"):
            return replace(_eight_bits(image), profile=profile, area=need.area)
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
    image.seek(0)
    return pages


def _eight_bits(image: Image.Image) -> Frame:
    image.load()
    data = image.tobytes("raw", "I;16N" if image.mode == "I;16N" else image.mode)
    deep = pyvips.Image.new_from_memory(data, image.width, image.height, 1, "ushort")
    if image.mode == "I;16B":
        deep = deep.byteswap()
    return from_vips(deep.linear(1 / 257, 0.5, uchar=True))
