"""PNG codec by libvips (libpng with zlib-ng).

Each frame of an animated PNG is decoded and encoded as a PNG of its own.
"""

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
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
from pixmill.engine.codecs.lossless.chunks_filter import replace_png_metadata
from pixmill.engine.codecs.metadata import NO_METADATA, RetainedMetadata
from pixmill.engine.codecs.palette import Colour, IndexedImage, corrected_palette, flat_colours, index_exactly
from pixmill.engine.codecs.png_chunks import SIGNATURE, encode_chunk, iter_chunks
from pixmill.engine.codecs.png_colours import png_profile
from pixmill.engine.codecs.png_repair import RepairedPng, repair_png
from pixmill.engine.codecs.vips import VipsDecoder, attach_metadata, load_image
from pixmill.engine.raster.convert import VipsImage, from_pillow, from_vips, to_8_bit, to_pillow, to_vips
from pixmill.engine.raster.frame import Area, Frame
from pixmill.media import Format
from pixmill.plan.output import DEFAULT_ENCODING, Encoding

PNG_LOADER: Callable[..., VipsImage] = pyvips.Image.pngload_source

_FILTERS = ((6, 0xF8), (0, 0x10 | 0x20))
"""The filters to try (PNG_FILTER_…) by minimum deflate level: all from level 6 on, below that sub and up. At 800 ×
500 pixels a photo takes 17 ms and 631 kB at level 3, a graphic 5.5 ms and 164 kB; at level 6 44 ms and 603 kB,
12 ms and 160 kB. One filter alone is bad for graphics."""

_NO_FILTER = 8
_INDEXED_LEVEL = 6
"""The default deflate level of indices: at 800 × 600 pixels 2 ms and 13.4 kB, at level 2 1.4 and 15.4."""
_INDEXED = 3
"""The colour type (PNG specification §11.2.1)."""

_PALETTE_BIT_DEPTHS = ((256, 8), (16, 4), (4, 2), (2, 1))
"""(Minimum palette size, bits per pixel)."""


class PngStillDecoder(VipsDecoder):
    """The default image of a PNG, or a PNG in an icon; repaired if libpng refuses it."""

    def __init__(self, kind: Format, source: memoryview) -> None:
        self._source = source
        super().__init__(kind, PNG_LOADER, source)
        self.header = with_png_colours(self.header, source)

    def decode(self, request: DecodeRequest) -> Frame:
        try:
            return super().decode(request)
        except pyvips.Error as error:
            try:
                repaired = repair_png(self._source)
            except (ValueError, struct.error):
                raise error from None
        return self._decode_repaired(repaired, request)

    def _decode_repaired(self, repaired: RepairedPng, request: DecodeRequest) -> Frame:
        size = self.header.size
        decoder = VipsDecoder(self.header.format, PNG_LOADER, memoryview(repaired.file))
        decoder.header = replace(decoder.header, profile=self.header.profile)
        if repaired.is_complete:
            return decoder.decode(request)
        frame = decoder.decode(replace(request, area=Area(0, 0, size.width, size.height)))
        image = repaired.hide_missing(to_pillow(frame).convert("LA" if frame.is_grey else "RGBA"))
        return replace(from_pillow(image, frame), area=request.area, truncated=True)


class PngDecoder(PngStillDecoder):
    """A still or animated PNG.

    Where the default image, for clients without APNG support, is no frame of the animation, it is never shown.
    """

    def __init__(self, source: memoryview) -> None:
        super().__init__(Format.PNG, source)
        self._animation = read_animation(source)
        if self._animation:
            frames = self._animation.frame_count
            self.header = replace(
                self.header,
                frame_count=frames,
                timing=self._animation.timing if frames > 1 else None,
                truncated=self._animation.truncated,
            )

    def decode(self, request: DecodeRequest) -> Frame:
        if self._animation and self._animation.has_apart_default_image:
            return next(self.frames(request))
        return super().decode(request)

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
    try:
        return to_pillow(from_vips(to_8_bit(load_image(PNG_LOADER, png, fail_on="truncated"))))
    except pyvips.Error:
        repaired = repair_png(memoryview(png))
        if not repaired.is_complete:
            raise
        return to_pillow(from_vips(to_8_bit(load_image(PNG_LOADER, repaired.file, fail_on="truncated"))))


