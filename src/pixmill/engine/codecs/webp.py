"""WebP by Pillow's libwebp; its header by libvips, since Pillow's opening allocates two canvases at once; large ones by libvips.

Knows WebP's ways: the canvas of an animation, quality and effort.
"""

from dataclasses import replace
from io import BytesIO

import pyvips
from PIL.WebPImagePlugin import WebPImageFile

from pixmill.engine.codecs import pillow
from pixmill.engine.codecs.metadata import Kept
from pixmill.engine.codecs.picture import Header, Need
from pixmill.engine.codecs.quality import codec_quality
from pixmill.engine.codecs.vips import header
from pixmill.engine.pixels.bridge import from_vips, to_pillow
from pixmill.engine.pixels.frame import Area, Frame
from pixmill.media import Format

_LARGE = 12_000_000
"""Pillow keeps four copies of a picture while it decodes it. Above this many pixels libvips is asked, at a scale: 47 megapixels
to 800 pixels take 58 MB and 319 ms, not 765 MB and 741 ms. Below it Pillow is faster (22 ms for 2.8 megapixels; libvips 40,
at half size 33)."""

_SCALES = ((8.0, 0.25), (2.5, 0.5))
"""As for JPEG: from how many stored pixels for a wanted one on the decoder scales."""

_METHOD = 2
"""14.6 ms at 800 × 500 pixels, where 4 takes 31.7 for 1.4 % less bytes and 0.6 points of SSIMULACRA2 more, and 1 takes 11.6 for
8 % more bytes."""


class WebPPicture:
    """A WebP; of an animation the first frame on its canvas."""

    def __init__(self, source: memoryview) -> None:
        self._source = source
        self.header: Header = header(pyvips.Image.webpload_buffer(source), Format.WEBP)

    def decode(self, need: Need) -> Frame:
        if self.header.size.pixels > _LARGE:
            return self._scaled(need)
        with WebPImageFile(BytesIO(self._source)) as image:
            return pillow.frame(image, self.header.profile, need.area)

    def _scaled(self, need: Need) -> Frame:
        scale = next((scale for least, scale in _SCALES if need.shrink >= least), 1.0)
        frame = from_vips(pyvips.Image.webpload_buffer(self._source, scale=scale, fail_on="truncated"))
        across, down = frame.width / self.header.size.width, frame.height / self.header.size.height
        area = Area(need.area.left * across, need.area.top * down, need.area.width * across, need.area.height * down)
        return replace(frame, profile=self.header.profile, area=area)


def write(frame: Frame, quality: int, kept: Kept) -> bytes:
    """A lossy WebP."""
    out = BytesIO()
    number = codec_quality(Format.WEBP, quality)
    to_pillow(frame).save(out, "WEBP", quality=number, method=_METHOD, exif=kept.exif, xmp=kept.xmp)
    return out.getvalue()
