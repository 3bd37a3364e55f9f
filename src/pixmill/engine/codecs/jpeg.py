"""JPEG by Pillow's libjpeg-turbo: decoded at the scale that is needed, encoded at 4:2:0.

Knows JPEG's own ways: scaling in the DCT, CMYK with Adobe's inverted inks, the number of scans.
"""

from io import BytesIO

from PIL import ImageChops
from PIL.JpegImagePlugin import JpegImageFile

from pixmill.engine.codecs import pillow
from pixmill.engine.codecs.metadata import Kept
from pixmill.engine.codecs.picture import Header, Need
from pixmill.engine.codecs.quality import codec_quality
from pixmill.engine.pixels.bridge import to_pillow
from pixmill.engine.pixels.colour import cmyk_to_srgb
from pixmill.engine.pixels.frame import Frame
from pixmill.errors import UndecodableImage
from pixmill.media import Format

_MARGIN = 1.0
_SHRINKS = (8, 4, 2)
_MAX_SCANS = 100  # as libjpeg-turbo's and libvips' own fuzzers: each scan costs a pass over all coefficients
_START_OF_SCAN = b"\xff\xda"
_MAX_SEGMENT_BYTES = 65_000


class JpegPicture:
    """A JPEG, or the first picture of an MPO."""

    def __init__(self, source: memoryview) -> None:
        data = bytes(source)
        self._image = JpegImageFile(BytesIO(data))
        if "progressive" in self._image.info and data.count(_START_OF_SCAN) > _MAX_SCANS:
            raise UndecodableImage(detail="more than 100 scans")
        self.header: Header = pillow.header(self._image, Format.JPEG)

    def decode(self, need: Need) -> Frame:
        shrink = shrink_for(need)
        size = self.header.size
        self._image.draft(None, (max(1, size.width // shrink), max(1, size.height // shrink)))
        # A scaled pixel covers exactly ``shrink`` stored ones; the last of a row may lie half outside.
        area = need.area.shrunk(shrink if self._image.size != (size.width, size.height) else 1)
        if self._image.mode == "CMYK":
            inks = self._image if "adobe" in self._image.info else ImageChops.invert(self._image)
            return pillow.frame(cmyk_to_srgb(inks, self.header.profile), b"", area)
        return pillow.frame(self._image, self.header.profile, area)


def shrink_for(need: Need) -> int:
    """The largest scale of the DCT that leaves at least the margin times the pixels wanted along each side."""
    return next((shrink for shrink in _SHRINKS if need.shrink >= shrink * _MARGIN), 1)


def write(frame: Frame, quality: int, kept: Kept) -> bytes:
    """A baseline JPEG with 4:2:0 chroma. Metadata that does not fit into one segment is left out."""
    out = BytesIO()
    exif = b"Exif\0\0" + kept.exif if 0 < len(kept.exif) <= _MAX_SEGMENT_BYTES else b""
    xmp = kept.xmp if len(kept.xmp) <= _MAX_SEGMENT_BYTES else b""
    to_pillow(frame).save(
        out, "JPEG", quality=codec_quality(Format.JPEG, quality), subsampling="4:2:0", optimize=True, exif=exif, xmp=xmp
    )
    return out.getvalue()
