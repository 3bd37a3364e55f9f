"""TIFF codec: Pillow decodes, libvips encodes.

Of Pillow's own 103 test files Pillow reads 96, libvips' wheel 88 (no 8-bit Lab, no planar tiles, no old-style
JPEG), and Pillow detects truncated files, which libvips fills with black. Samples that Pillow does not read right are
left to ``tiff_samples.py``.
"""

import struct
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from typing import Any

from PIL import Image, ImageChops
from PIL.TiffImagePlugin import TiffImageFile

from pixmill.engine.codecs import pillow
from pixmill.engine.codecs.decoder import DecodeRequest, ImageHeader
from pixmill.engine.codecs.metadata import ORIENTATION_TAG, RetainedMetadata, metadata_if_small
from pixmill.engine.codecs.quality import codec_quality
from pixmill.engine.codecs.tiff_samples import decode_samples, read_samples
from pixmill.engine.codecs.vips import attach_metadata
from pixmill.engine.raster.convert import from_vips, to_pillow, to_vips
from pixmill.engine.raster.frame import Area, Frame
from pixmill.engine.raster.icc import cmyk_to_srgb, lab_to_srgb
from pixmill.media import Format
from pixmill.plan.lengths import Size
from pixmill.plan.output import DEFAULT_ENCODING, Encoding, TiffCompression

_IPTC_TAG = 33_723
_MAX_PAGES = 65_536
_WIDTH_TAG, _HEIGHT_TAG = 256, 257
_FROM_12_TO_16_BITS = 65_535 / 4_095
_HIGHEST_LEVEL = 255
_NO_AREA = Area(0, 0, 1, 1)
_CLASSIC_LAYOUT, _BIGTIFF_LAYOUT = (4, "H", 12, "I"), (8, "Q", 20, "Q")
"""Position of the first directory's offset, format of the entry count, bytes per entry, format of an offset."""
_BIGTIFF_SIGNATURES = (b"+\0", b"\0+")
_WITH_PREDICTOR = (TiffCompression.LZW, TiffCompression.DEFLATE)


class _TiffFile(TiffImageFile):
    """Opens pages whose samples Pillow does not know, too."""

    is_known = True

    def _setup(self) -> None:
        try:
            super()._setup()
        except SyntaxError:
            self.is_known, self._mode = False, "L"
            if self.size != self._tile_size:
                self._size = self._tile_size


class TiffDecoder:
    """A page of a TIFF."""

    def __init__(self, source: memoryview, page: int = 1) -> None:
        self._source, self._page = source, page
        self._image = self._open()
        tags = self._image.tag_v2
        self._samples = read_samples(tags)
        self._by_samples = not self._image.is_known or self._samples.pillow_is_wrong(self._image.mode)
        orientation = tags.get(ORIENTATION_TAG, 1)
        self.header: ImageHeader = replace(
            pillow.image_header(self._image, Format.TIFF, _page_count(source)),
            orientation=orientation if orientation in range(1, 9) else 1,
            orientation_applied=True,
            iptc=metadata_if_small(_iptc_block(self._image, source)),
        )
        self._image.info.pop("xmp", None)  # Pillow would rotate by its orientation if there is no tag
        if self._by_samples:
            samples = self._samples
            self.header = replace(
                self.header,
                size=Size(tags[_WIDTH_TAG], tags[_HEIGHT_TAG]),
                alpha=bool(samples.alpha),
                colour_space="cmyk" if samples.is_cmyk else "grey" if samples.is_grey else "rgb",
                orientation_applied=False,
            )

    def _open(self) -> _TiffFile:
        image = _TiffFile(BytesIO(self._source))
        image.seek(self._page - 1)
        return image

    def page(self, page: int) -> "TiffDecoder":
        return TiffDecoder(self._source, page)

    def decode(self, request: DecodeRequest) -> Frame:
        if self._by_samples:
            return self._decode_samples(request)
        try:
            return self._finish(self._image, request)
        except OSError:
            partial = self._decode_partially()
            if partial is None:
                raise
        return replace(pillow.decode_frame(partial, self._rgb_profile, request.area), truncated=True)

    def _finish(self, image: Image.Image, request: DecodeRequest) -> Frame:
        image.load()
        if self._samples.twelve_bits and image.mode.startswith("I;16"):
            image = image.point(lambda value: value * _FROM_12_TO_16_BITS)
        return pillow.decode_frame(self._to_rgb(image), self._rgb_profile, request.area)

    def _to_rgb(self, image: Image.Image) -> Image.Image:
        if image.mode == "CMYK":
            return cmyk_to_srgb(image, self.header.profile)
        return lab_to_srgb(image) if image.mode == "LAB" else image

    @property
    def _rgb_profile(self) -> bytes:
        """The profile of the pixels after ``_to_rgb``."""
        return b"" if self._image.mode in ("CMYK", "LAB") else self.header.profile

    def _decode_samples(self, request: DecodeRequest) -> Frame:
        decoded = decode_samples(self._source, self._page, self._samples)
        if not isinstance(decoded, Image.Image):
            return replace(from_vips(decoded), profile=self.header.profile, area=request.area)
        rgb, alpha = cmyk_to_srgb(decoded, self.header.profile), decoded.info.get("alpha")
        if alpha is not None:
            rgb.putalpha(alpha)
        return pillow.decode_frame(rgb, b"", request.area)

    def _decode_partially(self) -> Image.Image | None:
        """Decode what is there, the rest transparent; None if there is nothing.

        Decoded over two different colours, the pixels that differ are those that were not decoded.
        """
        over_low, over_high = (self._decode_over(level) for level in (0, _HIGHEST_LEVEL))
        bands = ImageChops.difference(_values_of(over_low), _values_of(over_high)).split()
        changed = ImageChops.lighter(ImageChops.lighter(bands[0], bands[1]), bands[2])
        decoded = changed.point([_HIGHEST_LEVEL * (level == 0) for level in range(_HIGHEST_LEVEL + 1)])
        if decoded.getbbox() is None:
            return None
        image = self._to_rgb(over_low).convert("RGBA")
        image.putalpha(ImageChops.darker(image.getchannel("A"), decoded))
        return image

    def _decode_over(self, level: int) -> Image.Image:
        image = self._open()
        image.info.pop("xmp", None)
        image.load_prepare()
        image.im.paste((level,) * len(image.getbands()), (0, 0, *image.im.size))
        with suppress(OSError):
            image.load()
        if image.tile:  # the error left it so
            image.tile = []
            image.load_end()
        return to_pillow(pillow.decode_frame(image, b"", _NO_AREA)) if image.mode.startswith("I;16") else image


def _values_of(image: Image.Image) -> Image.Image:
    """Return the samples as RGB; of a palette its indexes, as different ones may have the same colour."""
    if image.mode == "P":
        image = Image.frombytes("L", image.size, image.tobytes())
    return image.convert("RGB")


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
        Q=codec_quality(Format.JPEG, quality, encoding.quality_scale),
        keep=keep,
    )
    return bytes(body)


def _tiff_metadata(metadata: RetainedMetadata) -> RetainedMetadata:
    """Return XMP, and IPTC of four times its length.

    libvips passes a count of 32-bit numbers to libtiff, which takes it as bytes; readers ignore zeros at the end.
    """
    return RetainedMetadata(xmp=metadata.xmp, iptc=metadata.iptc.ljust(4 * len(metadata.iptc), b"\0"))