def encode(frame: Frame, _quality: int, metadata: RetainedMetadata, encoding: Encoding = DEFAULT_ENCODING) -> bytes:
    """Encode an 8-bit PNG, or one with a palette; quality does not apply, since the rest is lossless."""
    body = _encode_with_palette(frame, encoding) if encoding.colours else _encode_in_full(frame, encoding)
    return body if metadata == NO_METADATA else replace_png_metadata(memoryview(body), metadata) or body


def _encode_in_full(frame: Frame, encoding: Encoding) -> bytes:
    """Encode without metadata, which libvips would complete by a resolution and a colour space of its own."""
    image, keep = attach_metadata(to_vips(frame), NO_METADATA, frame.profile)
    level = codec_effort(Format.PNG, encoding)
    filters = next(filters for min_level, filters in _FILTERS if level >= min_level)
    body: Any = image.pngsave_buffer(compression=level, interlace=encoding.progressive, keep=keep, filter=filters)
    return bytes(body)


def _encode_with_palette(frame: Frame, encoding: Encoding) -> bytes:
    """Encode with a palette: without loss if there are few colours, else by libvips' quantiser.

    The quantiser is 20 points of SSIMULACRA2 better than Pillow's. It supports full palettes of a bit depth only, and
    moves colours by one, which is undone for those of flat areas. Where these prevail nothing is dithered.
    """
    pixels = to_pillow(frame)
    # The profile of an indexed image is one of RGB (PNG specification §11.3.2.3).
    if not (frame.is_grey and frame.profile) and (indexed := index_exactly(pixels, encoding.colours)):
        return _encode_indexed(indexed, frame.profile, encoding)
    colours = flat_colours(pixels, encoding.colours)
    image, keep = attach_metadata(to_vips(frame), NO_METADATA, frame.profile)
    body: Any = image.pngsave_buffer(
        compression=codec_effort(Format.PNG, encoding),
        interlace=encoding.progressive,
        keep=keep,
        palette=True,
        bitdepth=_palette_bits(encoding.colours),
        dither=0 if colours else encoding.dither,
        effort=codec_effort(Format.GIF, encoding),
    )
    return _with_flat_colours(bytes(body), pixels, colours) if colours else bytes(body)


def _palette_bits(colours: int) -> int:
    return next(depth for min_colours, depth in _PALETTE_BIT_DEPTHS if colours >= min_colours)


def _with_flat_colours(png: bytes, pixels: Image.Image, colours: Sequence[Colour]) -> bytes:
    return SIGNATURE + b"".join(
        encode_chunk(kind, corrected_palette(bytes(data), pixels, png, colours) if kind == b"PLTE" else data)
        for kind, data in iter_chunks(memoryview(png))
    )


def _encode_indexed(indexed: IndexedImage, profile: bytes, encoding: Encoding) -> bytes:
    """Encode the indices as grey values, then declare them indices: libvips takes no palette.

    Interlacing needs a byte for each index.
    """
    bits = next(bits for bits in (1, 2, 4, 8) if len(indexed.colours) <= 1 << bits)
    bits = 8 if encoding.progressive else bits
    packed, (width, height) = indexed.packed(bits), indexed.image.size
    image = pyvips.Image.new_from_memory(packed, len(packed) // height, height, 1, "uchar")
    image, keep = attach_metadata(image.copy(interpretation="b-w"), NO_METADATA, b"")
    level = codec_effort(Format.PNG, encoding) if encoding.effort is not None else _INDEXED_LEVEL
    body: Any = image.pngsave_buffer(compression=level, interlace=encoding.progressive, keep=keep, filter=_NO_FILTER)
    (_, header), *others = iter_chunks(memoryview(bytes(body)))
    declared = struct.pack(">2I2B", width, height, bits, _INDEXED) + header[10:]
    return b"".join(
        (
            SIGNATURE,
            encode_chunk(b"IHDR", declared),
            encode_chunk(b"iCCP", b"icc\0\0" + zlib.compress(profile)) if profile else b"",
            encode_chunk(b"PLTE", indexed.rgb),
            encode_chunk(b"tRNS", indexed.alphas) if indexed.alphas else b"",
            *(encode_chunk(kind, data) for kind, data in others),
        )
    )


def encode_animation(
    sequence: FrameSequence, quality: int, metadata: RetainedMetadata, encoding: Encoding = DEFAULT_ENCODING
) -> bytes:
    """Encode an 8-bit animated PNG."""
    return assemble_apng(
        sequence, lambda frame: encode(frame, quality, metadata, replace_struct(encoding, colours=0, progressive=False))
    )
