"""WebP by Pillow's libwebp: a single picture by way of its own interface, animations and what is written by way of Pillow.

The header of an animation is read by libvips, since Pillow's opening allocates two canvases at once; so are all files where libwebp itself cannot be reached.
Knows WebP's ways: the canvas of an animation, quality and effort.
"""

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

import pyvips
from PIL.WebPImagePlugin import WebPImageFile

from pixmill.engine.codecs import libwebp, pillow
from pixmill.engine.codecs.carried import carrying
from pixmill.engine.codecs.effort import codec_effort
from pixmill.engine.codecs.metadata import Kept
from pixmill.engine.codecs.modes import MODES, shrink_of
from pixmill.engine.codecs.picture import Header, Need, Picture
from pixmill.engine.codecs.quality import codec_quality
from pixmill.engine.codecs.reel import Reel
from pixmill.engine.codecs.strip import strip
from pixmill.engine.codecs.vips import VipsAnimation, VipsPicture, loaded
from pixmill.engine.codecs.webp_still import WebPStill
from pixmill.engine.pixels.bridge import from_vips, to_pillow, to_vips
from pixmill.engine.pixels.frame import Frame
from pixmill.media import Format
from pixmill.plan.output import PLAIN, Encoding, WebPPreset

_LARGE = 12_000_000
"""Pillow keeps four copies of a picture while it decodes it. Above this many pixels libvips is asked, at a scale: 47 megapixels
to 800 pixels take 58 MB and 319 ms, not 765 MB and 741 ms."""

_LOSSLESS_EFFORT = 50
"""Of 100: what libwebp calls quality where nothing is lost."""


def webp(source: memoryview) -> Picture:
    """An opened WebP."""
    found = libwebp.read(source) if libwebp.available else None
    return WebPAnimation(source) if found is None or found.animated else WebPStill(source, found)


class WebPAnimation:
    """Any WebP, also one of a single picture."""

    def __init__(self, source: memoryview) -> None:
        self._source = source
        self._animation = VipsAnimation(Format.WEBP, pyvips.Image.webpload_source, source)
        self.header: Header = self._animation.header

    def at(self, page: int) -> VipsPicture:
        return self._animation.at(page)

    def frames(self, need: Need) -> Iterator[Frame]:
        if self.header.size.pixels > _LARGE:
            yield from self._animation.frames(need)
            return
        with WebPImageFile(BytesIO(self._source)) as image:
            for number in range(self.header.frames):
                image.seek(number)
                yield pillow.frame(image, self.header.profile, need.area)

    def decode(self, need: Need) -> Frame:
        if self.header.size.pixels > _LARGE:
            return self._scaled(need)
        with WebPImageFile(BytesIO(self._source)) as image:
            return pillow.frame(image, self.header.profile, need.area)

    def _scaled(self, need: Need) -> Frame:
        shrink = shrink_of(MODES[need.mode].shrinks, need.shrink)
        frame = from_vips(loaded(pyvips.Image.webpload_source, self._source, scale=1 / shrink, fail_on="truncated"))
        across, down = frame.width / self.header.size.width, frame.height / self.header.size.height
        area = need.area.scaled(across, down)
        return replace(frame, profile=self.header.profile, area=area, lost=MODES[need.mode].lost_light[shrink])


def write(frame: Frame, quality: int, kept: Kept, encoding: Encoding = PLAIN) -> bytes:
    """A WebP, lossy if nothing else is asked for; by libvips what Pillow cannot say."""
    if encoding.near_lossless is not None or encoding.webp_preset is not WebPPreset.DEFAULT:
        image, keep = carrying(to_vips(frame), kept, frame.profile)
        body: Any = image.webpsave_buffer(keep=keep, **_options(quality, encoding))
        return bytes(body)
    out = BytesIO()
    to_pillow(frame).save(
        out,
        "WEBP",
        quality=_LOSSLESS_EFFORT if encoding.lossless else codec_quality(Format.WEBP, quality),
        lossless=encoding.lossless,
        method=codec_effort(Format.WEBP, encoding),
        icc_profile=frame.profile or "",
        exif=kept.exif,
        xmp=kept.xmp,
    )
    return out.getvalue()


def _options(quality: int, encoding: Encoding) -> dict[str, Any]:
    """In libvips' words, where the quality of what is nearly lossless is how little may change."""
    near = encoding.near_lossless
    return {
        "Q": codec_quality(Format.WEBP, quality) if near is None else near,
        "lossless": encoding.lossless,
        "near_lossless": near is not None,
        "preset": encoding.webp_preset.value,
        "effort": codec_effort(Format.WEBP, encoding),
    }


def animate(reel: Reel, quality: int, kept: Kept, encoding: Encoding = PLAIN) -> bytes:
    """An animated WebP, by libvips, which takes the frames one by one: 178 ms for 40 frames of 300 × 180 pixels; Pillow 187."""
    with strip(reel) as image:
        for name, block in (("exif-data", kept.exif and b"Exif\0\0" + kept.exif), ("xmp-data", kept.xmp)):
            if block:
                image.set_type(pyvips.GValue.blob_type, name, block)
        body: Any = image.colourspace("srgb").webpsave_buffer(keep="exif|xmp", **_options(quality, encoding))
        return bytes(body)
