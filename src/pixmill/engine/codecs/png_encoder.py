"""Encodes PNGs, still and animated: by our writer, and by libvips what is interlaced, huge or has a lossy palette.

Each frame of an animated PNG is encoded as a PNG of its own.
"""

from collections.abc import Sequence
from typing import Any, Final

from msgspec.structs import replace as replace_struct
from PIL import Image

from pixmill.engine.codecs import scanlines, zlib_stream
from pixmill.engine.codecs.apng_encoder import assemble_apng
from pixmill.engine.codecs.effort import codec_effort
from pixmill.engine.codecs.frame_sequence import FrameSequence
from pixmill.engine.codecs.lossless.chunks_filter import replace_png_metadata
from pixmill.engine.codecs.metadata import NO_METADATA, RetainedMetadata
from pixmill.engine.codecs.palette import Colour, IndexedImage, corrected_palette, flat_colours, index_exactly
from pixmill.engine.codecs.png_chunks import SIGNATURE, encode_chunk, iter_chunks
from pixmill.engine.codecs.png_effort import PNG_EFFORTS, PngEffort
from pixmill.engine.codecs.png_samples import INDEXED, indexed_samples, plain_content, reduced_content
from pixmill.engine.codecs.png_writer import colour_chunks, recompressed, write_png
from pixmill.engine.codecs.vips import attach_metadata
from pixmill.engine.raster.convert import to_pillow, to_vips
from pixmill.engine.raster.frame import Frame, Layout
from pixmill.media import Format
from pixmill.plan.output import DEFAULT_ENCODING, Encoding

is_compiled: Final = scanlines.available and zlib_stream.available
"""Whether our writer is complete: without either it works, slower or with larger files."""

_ALL_FILTERS, _SUB_AND_UP, _NO_FILTER = 0xF8, 0x10 | 0x20, 8
"""The filters that libpng tries (PNG_FILTER_…)."""

_MAX_OWN_BYTES: Final = 32 << 20
"""Pixels of more bytes are encoded by libvips, row by row: ours takes up to three times as much again."""

_PALETTE_BIT_DEPTHS = ((256, 8), (16, 4), (4, 2), (2, 1))
"""(Minimum palette size, bits per pixel)."""


def encode(frame: Frame, _quality: int, metadata: RetainedMetadata, encoding: Encoding = DEFAULT_ENCODING) -> bytes:
    """Encode an 8-bit PNG, or one with a palette; quality does not apply, since the rest is lossless.

    Without a palette in the request the file has whatever channels and bits hold the same pixels.
    """
    body = _encode_with_palette(frame, encoding) if encoding.colours else _encode_in_full(frame, encoding)
    return body if metadata == NO_METADATA else replace_png_metadata(memoryview(body), metadata) or body


def encode_unreduced(frame: Frame, encoding: Encoding = DEFAULT_ENCODING) -> bytes:
    """Encode with the channels of the frame, without metadata: for icons, and for frames of one animation."""
    return _encode_with_palette(frame, encoding) if encoding.colours else _encode_in_full(frame, encoding, reduce=False)


def encode_animation(
    sequence: FrameSequence, _quality: int, metadata: RetainedMetadata, encoding: Encoding = DEFAULT_ENCODING
) -> bytes:
    """Encode an 8-bit animated PNG."""
    encoding = replace_struct(encoding, colours=0, progressive=False)
    body = assemble_apng(sequence, lambda frame: encode_unreduced(frame, encoding))
    return body if metadata == NO_METADATA else replace_png_metadata(memoryview(body), metadata) or body


def _effort(encoding: Encoding) -> PngEffort:
    return PNG_EFFORTS[codec_effort(Format.PNG, encoding)]


def _is_ours(size_bytes: int, encoding: Encoding) -> bool:
    return scanlines.available and not encoding.progressive and size_bytes <= _MAX_OWN_BYTES


def _encode_in_full(frame: Frame, encoding: Encoding, *, reduce: bool = True) -> bytes:
    """Encode without metadata, which libvips would complete by a resolution and a colour space of its own."""
    effort = _effort(encoding)
    if _is_ours(len(frame.pixels), encoding):
        content = reduced_content(frame) if reduce else plain_content(frame)
        return write_png(content.ways, content.repeat_share, effort, frame.profile)
    filters = _ALL_FILTERS if effort.all_filters else _SUB_AND_UP
    return _encode_by_libvips(frame, effort, interlace=encoding.progressive, filter=filters)


def _encode_by_libvips(frame: Frame, deflating: PngEffort, **options: Any) -> bytes:
    """Encode; if it is not huge, libdeflate compresses what libvips only stores then."""
    image, keep = attach_metadata(to_vips(frame), NO_METADATA, frame.profile)
    stores = zlib_stream.available and len(frame.pixels) <= _MAX_OWN_BYTES
    body = bytes(image.pngsave_buffer(compression=0 if stores else deflating.zlib_level, keep=keep, **options))
    return recompressed(body, deflating) if stores else body


def _encode_with_palette(frame: Frame, encoding: Encoding) -> bytes:
    """Encode with a palette: without loss if there are few colours, else by libvips' quantiser.

    The quantiser is 20 points of SSIMULACRA2 better than Pillow's. It supports full palettes of a bit depth only, and
    moves colours by one, which is undone for those of flat areas. Where these prevail nothing is dithered.
    """
    pixels = to_pillow(frame)
    # The profile of an indexed image is one of RGB (PNG specification §11.3.2.3).
    if not (frame.is_grey and frame.profile) and (indexed := index_exactly(pixels, encoding.colours)):
        return _encode_indexed(indexed, frame.profile, encoding)
    colours, effort = flat_colours(pixels, encoding.colours), _effort(encoding)
    body = _encode_by_libvips(
        frame,
        effort,
        interlace=encoding.progressive,
        palette=True,
        bitdepth=_palette_bits(encoding.colours),
        dither=0 if colours else encoding.dither,
        effort=codec_effort(Format.GIF, encoding),
    )
    return _with_flat_colours(body, pixels, colours) if colours else body


def _palette_bits(colours: int) -> int:
    return next(depth for min_colours, depth in _PALETTE_BIT_DEPTHS if colours >= min_colours)


def _with_flat_colours(png: bytes, pixels: Image.Image, colours: Sequence[Colour]) -> bytes:
    return SIGNATURE + b"".join(
        encode_chunk(kind, corrected_palette(bytes(data), pixels, png, colours) if kind == b"PLTE" else data)
        for kind, data in iter_chunks(memoryview(png))
    )


def _encode_indexed(indexed: IndexedImage, profile: bytes, encoding: Encoding) -> bytes:
    """Encode the indices; interlaced as grey values that are then declared indices, for libvips takes no palette."""
    effort, (width, height) = _effort(encoding), indexed.image.size
    pixels = indexed.image.tobytes()
    if _is_ours(len(pixels), encoding):
        return write_png(list(indexed_samples(indexed, pixels)), 1, effort, profile)
    body = _encode_by_libvips(Frame(pixels, width, height, Layout.L), effort, interlace=True, filter=_NO_FILTER)
    (_, header), *others = iter_chunks(memoryview(body))
    return b"".join(
        (
            SIGNATURE,
            encode_chunk(b"IHDR", bytes(header[:9]) + bytes((INDEXED,)) + bytes(header[10:])),
            *colour_chunks(profile, indexed.rgb, indexed.alphas),
            *(encode_chunk(kind, data) for kind, data in others),
        )
    )
