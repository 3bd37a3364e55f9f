"""JPEG codec by Pillow's libjpeg-turbo with DCT scaling, and libvips' mozjpeg for its encoder options.

Handles CMYK with Adobe's inverted inks, and bounds the number of scans.
"""

from dataclasses import replace
from io import BytesIO
from typing import Any

from PIL import ImageChops
from PIL.JpegImagePlugin import JpegImageFile

from pixmill.engine.codecs import pillow
from pixmill.engine.codecs.decoder import DecodeRequest, ImageHeader
from pixmill.engine.codecs.metadata import RetainedMetadata
from pixmill.engine.codecs.modes import MODES, max_shrink
from pixmill.engine.codecs.quality import codec_quality
from pixmill.engine.codecs.vips import attach_metadata
from pixmill.engine.raster.convert import to_pillow, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.engine.raster.icc import cmyk_to_srgb
from pixmill.errors import UndecodableImage
from pixmill.media import Format
from pixmill.plan.output import DEFAULT_ENCODING, Encoding, Subsampling

# Below this many pixels DCT scaling saves nothing, and blocks that extend past the edge become visible.
_MIN_SCALED_PIXELS = 256 * 256
_MAX_SCANS = 100  # as in the fuzzers of libjpeg-turbo and libvips: each scan costs a pass over all coefficients
_START_OF_SCAN = b"\xff\xda"
_MAX_SEGMENT_BYTES = 65_000


class JpegDecoder:
    """A JPEG, or the first image of an MPO."""

    def __init__(self, source: memoryview) -> None:
        self._source = source
        self._image = JpegImageFile(pillow.ReadLimitedFile(source))
        if "progressive" in self._image.info and bytes(source).count(_START_OF_SCAN) > _MAX_SCANS:
            raise UndecodableImage(detail="more than 100 scans")
        self.header: ImageHeader = pillow.image_header(self._image, Format.JPEG)

    def decode(self, request: DecodeRequest) -> Frame:
        shrink, size = dct_shrink(request), self.header.size
        self._image.decodermaxblock = len(self._source)  # one call: each block would copy the remaining data
        self._image.draft(None, (max(1, size.width // shrink), max(1, size.height // shrink)))
        # A scaled pixel covers exactly ``shrink`` stored ones; the last one of a row may extend past the edge.
        shrink = shrink if self._image.size != (size.width, size.height) else 1
        area = request.area.scaled_down(shrink)
        if self._image.mode == "CMYK":
            inks = self._image if "adobe" in self._image.info else ImageChops.invert(self._image)
            return pillow.decode_frame(cmyk_to_srgb(inks, self.header.profile), b"", area)
        return replace(
            pillow.decode_frame(self._image, self.header.profile, area),
            light_compensation=MODES[request.mode].light_compensation[shrink],
        )


def dct_shrink(request: DecodeRequest) -> int:
    """The DCT scaling denominator to decode at: 1, 2, 4 or 8."""
    if request.area.width * request.area.height < _MIN_SCALED_PIXELS:
        return 1
    return max_shrink(MODES[request.mode].shrink_thresholds, request.shrink_factor)


def encode(frame: Frame, quality: int, metadata: RetainedMetadata, encoding: Encoding = DEFAULT_ENCODING) -> bytes:
    """Encode a JPEG. Metadata that does not fit into one segment is dropped.

    At 800 × 533 with optimised Huffman tables 1.9 ms; with the standard ones 1.0 ms and 2 % more bytes; progressive
    4.9 ms and 1 % fewer bytes than with optimised tables.
    """
    metadata = RetainedMetadata(
        *(block if len(block) <= _MAX_SEGMENT_BYTES else b"" for block in (metadata.exif, metadata.xmp))
    )
    if encoding.trellis or encoding.deringing or encoding.optimize_scans or encoding.quant_table:
        return _encode_with_mozjpeg(frame, quality, metadata, encoding)
    out = BytesIO()
    to_pillow(frame).save(
        out,
        "JPEG",
        quality=codec_quality(Format.JPEG, quality),
        subsampling=":".join(encoding.subsampling),
        progressive=encoding.progressive,
        optimize=MODES[encoding.mode].optimize_huffman,
        icc_profile=frame.profile or None,
        exif=metadata.exif and b"Exif\0\0" + metadata.exif,
        xmp=metadata.xmp,
    )
    return out.getvalue()


def _encode_with_mozjpeg(frame: Frame, quality: int, metadata: RetainedMetadata, encoding: Encoding) -> bytes:
    """Encode with mozjpeg: trellis quantisation saves 15 %, in nine times the time.

    Supports 4:2:0 and 4:4:4 only.
    """
    image, keep = attach_metadata(to_vips(frame), metadata, frame.profile)
    body: Any = image.jpegsave_buffer(
        Q=codec_quality(Format.JPEG, quality),
        subsample_mode="on" if encoding.subsampling is Subsampling.S420 else "off",
        interlace=encoding.progressive or encoding.optimize_scans,
        optimize_coding=True,
        trellis_quant=encoding.trellis,
        overshoot_deringing=encoding.deringing,
        optimize_scans=encoding.optimize_scans,
        quant_table=encoding.quant_table,
        keep=keep,
    )
    return bytes(body)
