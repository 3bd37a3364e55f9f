"""PNG codec by libvips (libpng with zlib-ng).

Each frame of an animated PNG is decoded and encoded as a PNG of its own.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import pyvips
from msgspec.structs import replace as replace_struct
from PIL import Image

from pixmill.engine.codecs import pillow
from pixmill.engine.codecs.apng_decoder import read_animation
from pixmill.engine.codecs.apng_encoder import assemble_apng
from pixmill.engine.codecs.decoder import DecodeRequest, ImageHeader
from pixmill.engine.codecs.effort import codec_effort
from pixmill.engine.codecs.frame_sequence import FrameSequence
from pixmill.engine.codecs.metadata import RetainedMetadata
from pixmill.engine.codecs.png_colours import png_profile
from pixmill.engine.codecs.vips import VipsDecoder, attach_metadata, load_image
from pixmill.engine.raster.convert import VipsImage, from_vips, to_8_bit, to_pillow, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.media import Format
from pixmill.plan.output import DEFAULT_ENCODING, Encoding

PNG_LOADER: Callable[..., VipsImage] = pyvips.Image.pngload_source

_FILTERS = ((6, 0xF8), (0, 0x10 | 0x20))
"""The filters to try (PNG_FILTER_…) by minimum deflate level: all from level 6 on, below that sub and up. At 800 ×
500 pixels a photo takes 17 ms and 631 kB at level 3, a graphic 5.5 ms and 164 kB; at level 6 44 ms and 603 kB,
12 ms and 160 kB. One filter alone is bad for graphics."""

_PALETTE_BIT_DEPTHS = ((256, 8), (16, 4), (4, 2), (2, 1))
"""(Minimum palette size, bits per pixel)."""


class PngDecoder(VipsDecoder):
    """A PNG. The default image may differ from the animation, for clients without APNG support."""

    def __init__(self, source: memoryview) -> None:
        super().__init__(Format.PNG, PNG_LOADER, source)
        self.header = with_png_colours(self.header, source)
        self._animation = read_animation(source)
        if self._animation:
            timing = self._animation.timing
            self.header = replace(self.header, frame_count=len(timing.delays_ms), timing=timing)

    def page(self, page: int) -> "PngFrameDecoder":
        return PngFrameDecoder(self, page)

    def frames(self, request: DecodeRequest) -> Iterator[Frame]:
        if self._animation:
            for canvas in self._animation.frames(_decode_png):
                yield pillow.decode_frame(canvas, self.header.profile, request.area)


class PngFrameDecoder:
    """One frame of an animated PNG."""

    def __init__(self, decoder: PngDecoder, page: int) -> None:
        self._decoder = decoder
        self._page = page
        self.header = decoder.header

    def decode(self, request: DecodeRequest) -> Frame:
        return next(islice(self._decoder.frames(request), self._page - 1, None))


def with_png_colours(header: ImageHeader, source: memoryview) -> ImageHeader:
    """Return the header with the profile that the chunks of the file amount to."""
    profile = png_profile(source, header.profile, grey=header.colour_space == "grey")
    return header if profile == header.profile else replace(header, profile=profile)


def _decode_png(png: bytes) -> Image.Image:
    return to_pillow(from_vips(to_8_bit(load_image(PNG_LOADER, png, fail_on="truncated"))))


def encode(frame: Frame, _quality: int, metadata: RetainedMetadata, encoding: Encoding = DEFAULT_ENCODING) -> bytes:
    """Encode an 8-bit PNG, or one with a palette; quality does not apply, since the rest is lossless."""
    image, keep = attach_metadata(to_vips(frame), metadata, frame.profile)
    level = codec_effort(Format.PNG, encoding)
    options: dict[str, Any] = {"filter": next(filters for min_level, filters in _FILTERS if level >= min_level)}
    if encoding.colours:
        options = _palette_options(encoding)
    body: Any = image.pngsave_buffer(compression=level, interlace=encoding.progressive, keep=keep, **options)
    return bytes(body)


def _palette_options(encoding: Encoding) -> dict[str, Any]:
    """Options for libvips' quantiser, 20 points of SSIMULACRA2 better than Pillow's.

    It supports full palettes of a bit depth only.
    """
    depth = next(depth for min_colours, depth in _PALETTE_BIT_DEPTHS if encoding.colours >= min_colours)
    return {
        "palette": True,
        "bitdepth": depth,
        "dither": encoding.dither,
        "effort": codec_effort(Format.GIF, encoding),
    }


def encode_animation(
    sequence: FrameSequence, quality: int, metadata: RetainedMetadata, encoding: Encoding = DEFAULT_ENCODING
) -> bytes:
    """Encode an 8-bit animated PNG."""
    return assemble_apng(
        sequence, lambda frame: encode(frame, quality, metadata, replace_struct(encoding, colours=0, progressive=False))
    )
