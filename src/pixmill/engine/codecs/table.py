"""The codec table: which library decodes and encodes each format, and why.

Figures are milliseconds with one thread for photographs of 2040 × 1360 pixels (Pillow 13.0 with libjpeg-turbo 3.2,
libwebp 1.6, libavif 1.4; pyvips-binary 8.18.7). Formats that are not in the table are neither read nor written.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from PIL import features

from pixmill.engine.codecs import (
    avif,
    bmp,
    gif,
    gif_decoder,
    ico,
    jpeg,
    jpeg_encoder,
    libjpegli,
    libwebp,
    png,
    png_encoder,
    svg,
    tiff,
    webp,
)
from pixmill.engine.codecs.decoder import Decoder
from pixmill.engine.codecs.frame_sequence import FrameSequence
from pixmill.engine.codecs.metadata import RetainedMetadata
from pixmill.engine.extras import is_extra_installed
from pixmill.engine.raster.frame import Frame
from pixmill.errors import UnsupportedOutput
from pixmill.media import Format
from pixmill.plan.output import DEFAULT_ENCODING, Encoding

_PACKAGE = __name__.rpartition(".")[0]

Opener = Callable[[memoryview], Decoder]
"""Reads a header, in memory that does not grow with the image. Raises any exception on a damaged file."""

FrameEncoder = Callable[[Frame, int, RetainedMetadata, Encoding], bytes]
"""Encodes a frame at a quality on the common scale, with the metadata to embed and the encoder options."""

AnimationEncoder = Callable[[FrameSequence, int, RetainedMetadata, Encoding], bytes]
"""The same for an animation; pulls each frame when it needs it."""


def _lazy(module: str, name: str) -> Callable[..., Any]:
    """Import a function of a sibling module at the first call.

    Optional and heavy libraries do not load with the worker.
    """

    def call(*arguments: Any) -> Any:
        return getattr(import_module(f"{_PACKAGE}.{module}"), name)(*arguments)

    return call


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """How one format is decoded and encoded, by which libraries, and why (``rationale``).

    ``pillow_feature`` is the part of Pillow that both need, ``extra`` the optional dependency of Pixmill that
    installs the library.
    """

    open: Opener
    decoder_library: str
    encode: FrameEncoder | None = None
    encode_animation: AnimationEncoder | None = None
    encoder_library: str = ""
    pillow_feature: str = ""
    extra: str = ""
    rationale: str


CODECS: dict[Format, Codec] = {
    Format.JPEG: Codec(
        open=jpeg.JpegDecoder,
        decoder_library="Pillow",
        encode=jpeg_encoder.encode,
        encoder_library="jpegli" if libjpegli.available else "Pillow",
        pillow_feature="jpg",
        rationale="decode 10.2, halved 8.3 (libvips 16.4, 13.2); encode 512 px 1.4 (libjpeg-turbo 0.7, 18 % larger)",
    ),
    Format.PNG: Codec(
        open=png.PngDecoder,
        decoder_library="libvips",
        encode=png_encoder.encode,
        encode_animation=png_encoder.encode_animation,
        encoder_library="libdeflate" if png_encoder.is_compiled else "libvips",
        rationale="decode 26.6 (Pillow 35.5); encode 512 px 12.8 and 5 % smaller (libvips 10)",
    ),
    Format.WEBP: Codec(
        open=webp.open_webp,
        decoder_library="libwebp" if libwebp.available else "Pillow",
        encode=webp.encode,
        encode_animation=webp.encode_animation,
        encoder_library="Pillow",
        pillow_feature="webp",
        rationale="decode 20 (through Pillow 40, libvips 56), crops while decoding; encode 512 px 14.8 (23.8)",
    ),
    Format.AVIF: Codec(
        open=avif.AvifDecoder,
        decoder_library="Pillow",
        encode=avif.encode,
        encode_animation=avif.encode_animation,
        encoder_library="Pillow",
        pillow_feature="avif",
        rationale="decode with dav1d 37 (libvips with libaom 93); encode 41.8 (48)",
    ),
    Format.GIF: Codec(
        open=gif_decoder.GifDecoder,
        decoder_library="Pillow",
        encode=gif.encode,
        encode_animation=gif.encode_animation,
        encoder_library="libvips",
        rationale="canvas as in browsers, which libvips fills with colours; cgif bounds the palette",
    ),
    Format.TIFF: Codec(
        open=tiff.TiffDecoder,
        decoder_library="Pillow",
        encode=tiff.encode,
        encoder_library="libvips",
        rationale="reads 96 of 103 test files (libvips 88) and detects truncated files",
    ),
    Format.BMP: Codec(
        open=bmp.BmpDecoder,
        decoder_library="Pillow",
        encode=bmp.encode,
        encoder_library="Pillow",
        rationale="unpacks what we parse: headers, palettes, bit fields, run lengths",
    ),
    Format.ICO: Codec(
        open=ico.open_ico,
        decoder_library="Pillow",
        encode=ico.encode,
        encoder_library="libvips",
        rationale="the directory and bitmaps as above; PNGs by libvips",
    ),
    Format.SVG: Codec(
        open=svg.SvgDecoder,
        decoder_library="libvips",
        rationale="librsvg; sanitised first, rendered at the requested size",
    ),
    Format.HEIC: Codec(
        open=_lazy("heic", "HeicDecoder"),
        decoder_library="libheif",
        encode=_lazy("heic", "encode"),
        encoder_library="libheif",
        extra="heic",
        rationale="libvips' wheel has no HEVC; decode 800 px 16, encode 87",
    ),
    Format.JXL: Codec(
        open=_lazy("jxl", "open_jxl"),
        decoder_library="libjxl",
        encode=_lazy("jxl", "encode"),
        encoder_library="libjxl",
        extra="jxl",
        rationale="libvips' wheel has no libjxl; decode 800 px 11, encode 22",
    ),
    Format.JP2: Codec(
        open=_lazy("jpeg2000", "Jpeg2000Decoder"),
        decoder_library="OpenJPEG",
        pillow_feature="jpg_2000",
        rationale="libvips' wheel has no OpenJPEG; Pillow's decodes fewer levels where the result is smaller",
    ),
    Format.PSD: Codec(
        open=_lazy("psd", "PsdDecoder"),
        decoder_library="Pillow",
        rationale="unpacks the rows of what we parse: the merged image of PSD and PSB, also with 16 bits",
    ),
    Format.PDF: Codec(
        open=_lazy("pdf", "PdfDecoder"),
        decoder_library="PDFium",
        extra="pdf",
        rationale="libvips' wheel has no PDF loader; PDFium is well maintained and runs in the sandbox",
    ),
    Format.RAW: Codec(
        open=_lazy("raw", "RawDecoder"),
        decoder_library="LibRaw",
        extra="raw",
        rationale="reads camera raw formats",
    ),
    Format.VIDEO: Codec(
        open=_lazy("video", "VideoDecoder"),
        decoder_library="FFmpeg",
        extra="video",
        rationale="reads video containers",
    ),
}


def can_decode(kind: Format) -> bool:
    """Whether this installation decodes the format."""
    return kind in CODECS and _is_available(CODECS[kind])


def can_encode(kind: Format) -> bool:
    """Whether this installation encodes the format."""
    return can_decode(kind) and CODECS[kind].encode is not None


def missing_extra_hint(kind: Format) -> str:
    """The end of an error message that names the missing extra; empty if none would help."""
    extra = CODECS[kind].extra if kind in CODECS else ""
    return f": it lacks the extra pixmill[{extra}]" if extra and not is_extra_installed(extra) else ""


def _is_available(codec: Codec) -> bool:
    if codec.extra:
        return is_extra_installed(codec.extra)
    return not codec.pillow_feature or bool(features.check(codec.pillow_feature))


def encode_frame(
    frame: Frame, quality: int, metadata: RetainedMetadata, encoding: Encoding = DEFAULT_ENCODING
) -> bytes:
    """Encode a frame in its ``format``. Raises UnsupportedOutput."""
    codec = CODECS.get(frame.format)
    if codec is None or codec.encode is None:
        raise UnsupportedOutput(detail=frame.format)
    return codec.encode(frame, quality, metadata, encoding)


def can_encode_animation(kind: Format) -> bool:
    """Whether this installation encodes animations in the format."""
    return can_encode(kind) and CODECS[kind].encode_animation is not None


def encode_animation(
    sequence: FrameSequence, quality: int, metadata: RetainedMetadata, encoding: Encoding = DEFAULT_ENCODING
) -> bytes:
    """Encode an animation in its ``format``. Raises UnsupportedOutput."""
    codec = CODECS.get(sequence.format)
    if codec is None or codec.encode_animation is None:
        raise UnsupportedOutput(detail=sequence.format)
    return codec.encode_animation(sequence, quality, metadata, encoding)
