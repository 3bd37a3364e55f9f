"""Shared by the decoders that use Pillow: header facts, and pixels as frames.

16-bit samples are rounded to 8 before resampling. Must never know which formats it is used for (``table.py`` does).
"""

from dataclasses import replace
from io import BytesIO

import pyvips
from PIL import Image, ImageFile

from pixmill.engine.codecs.decoder import ImageHeader
from pixmill.engine.codecs.metadata import exif_orientation, metadata_if_small
from pixmill.engine.codecs.pillow_arrow import pixel_view
from pixmill.engine.raster.convert import from_vips
from pixmill.engine.raster.frame import Area, Frame, Layout
from pixmill.errors import UndecodableImage
from pixmill.media import Format
from pixmill.plan.lengths import Size

_COLOUR_SPACES = {"1": "grey", "L": "grey", "LA": "grey", "CMYK": "cmyk", "LAB": "lab", "I": "grey", "F": "grey"}
_PHOTOSHOP_IPTC_RESOURCE = 0x0404
"""The Photoshop image resource of a JPEG that contains IPTC."""

_MAX_READS = 50_000
"""Takes about 40 ms; a colour profile in 255 segments needs a thousand."""
_ZERO_COPY_LAYOUTS = {"L": Layout.L, "RGB": Layout.RGBX, "RGBA": Layout.RGBA}
"""The modes whose memory in Pillow has one of our layouts: Pillow stores RGB with a fourth, unused byte."""


class ReadLimitedFile(BytesIO):
    """A file that limits the number of reads while a header is parsed.

    Pillow reads each segment in Python, however many.
    """

    def __init__(self, source: memoryview | bytes) -> None:
        super().__init__(source)
        self._reads_left = _MAX_READS

    def read(self, size: int | None = -1, /) -> bytes:
        self._reads_left -= 1
        if self._reads_left < 0:
            raise UndecodableImage(detail=f"header needs more than {_MAX_READS} reads")
        return super().read(size)


def image_header(image: ImageFile.ImageFile, kind: Format, frame_count: int = 0) -> ImageHeader:
    """The header facts of an opened image; Pillow counts the frames unless ``frame_count`` is given."""
    return ImageHeader(
        format=kind,
        size=Size(*image.size),
        alpha=image.has_transparency_data,
        colour_space=_COLOUR_SPACES.get(image.mode.partition(";")[0], "rgb"),
        frame_count=frame_count or getattr(image, "n_frames", 1),
        orientation=exif_orientation(image.info.get("exif") or b""),
        profile=image.info.get("icc_profile") or b"",
        exif=metadata_if_small(image.info.get("exif")),
        xmp=metadata_if_small(image.info.get("xmp")),
        iptc=metadata_if_small(image.info.get("photoshop", {}).get(_PHOTOSHOP_IPTC_RESOURCE)),
    )


def decode_frame(image: Image.Image, profile: bytes, area: Area) -> Frame:
    """Decode an image of any mode into a frame, without a copy if its memory has one of our layouts."""
    image.load()
    if image.mode.startswith("I;16"):
        return replace(_grey_to_8_bit(image), profile=profile, area=area)
    image = _to_grey_or_rgb(image)
    if image.mode in _ZERO_COPY_LAYOUTS and (pixels := pixel_view(image)) is not None:
        return Frame(pixels, *image.size, _ZERO_COPY_LAYOUTS[image.mode], profile, area)
    return Frame(image.tobytes(), *image.size, Layout(image.mode), profile, area)


def _grey_to_8_bit(image: Image.Image) -> Frame:
    """Round 16-bit grey to 8 bits; Pillow's own conversion clips everything above 255 of 65535 to white."""
    data = image.tobytes("raw", "I;16N" if image.mode == "I;16N" else image.mode)
    grey16 = pyvips.Image.new_from_memory(data, image.width, image.height, 1, "ushort")
    if image.mode == "I;16B":
        grey16 = grey16.byteswap()
    return from_vips(grey16.linear(1 / 257, 0.5, uchar=True))


def _to_grey_or_rgb(image: Image.Image) -> Image.Image:
    """Convert to grey or RGB, with alpha if the image has transparency."""
    if image.mode in ("L", "LA", "RGB", "RGBA"):
        return image
    if image.has_transparency_data or image.mode == "RGBa":
        return image.convert("RGBA")
    return image.convert("L" if _COLOUR_SPACES.get(image.mode) == "grey" else "RGB")
