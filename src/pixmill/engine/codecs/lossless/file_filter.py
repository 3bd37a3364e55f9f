"""Exchanges the metadata of a file without encoding it again: the table of formats.

Must never decode pixels.
"""

from collections.abc import Callable
from typing import Final

from pixmill.engine.codecs.lossless.chunks_filter import (
    find_png_exif,
    find_webp_exif,
    replace_jxl_metadata,
    replace_png_metadata,
    replace_webp_metadata,
)
from pixmill.engine.codecs.lossless.gif_filter import strip_gif
from pixmill.engine.codecs.lossless.jpeg_segments_filter import find_jpeg_exif, replace_jpeg_metadata
from pixmill.engine.codecs.lossless.plain_files import is_plain_bmp, is_plain_ico, is_plain_tiff
from pixmill.engine.codecs.lossless.plain_heif import is_plain_heif
from pixmill.engine.codecs.metadata import NO_METADATA, RetainedMetadata, exif_orientation
from pixmill.engine.metadata.exif_block import with_orientation
from pixmill.media import Format

_FILTERS: Final[dict[Format, Callable[[memoryview, RetainedMetadata], bytes | None]]] = {
    Format.JPEG: replace_jpeg_metadata,
    Format.PNG: replace_png_metadata,
    Format.WEBP: replace_webp_metadata,
    Format.JXL: replace_jxl_metadata,
    Format.GIF: lambda source, _metadata: strip_gif(source),
}
_STORED_EXIF: Final[dict[Format, Callable[[memoryview], bytes]]] = {
    Format.JPEG: find_jpeg_exif,
    Format.PNG: find_png_exif,
    Format.WEBP: find_webp_exif,
}
_PLAIN: Final[dict[Format, Callable[[memoryview], bool]]] = {
    Format.AVIF: is_plain_heif,
    Format.HEIC: is_plain_heif,
    Format.TIFF: is_plain_tiff,
    Format.ICO: is_plain_ico,
    Format.BMP: is_plain_bmp,
}


def without_metadata(source: bytes, kind: Format) -> bytes | None:
    """Return the file with its orientation as the only metadata; None if that needs an encoder."""
    orientation = exif_orientation(_STORED_EXIF[kind](memoryview(source))) if kind in _STORED_EXIF else 1
    return with_metadata(memoryview(source), kind, RetainedMetadata(with_orientation(b"", orientation)))


def with_metadata(source: memoryview, kind: Format, metadata: RetainedMetadata) -> bytes | None:
    """Return the file with this metadata only; None if its format allows that only for files without metadata."""
    if kind in _FILTERS:
        return _FILTERS[kind](source, metadata)
    is_plain = metadata == NO_METADATA and kind in _PLAIN and _PLAIN[kind](source)
    return bytes(source) if is_plain else None
