"""Which library reads and writes each format, and why: the one table.

Measured with one thread on photographs of 2040 × 1360 pixels (Pillow 13.0 with libjpeg-turbo 3.2, libwebp 1.6, libavif 1.4;
pyvips-binary 8.18.7), in milliseconds. Formats that are not here are not read or written.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Final

from PIL import features

from pixmill.engine.codecs import avif, bmp, gif, ico, jpeg, libwebp, png, svg, tiff, vips, webp
from pixmill.engine.codecs.decoder import Decoder
from pixmill.engine.codecs.frame_sequence import FrameSequence
from pixmill.engine.codecs.lazy import lazy_function
from pixmill.engine.codecs.metadata import RetainedMetadata
from pixmill.engine.raster.frame import Frame
from pixmill.errors import UnsupportedOutput
from pixmill.media import Format
from pixmill.plan.output import DEFAULT_ENCODING, Encoding

Opener = Callable[[memoryview], Decoder]
"""Reads a header; allocates nothing that grows with the picture. Raises anything on a damaged file."""

FrameEncoder = Callable[[Frame, int, RetainedMetadata, Encoding], bytes]
"""A frame, the quality on the one scale of looks, the metadata to keep, and the encoder's options."""


AnimationEncoder = Callable[[FrameSequence, int, RetainedMetadata, Encoding], bytes]
"""The same for an animation; asks for each frame when it needs it."""


@dataclass(frozen=True, slots=True)
class Codec:
    """``reader`` and ``writer`` name the libraries; ``needs`` is the part of Pillow without which neither works, ``extra`` the optional
    part of Pixmill that brings them.
    """

    open: Opener
    decoder_library: str
    encode: FrameEncoder | None = None
    encoder_library: str = ""
    pillow_feature: str = ""
    rationale: str = ""
    encode_animation: AnimationEncoder | None = None
    extra: str = ""


CODECS: dict[Format, Codec] = {
    Format.JPEG: Codec(
        jpeg.JpegDecoder,
        "Pillow",
        jpeg.encode,
        "Pillow",
        "jpg",
        "decode 10.2, halved 8.3 (libvips 16.4, 13.2); encode 512 px 0.5 (1.2)",
    ),
    Format.PNG: Codec(
        png.PngDecoder,
        "libvips",
        png.encode,
        "libvips",
        "",
        "decode 26.6 (Pillow 35.5); encode 512 px 9 (19.7)",
        png.encode_animation,
    ),
    Format.WEBP: Codec(
        webp.open_webp,
        "libwebp" if libwebp.available else "Pillow",
        webp.encode,
        "Pillow",
        "webp",
        "decode 20 (by way of Pillow 40, libvips 56), cut out before; encode 512 px 14.8 (23.8)",
        webp.encode_animation,
    ),
    Format.AVIF: Codec(
        avif.AvifDecoder,
        "Pillow",
        avif.encode,
        "Pillow",
        "avif",
        "decode with dav1d 37 (libvips with libaom 93); encode 41.8 (48)",
        avif.encode_animation,
    ),
    Format.GIF: Codec(
        vips.open_gif, "libvips", gif.encode, "libvips", "", "streams; bounds its palette by cgif", gif.encode_animation
    ),
    Format.TIFF: Codec(
        tiff.TiffDecoder,
        "Pillow",
        tiff.encode,
        "libvips",
        rationale="reads 96 of 103 test files (libvips 88) and notices when one ends too soon",
    ),
    Format.BMP: Codec(bmp.BmpDecoder, "Pillow", bmp.encode, "Pillow", rationale="libvips' wheel does not read it"),
    Format.ICO: Codec(ico.open_ico, "Pillow", ico.encode, "libvips", rationale="libvips' wheel does not read it"),
    Format.SVG: Codec(
        svg.SvgDecoder, "libvips", rationale="librsvg; sanitised before, drawn at the size that is wanted"
    ),
    Format.HEIC: Codec(
        lazy_function("heic", "HeicDecoder"),
        "libheif",
        lazy_function("heic", "encode"),
        "libheif",
        rationale="libvips' wheel has no HEVC; decode 800 px 16, encode 87",
        extra="heic",
    ),
    Format.JXL: Codec(
        lazy_function("jxl", "JxlDecoder"),
        "libjxl",
        lazy_function("jxl", "encode"),
        "libjxl",
        rationale="libvips' wheel has no libjxl; decode 800 px 11, encode 22",
        extra="jxl",
    ),
    Format.PDF: Codec(
        lazy_function("pdf", "PdfDecoder"),
        "PDFium",
        rationale="libvips' wheel reads none; confined, and kept well",
        extra="pdf",
    ),
    Format.RAW: Codec(lazy_function("raw", "RawDecoder"), "LibRaw", rationale="reads what cameras write", extra="raw"),
    Format.VIDEO: Codec(
        lazy_function("video", "VideoDecoder"), "FFmpeg", rationale="reads what films are in", extra="video"
    ),
}

EXTRA_MODULES: Final[dict[str, str]] = {
    "heic": "pillow_heif",
    "jxl": "pillow_jxl",
    "pdf": "pypdfium2",
    "raw": "rawpy",
    "video": "av",
}
"""The optional parts of Pixmill and the module that each of them brings."""


def can_decode(kind: Format) -> bool:
    """Can this installation decode the format?"""
    return kind in CODECS and _is_available(CODECS[kind])


def can_encode(kind: Format) -> bool:
    """Can this installation encode the format?"""
    return can_decode(kind) and CODECS[kind].encode is not None


def missing_extra_hint(kind: Format) -> str:
    """What to add to a sentence about a format that cannot be read or written, if something can be done about it."""
    extra = CODECS[kind].extra if kind in CODECS else ""
    return f": it lacks the extra pixmill[{extra}]" if extra and not is_extra_installed(extra) else ""


@cache
def is_extra_installed(extra: str) -> bool:
    """Is the module there that this extra brings? It is imported when it is first needed."""
    return find_spec(EXTRA_MODULES[extra]) is not None


def _is_available(codec: Codec) -> bool:
    if codec.extra:
        return is_extra_installed(codec.extra)
    return not codec.pillow_feature or bool(features.check(codec.pillow_feature))


def encode_frame(
    frame: Frame, quality: int, metadata: RetainedMetadata, encoding: Encoding = DEFAULT_ENCODING
) -> bytes:
    """The frame as a file in its format. Raises UnsupportedOutput for one that is not written here."""
    codec = CODECS.get(frame.format)
    if codec is None or codec.encode is None:
        raise UnsupportedOutput(detail=frame.format)
    return codec.encode(frame, quality, metadata, encoding)


def can_encode_animation(kind: Format) -> bool:
    """Can this installation encode an animation in the format?"""
    return can_encode(kind) and CODECS[kind].encode_animation is not None


def encode_animation(
    sequence: FrameSequence, quality: int, metadata: RetainedMetadata, encoding: Encoding = DEFAULT_ENCODING
) -> bytes:
    """The animation as a file in its format. Raises UnsupportedOutput for one that is not written here."""
    codec = CODECS.get(sequence.format)
    if codec is None or codec.encode_animation is None:
        raise UnsupportedOutput(detail=sequence.format)
    return codec.encode_animation(sequence, quality, metadata, encoding)
