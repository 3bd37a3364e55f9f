"""AVIF codec by Pillow's libavif (dav1d decodes, libaom encodes) on one thread.

Stills in linear light or HDR with more than 8 bits are decoded by libvips: Pillow decodes to 8.
What Pillow cannot encode is left to libvips. The container's rotation and mirroring are reported by Pillow as EXIF
orientation.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from typing import Any

import pyvips
from PIL import AvifImagePlugin

from pixmill.engine.codecs import pillow
from pixmill.engine.codecs.avif_timing import read_timing, set_loop_count
from pixmill.engine.codecs.decoder import DecodeRequest, ImageHeader
from pixmill.engine.codecs.effort import codec_effort, is_demanding
from pixmill.engine.codecs.frame_sequence import FrameSequence
from pixmill.engine.codecs.isobmff_colours import read_code_points
from pixmill.engine.codecs.metadata import RetainedMetadata
from pixmill.engine.codecs.pillow_sequence import PillowSequence
from pixmill.engine.codecs.quality import codec_quality
from pixmill.engine.codecs.subsampling import needs_full_chroma, subsampling_of
from pixmill.engine.codecs.vips import VipsDecoder, attach_metadata
from pixmill.engine.metadata.exif_block import build_exif, text_entry
from pixmill.engine.raster.convert import to_pillow, to_vips
from pixmill.engine.raster.early_conversion import needs_early_conversion
from pixmill.engine.raster.frame import Frame, Layout
from pixmill.engine.raster.orientation import EXIF_ORIENTATIONS
from pixmill.engine.raster.transparent_colours import fill_transparent_colours
from pixmill.media import Format
from pixmill.plan.output import DEFAULT_ENCODING, Encoding, Profile, Subsampling

AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # parallelism comes from processes

_IMAGE_DESCRIPTION = 270
_MIN_FILL_BYTES = 64
_EXIF_MARKS = (b"II*\0", b"MM\0*")
_PILLOW_BIT_DEPTH = 8
_MAX_VIPS_EFFORT = 9
"""The libvips effort that corresponds to speed 0."""


class AvifDecoder:
    """A still or animated AVIF."""

    def __init__(self, source: memoryview, page: int = 1) -> None:
        self._source = source
        self._page = page
        self._deep: VipsDecoder | None = None
        self._image = AvifImagePlugin.AvifImageFile(BytesIO(source))
        header = pillow.image_header(self._image, Format.AVIF)
        is_sequence = header.frame_count > 1
        is_grey = header.colour_space == "grey"
        points = read_code_points(source, sequence=is_sequence)
        self.header: ImageHeader = replace(
            header,
            timing=read_timing(source, header.frame_count) if is_sequence else None,
            profile=header.profile or (points.profile(grey=is_grey) if points else b""),
        )
        if points and points.more_than_8_bits and not is_sequence:
            self._open_deep(is_grey=is_grey)

    def page(self, page: int) -> "AvifDecoder":
        return AvifDecoder(self._source, page)

    def _open_deep(self, *, is_grey: bool) -> None:
        """Leave colours to libvips that 8 bits are too few for: it applies the orientation, and keeps 16 bits."""
        header = self.header
        if not needs_early_conversion(header.profile, Profile.SRGB, grey=is_grey):
            return
        size = EXIF_ORIENTATIONS[header.orientation].oriented_size(header.size)
        with suppress(pyvips.Error):  # whatever libvips refuses is decoded to 8 bits
            self._deep = VipsDecoder(Format.AVIF, pyvips.Image.heifload_source, self._source)
            self._deep.header = self.header = replace(header, size=size, orientation_applied=True, deep=True)

    def decode(self, request: DecodeRequest) -> Frame:
        return self._deep.decode(request) if self._deep else self._decode_page(self._page, request)

    def frames(self, request: DecodeRequest) -> Iterator[Frame]:
        for page in range(1, self.header.frame_count + 1):
            yield self._decode_page(page, request)

    def _decode_page(self, page: int, request: DecodeRequest) -> Frame:
        self._image.seek(page - 1)
        return pillow.decode_frame(self._image, self.header.profile, request.area)


def encode(frame: Frame, quality: int, metadata: RetainedMetadata, encoding: Encoding = DEFAULT_ENCODING) -> bytes:
    """Encode an AVIF of 8 bits, or, with libvips, one of more bits or without loss."""
    if not encoding.lossless:
        frame = fill_transparent_colours(frame)
    if encoding.lossless or encoding.depth > _PILLOW_BIT_DEPTH:
        return _encode_with_vips(frame, quality, metadata, encoding)
    out = BytesIO()
    to_pillow(frame).save(
        out,
        "AVIF",
        quality=codec_quality(Format.AVIF, quality, encoding.quality_scale),
        speed=codec_effort(Format.AVIF, encoding, demanding=is_demanding(frame)),
        subsampling="4:0:0" if frame.layout is Layout.L else ":".join(_subsampling(frame, encoding)),
        max_threads=1,
        icc_profile=frame.profile or b"",
        exif=metadata.exif,
        xmp=metadata.xmp,
    )
    return out.getvalue()


def _subsampling(frame: Frame, encoding: Encoding) -> Subsampling:
    """All chroma for graphics: at 512 pixels a third fewer bytes at equal score, with text and thin lines a half."""
    return subsampling_of(encoding, full_chroma=needs_full_chroma(frame))


def _encode_with_vips(frame: Frame, quality: int, metadata: RetainedMetadata, encoding: Encoding) -> bytes:
    """Encode with libvips, which supports 4:2:0 and 4:4:4 only."""
    placeholder = build_exif([text_entry(_IMAGE_DESCRIPTION, _fill(metadata.exif))], {}) if metadata.exif else b""
    image, keep = attach_metadata(to_vips(frame), replace(metadata, exif=placeholder), frame.profile)
    body: Any = image.heifsave_buffer(
        compression="av1",
        Q=codec_quality(Format.AVIF, quality, encoding.quality_scale),
        lossless=encoding.lossless,
        bitdepth=encoding.depth,
        effort=max(0, _MAX_VIPS_EFFORT - codec_effort(Format.AVIF, encoding, demanding=is_demanding(frame))),
        subsample_mode="on" if _subsampling(frame, encoding) is Subsampling.S420 and not encoding.lossless else "off",
        keep=keep,
    )
    return _with_exif(bytes(body), metadata.exif)


def _fill(exif: bytes) -> bytes:
    return b"x" * max(len(exif), _MIN_FILL_BYTES)


def _with_exif(body: bytes, exif: bytes) -> bytes:
    """Write EXIF over a longer block of libvips, which adds the size, resolution and colour space of its image."""
    if not exif:
        return body
    end = body.index(_fill(exif)) + len(_fill(exif))
    start = max(body.rindex(mark, 0, end) for mark in _EXIF_MARKS if mark in body[:end])
    return body[:start] + exif.ljust(end - start, b"\0") + body[end:]


def encode_animation(
    sequence: FrameSequence, quality: int, metadata: RetainedMetadata, encoding: Encoding = DEFAULT_ENCODING
) -> bytes:
    """Encode an 8-bit AVIF image sequence."""
    out = BytesIO()
    PillowSequence(sequence).save(
        out,
        "AVIF",
        save_all=True,
        duration=list(sequence.timing.delays_ms),
        quality=codec_quality(Format.AVIF, quality, encoding.quality_scale),
        speed=codec_effort(Format.AVIF, encoding),
        subsampling=":".join(subsampling_of(encoding)),
        max_threads=1,
        icc_profile=sequence.profile,
        exif=metadata.exif,
        xmp=metadata.xmp,
    )
    return set_loop_count(out.getvalue(), sequence.timing.loop_count)
