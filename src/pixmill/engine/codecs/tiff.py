"""TIFF codec: Pillow decodes, libvips encodes.

Of Pillow's own 103 test files Pillow reads 96, libvips' wheel 88 (no 8-bit Lab, no planar tiles, no old-style
JPEG), and Pillow detects truncated files, which libvips fills with black.
"""

import struct
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from typing import Any

from PIL.TiffImagePlugin import TiffImageFile

from pixmill.engine.codecs import pillow
from pixmill.engine.codecs.decoder import DecodeRequest, ImageHeader
from pixmill.engine.codecs.metadata import ORIENTATION_TAG, RetainedMetadata, metadata_if_small
from pixmill.engine.codecs.quality import codec_quality
from pixmill.engine.codecs.vips import attach_metadata
from pixmill.engine.raster.convert import to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.engine.raster.icc import cmyk_to_srgb, lab_to_srgb
from pixmill.media import Format
from pixmill.plan.output import DEFAULT_ENCODING, Encoding, TiffCompression

_IPTC_TAG = 33_723
_MAX_PAGES = 65_536
_CLASSIC_LAYOUT, _BIGTIFF_LAYOUT = (4, "H", 12, "I"), (8, "Q", 20, "Q")
"""Position of the first directory's offset, format of the entry count, bytes per entry, format of an offset."""
_BIGTIFF_SIGNATURES = (b"+\0", b"\0+")
_WITH_PREDICTOR = (TiffCompression.LZW, TiffCompression.DEFLATE)


class TiffDecoder:
    """A page of a TIFF."""

    def __init__(self, source: memoryview, page: int = 1) -> None:
        self._source = source
        self._image = TiffImageFile(BytesIO(source))
        self._image.seek(page - 1)
        orientation = self._image.tag_v2.get(ORIENTATION_TAG, 1)
        self.header: ImageHeader = replace(
            pillow.image_header(self._image, Format.TIFF, _page_count(source)),
            orientation=orientation if orientation in range(1, 9) else 1,
            orientation_applied=True,
            iptc=metadata_if_small(_iptc_block(self._image, source)),
        )
        self._image.info.pop("xmp", None)  # Pillow would rotate by its orientation if there is no tag

    def page(self, page: int) -> "TiffDecoder":
        return TiffDecoder(self._source, page)

    def decode(self, request: DecodeRequest) -> Frame:
        image, profile = self._image, self.header.profile
        if image.mode in ("CMYK", "LAB"):
            image.load()
            rgb = cmyk_to_srgb(image, profile) if image.mode == "CMYK" else lab_to_srgb(image)
            return pillow.decode_frame(rgb, b"", request.area)
        return pillow.decode_frame(image, profile, request.area)


def _iptc_block(image: TiffImageFile, source: memoryview) -> bytes:
    """Return the IPTC datasets, which many writers declare as 32-bit numbers (TIFF/EP §5.2.26)."""
    value = image.tag_v2.get(_IPTC_TAG, b"")
    if not isinstance(value, tuple):
        return value if isinstance(value, bytes) else b""
    byte_order = "<" if bytes(source[:2]) == b"II" else ">"
    with suppress(struct.error):
        return struct.pack(f"{byte_order}{len(value)}I", *value)
    return b""


def _page_count(source: memoryview) -> int:
    """Count the directories.

    Pillow would parse the tags of each, in time that grows with the square of the pages.
    """
    byte_order = "<" if bytes(source[:2]) == b"II" else ">"
    first_offset_at, count_format, entry_bytes, offset_format = (
        _BIGTIFF_LAYOUT if bytes(source[2:4]) in _BIGTIFF_SIGNATURES else _CLASSIC_LAYOUT
    )
    pages, visited = 0, set[int]()
    with suppress(struct.error, OverflowError):
        (at,) = struct.unpack_from(byte_order + offset_format, source, first_offset_at)
        while at and at not in visited and pages < _MAX_PAGES:
            visited.add(at)
            (entries,) = struct.unpack_from(byte_order + count_format, source, at)
            (at,) = struct.unpack_from(
                byte_order + offset_format, source, at + struct.calcsize(count_format) + entries * entry_bytes
            )
            pages += 1
    return max(1, pages)


def encode(frame: Frame, quality: int, metadata: RetainedMetadata, encoding: Encoding = DEFAULT_ENCODING) -> bytes:
    """Encode an 8-bit TIFF, with XMP and IPTC, without EXIF: libvips keeps that separate from TIFF tags.

    JPEG compression has no alpha; LZW replaces it.
    """
    image, keep = attach_metadata(to_vips(frame), _tiff_metadata(metadata), frame.profile)
    compression = encoding.tiff_compression
    if compression is TiffCompression.JPEG and frame.layout.has_alpha:
        compression = TiffCompression.LZW
    body: Any = image.tiffsave_buffer(
        compression=compression.value,
        predictor="horizontal" if compression in _WITH_PREDICTOR else "none",
        Q=codec_quality(Format.JPEG, quality),
        keep=keep,
    )
    return bytes(body)


def _tiff_metadata(metadata: RetainedMetadata) -> RetainedMetadata:
    """Return XMP, and IPTC of four times its length.

    libvips passes a count of 32-bit numbers to libtiff, which takes it as bytes; readers ignore zeros at the end.
    """
    return RetainedMetadata(xmp=metadata.xmp, iptc=metadata.iptc.ljust(4 * len(metadata.iptc), b"\0"))
