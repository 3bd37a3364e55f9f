"""Extracts a still from a video by FFmpeg from the wheel of PyAV, on one thread; the extra ``video``.

The still has the size, the orientation and the colours that browsers show. Only container demuxers are enabled, no
playlists and no protocols: nothing but the given bytes is read.
"""

import struct
from collections.abc import Iterator
from fractions import Fraction
from io import BytesIO
from itertools import islice
from typing import Any, Final

import av
import pyvips
from av.sidedata.sidedata import Type as SideDataType
from PIL import Image

from pixmill.engine.codecs import pillow
from pixmill.engine.codecs.decoder import DecodeRequest, ImageHeader
from pixmill.engine.raster.cicp import UNSPECIFIED, cicp_profile, hdr_encoding
from pixmill.engine.raster.convert import from_vips
from pixmill.engine.raster.early_conversion import convert_16_bit
from pixmill.engine.raster.frame import Frame, Layout
from pixmill.errors import ImageTooLarge, InvalidParameter, UndecodableImage
from pixmill.media import Format
from pixmill.plan.lengths import Size
from pixmill.plan.ops import Input

av.logging.set_level(None)

_DEMUXERS: Final = ((4, b"ftyp", "mov"), (0, b"\x1aE\xdf\xa3", "matroska"), (8, b"AVI ", "avi"))
_OPTIONS: Final = {"protocol_whitelist": "", "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi"}
_SAMPLED_FRAMES: Final = 6
"""The representative frame is chosen among this many, spread over the video."""
_MAX_DECODED_FRAMES: Final = 600
"""Frames decoded from a key frame to the requested time: 10 seconds at 60 fps."""
_SAMPLE_SIDE: Final = 128
_MAX_PIXELS: Final = 7680 * 4320
"""8K. One frame is decoded when the file is opened, before the limits are checked."""
_ORIENTATIONS: Final = {
    (1, 0, 0, 1): 1,
    (-1, 0, 0, 1): 2,
    (-1, 0, 0, -1): 3,
    (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5,
    (0, 1, -1, 0): 6,
    (0, -1, -1, 0): 7,
    (0, -1, 1, 0): 8,
}
"""The signs of a, b, c and d of a display matrix (ISO/IEC 14496-12 §6.2.2) as EXIF orientation."""
_NEGLIGIBLE: Final = 0.02
"""Of the largest entry of a matrix: about one degree."""
_MATRIX: Final = struct.Struct("=2i4x2i")
_ALPHA_DECODERS: Final = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""FFmpeg's own decoders of VP8 and VP9 ignore the alpha channel of WebM."""
_BT709: Final = 1
_HD_HEIGHT: Final = 720
"""Videos of this height use the matrix of BT.709 if they name none, smaller ones that of BT.601, as in Chromium."""
_SD_PRIMARIES: Final = (5, 6, 7)
"""Primaries of BT.601 and SMPTE 240M: browsers show these as those of BT.709."""


class VideoDecoder:
    """A frame of the first video stream that is no cover image."""

    def __init__(self, source: memoryview, time_s: float | None = None) -> None:
        self._source = source
        self._time_s = time_s
        demuxer = next(name for at, magic, name in _DEMUXERS if bytes(source[at : at + len(magic)]) == magic)
        self._container: Any = av.open(BytesIO(source), format=demuxer, options=_OPTIONS)
        streams = self._container.streams.video
        if not streams:
            raise UndecodableImage(detail="no video stream")
        attached = av.stream.Disposition.attached_pic
        self._stream = next((each for each in streams if not each.disposition & attached), streams[0])
        context = self._stream.codec_context
        context.thread_count = 1
        _check_pixels(context.width, context.height)
        has_alpha = "alpha_mode" in map(str.lower, self._stream.metadata)
        self._alpha_decoder = _ALPHA_DECODERS.get(context.name) if has_alpha else None
        self._size = _display_size(context.width, context.height, self._stream.sample_aspect_ratio)
        first_frame = next(self._container.decode(self._stream))
        self._profile = _profile_of(first_frame)
        self.header = ImageHeader(
            format=Format.VIDEO,
            size=self._size,
            alpha=self._alpha_decoder is not None,
            colour_space="rgb",
            orientation=_orientation_of(first_frame),  # stored with the frames, not in the header
            profile=self._profile,
        )

    def configured(self, input_options: Input) -> "VideoDecoder":
        if input_options.time_s is None:
            return self
        if self._duration_s and input_options.time_s > self._duration_s:
            raise InvalidParameter(f"The video has {self._duration_s:.1f} seconds", param="time")
        return VideoDecoder(self._source, input_options.time_s)

    def decode(self, request: DecodeRequest) -> Frame:
        frame = self._representative_frame() if self._time_s is None else self._frame_at(self._time_s)
        if hdr_encoding(self._profile):
            pixels, profile = convert_16_bit(self._vips_image(frame), self._profile, request.profile)
            like = Frame(b"", self._size.width, self._size.height, Layout.RGB, profile, request.area)
            return from_vips(pixels, like)
        return pillow.decode_frame(self._pillow_image(frame), self._profile, request.area)

    def _pillow_image(self, frame: Any) -> Image.Image:
        if self._alpha_decoder is None:
            image: Image.Image = self._scaled(frame, "rgb24").to_image()
            return image
        plane = self._scaled(frame, "rgba").planes[0]
        size = (self._size.width, self._size.height)
        return Image.frombuffer("RGBA", size, bytes(plane), "raw", "RGBA", plane.line_size, 1)

    def _vips_image(self, frame: Any) -> Any:
        plane = self._scaled(frame, "rgb48le").planes[0]
        width, height = plane.line_size // 6, self._size.height
        image = pyvips.Image.new_from_memory(bytes(plane), width, height, 3, "ushort")
        return image.crop(0, 0, self._size.width, height).copy(interpretation="rgb16")

    def _scaled(self, frame: Any, pixel_format: str) -> Any:
        """Convert to RGB of the size that is shown; the stored size may change from frame to frame."""
        is_hd = frame.height >= _HD_HEIGHT and frame.colorspace == UNSPECIFIED
        return frame.reformat(
            width=self._size.width,
            height=self._size.height,
            format=pixel_format,
            src_colorspace="ITU709" if is_hd else None,
            interpolation=None if Size(frame.width, frame.height) == self._size else "BICUBIC",
        )

    @property
    def _duration_s(self) -> float:
        """0 if the container has no duration."""
        return float((self._container.duration or 0) / av.time_base)

    def _frame_at(self, time_s: float) -> Any:
        """The frame displayed at this time: the last one that begins no later."""
        latest = None
        for frame in islice(self._frames_from(time_s), _MAX_DECODED_FRAMES):
            if latest is not None and frame.time is not None and frame.time > time_s:
                break
            latest = frame
        if latest is None:
            raise UndecodableImage(detail="no frames")
        return latest

    def _representative_frame(self) -> Any:
        """The sampled key frame with the highest brightness entropy."""
        times_s = (
            [self._duration_s * (number + 0.5) / _SAMPLED_FRAMES for number in range(_SAMPLED_FRAMES)]
            if self._duration_s
            else [0.0]
        )
        frames = [frame for time_s in times_s for frame in islice(self._frames_from(time_s), 1)]
        if not frames:
            raise UndecodableImage(detail="no frames")
        return max(frames, key=_brightness_entropy)

    def _frames_from(self, time_s: float) -> Iterator[Any]:
        """Decode from the last key frame that is no later."""
        self._container.seek(int(time_s * av.time_base), backward=True)
        if self._alpha_decoder is None:
            yield from self._container.decode(self._stream)
            return
        context = av.CodecContext.create(self._alpha_decoder, "r")
        context.thread_count = 1
        for packet in self._container.demux(self._stream):
            yield from context.decode(packet)


def _check_pixels(width: int, height: int) -> None:
    if width * height > _MAX_PIXELS:
        raise ImageTooLarge(f"A video may have at most {_MAX_PIXELS} pixels per frame")


def _display_size(width: int, height: int, aspect_ratio: Fraction | None) -> Size:
    """Return the size with square pixels: browsers enlarge the side that would be too short."""
    if not aspect_ratio or aspect_ratio <= 0:
        return Size(width, height)
    wide = aspect_ratio >= 1
    size = Size(round(width * aspect_ratio), height) if wide else Size(width, round(height / aspect_ratio))
    _check_pixels(size.width, size.height)
    return size


def _orientation_of(frame: Any) -> int:
    """Return the display matrix as EXIF orientation; 1 for a rotation by other than right angles, as in Chromium."""
    matrix = frame.side_data.get(SideDataType.DISPLAYMATRIX)
    if matrix is None:
        return 1
    entries = _MATRIX.unpack_from(bytes(matrix))
    largest = max(map(abs, entries))
    signs = tuple((entry > 0) - (entry < 0) if abs(entry) > largest * _NEGLIGIBLE else 0 for entry in entries)
    a, b, c, d = signs
    return _ORIENTATIONS.get((a, b, c, d), 1)


def _profile_of(frame: Any) -> bytes:
    """Return the ICC profile of the colours that a frame names; empty for those of usual displays."""
    primaries = _BT709 if frame.color_primaries in (UNSPECIFIED, *_SD_PRIMARIES) else frame.color_primaries
    transfer = _BT709 if frame.color_trc == UNSPECIFIED else frame.color_trc
    return cicp_profile(primaries, transfer, bt1886=False) or b""


def _brightness_entropy(frame: Any) -> float:
    """The entropy of the brightness histogram in bits: 0 for a black or uniform frame."""
    return float(frame.reformat(width=_SAMPLE_SIDE, height=_SAMPLE_SIDE, format="gray").to_image().entropy())
