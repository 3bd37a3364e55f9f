"""PNG by libvips (libpng over zlib-ng), with each frame of an animated one as a PNG of its own.

Knows PNG's levels, filters and palettes.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from msgspec.structs import replace as with_
from PIL import Image

from pixmill.engine.codecs import pillow
from pixmill.engine.codecs.apng_reading import animation
from pixmill.engine.codecs.apng_writing import assembled
from pixmill.engine.codecs.carried import carrying
from pixmill.engine.codecs.effort import codec_effort
from pixmill.engine.codecs.metadata import Kept
from pixmill.engine.codecs.picture import Need
from pixmill.engine.codecs.reel import Reel
from pixmill.engine.codecs.vips import PNG_LOADER, VipsPicture, eight_bits, loaded
from pixmill.engine.pixels.bridge import from_vips, to_pillow, to_vips
from pixmill.engine.pixels.frame import Frame
from pixmill.media import Format
from pixmill.plan.output import PLAIN, Encoding

_FILTERS = ((6, 0xF8), (0, 0x10 | 0x20))
"""From which level on which filters are tried (PNG_FILTER_…): all of them, or sub and up. At 800 × 500 pixels photographs take 17 ms
and 631 kB at level 3, a drawing 5.5 ms and 164 kB; at level 6 44 ms and 603 kB, 12 ms and 160 kB; one filter alone does badly on drawings."""

_DEPTHS = ((256, 8), (16, 4), (4, 2), (2, 1))
"""How many bits a pixel has for a palette of so many colours."""


class PngPicture(VipsPicture):
    """A PNG. Its still may be a picture apart from its animation, for those who know none."""

    def __init__(self, source: memoryview) -> None:
        super().__init__(Format.PNG, PNG_LOADER, source)
        self._animation = animation(source)
        if self._animation:
            timing = self._animation.timing
            self.header = replace(self.header, frames=len(timing.delays_ms), timing=timing)

    def at(self, page: int) -> "PngFrame":
        return PngFrame(self, page)

    def frames(self, need: Need) -> Iterator[Frame]:
        if self._animation:
            for canvas in self._animation.frames(_decoded):
                yield pillow.frame(canvas, self.header.profile, need.area)


class PngFrame:
    """One frame of an animated PNG."""

    def __init__(self, whole: PngPicture, page: int) -> None:
        self._whole = whole
        self._page = page
        self.header = whole.header

    def decode(self, need: Need) -> Frame:
        return next(islice(self._whole.frames(need), self._page - 1, None))


def _decoded(png: bytes) -> Image.Image:
    return to_pillow(from_vips(eight_bits(loaded(PNG_LOADER, png, fail_on="truncated"))))


def write(frame: Frame, _quality: int, kept: Kept, encoding: Encoding = PLAIN) -> bytes:
    """An 8-bit PNG, or one with a palette; lossless but for that, so quality says nothing to it."""
    image, keep = carrying(to_vips(frame), kept, frame.profile)
    level = codec_effort(Format.PNG, encoding)
    options: dict[str, Any] = {"filter": next(tried for least, tried in _FILTERS if level >= least)}
    if encoding.colours:
        options = _palette(encoding)
    body: Any = image.pngsave_buffer(compression=level, interlace=encoding.progressive, keep=keep, **options)
    return bytes(body)


def _palette(encoding: Encoding) -> dict[str, Any]:
    """By libvips' quantiser, which knows full palettes of each depth only: 20 points of SSIMULACRA2 better than Pillow's."""
    depth = next(depth for most, depth in _DEPTHS if encoding.colours >= most)
    return {
        "palette": True,
        "bitdepth": depth,
        "dither": encoding.dither,
        "effort": codec_effort(Format.GIF, encoding),
    }


def animate(reel: Reel, quality: int, kept: Kept, encoding: Encoding = PLAIN) -> bytes:
    """An animated PNG of 8 bits."""
    return assembled(reel, lambda frame: write(frame, quality, kept, with_(encoding, colours=0, progressive=False)))
