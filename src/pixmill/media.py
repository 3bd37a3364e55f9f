"""Image and description formats: names, MIME types and capabilities.

Must never know a library: ``engine/codecs/table.py`` says which one decodes or encodes a format.
"""

from dataclasses import dataclass
from enum import StrEnum


class Format(StrEnum):
    """The format of an original or a result, by its name in ``format=`` and in metrics."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    AVIF = "avif"
    GIF = "gif"
    TIFF = "tiff"
    BMP = "bmp"
    ICO = "ico"
    SVG = "svg"
    HEIC = "heic"
    JXL = "jxl"
    JP2 = "jp2"
    PSD = "psd"
    PDF = "pdf"
    RAW = "raw"
    VIDEO = "video"
    BLURHASH = "blurhash"
    THUMBHASH = "thumbhash"
    LQIP = "lqip"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Media:
    """MIME type, file extension and capabilities of a format.

    ``max_side`` is the longest side in pixels that the format itself allows.
    """

    mime: str
    extension: str
    alpha: bool
    animation: bool
    max_side: int


# max_side: JPEG and BMP 16 bits (libjpeg JPEG_MAX_DIMENSION 65500), WebP 14 bits (RFC 9649 §2.4),
# AVIF 32,768 (libavif reads no more by default), HEIC √(8 × 35,651,584) (H.265 §A.4.1, level 6.2), PNG 2^31-1
# (bounded by us), GIF 16 bits, ICO 256.
MEDIA: dict[Format, Media] = {
    Format.JPEG: Media("image/jpeg", "jpg", alpha=False, animation=False, max_side=65_500),
    Format.PNG: Media("image/png", "png", alpha=True, animation=True, max_side=2**31 - 1),
    Format.WEBP: Media("image/webp", "webp", alpha=True, animation=True, max_side=16_383),
    Format.AVIF: Media("image/avif", "avif", alpha=True, animation=True, max_side=32_768),
    Format.GIF: Media("image/gif", "gif", alpha=True, animation=True, max_side=65_535),
    Format.TIFF: Media("image/tiff", "tiff", alpha=True, animation=False, max_side=2**31 - 1),
    Format.BMP: Media("image/bmp", "bmp", alpha=False, animation=False, max_side=65_535),
    Format.ICO: Media("image/vnd.microsoft.icon", "ico", alpha=True, animation=False, max_side=256),
    Format.SVG: Media("image/svg+xml", "svg", alpha=True, animation=False, max_side=2**31 - 1),
    Format.HEIC: Media("image/heic", "heic", alpha=True, animation=False, max_side=16_888),
    Format.JXL: Media("image/jxl", "jxl", alpha=True, animation=False, max_side=2**30),
    Format.JP2: Media("image/jp2", "jp2", alpha=True, animation=False, max_side=2**32 - 1),
    Format.PSD: Media("image/vnd.adobe.photoshop", "psd", alpha=True, animation=False, max_side=300_000),
    Format.PDF: Media("application/pdf", "pdf", alpha=False, animation=False, max_side=2**31 - 1),
    Format.RAW: Media("image/x-raw", "raw", alpha=False, animation=False, max_side=65_535),
    Format.VIDEO: Media("video/mp4", "mp4", alpha=True, animation=False, max_side=65_535),
    Format.BLURHASH: Media("text/plain", "txt", alpha=False, animation=False, max_side=2**31 - 1),
    Format.THUMBHASH: Media("text/plain", "txt", alpha=True, animation=False, max_side=2**31 - 1),
    Format.LQIP: Media("text/plain", "txt", alpha=True, animation=False, max_side=2**31 - 1),
    Format.JSON: Media("application/json", "json", alpha=True, animation=False, max_side=2**31 - 1),
}

VECTOR_FORMATS = (Format.SVG, Format.PDF)
"""Originals without pixels, which can be enlarged without loss."""

OUTPUT_FORMATS = (
    Format.JPEG,
    Format.PNG,
    Format.WEBP,
    Format.AVIF,
    Format.GIF,
    Format.JXL,
    Format.HEIC,
    Format.TIFF,
    Format.BMP,
    Format.ICO,
    Format.SVG,
)
"""The image formats that ``format=`` accepts."""

DESCRIPTION_FORMATS = (Format.BLURHASH, Format.THUMBHASH, Format.LQIP, Format.JSON)
"""The formats of ``format=`` that describe the result instead of containing it."""

BROWSER_FORMATS = (Format.AVIF, Format.WEBP)
"""The modern formats that all current browsers show."""

NEGOTIABLE_FORMATS = (*BROWSER_FORMATS, Format.JXL)
"""The formats that ``format=auto`` may choose if ``Accept`` names them, in order of preference."""

MODERN_FORMATS = (*NEGOTIABLE_FORMATS, Format.HEIC)
"""The formats that not every client shows: a client that does names them in ``Accept``."""
