"""Extracts a still from a video by FFmpeg from the wheel of PyAV, on one thread; the extra ``video``.

Only container demuxers are enabled, no playlists and no protocols: nothing but the given bytes is read.
"""

from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from typing import Any, Final

import av

from pixmill.engine.codecs import pillow
from pixmill.engine.codecs.decoder import DecodeRequest, ImageHeader
from pixmill.engine.raster.frame import Frame
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
_ORIENTATIONS: Final = {0: 1, 90: 8, 180: 3, -180: 3, -90: 6, 270: 6, -270: 8}
"""FFmpeg's rotation (degrees counterclockwise) as EXIF orientation."""


class VideoDecoder:
    """A frame of the first video stream."""

    def __init__(self, source: memoryview, time_s: float | None = None) -> None:
        self._source = source
        self._time_s = time_s
        demuxer = next(name for at, magic, name in _DEMUXERS if bytes(source[at : at + len(magic)]) == magic)
        self._container: Any = av.open(BytesIO(source), format=demuxer, options=_OPTIONS)
        if not self._container.streams.video:
            raise UndecodableImage(detail="no video stream")
        self._stream = self._container.streams.video[0]
        context = self._stream.codec_context
        context.thread_count = 1
        if context.width * context.height > _MAX_PIXELS:
            raise ImageTooLarge(f"A video may have at most {_MAX_PIXELS} pixels per frame")
        rotation = next(self._container.decode(self._stream)).rotation  # stored with the frames, not in the header
        self.header = ImageHeader(
            format=Format.VIDEO,
            size=Size(context.width, context.height),
            alpha=False,
            colour_space="rgb",
            orientation=_ORIENTATIONS.get(round(rotation), 1),
        )

    def configured(self, input_options: Input) -> "VideoDecoder":
        if input_options.time_s is None:
            return self
        if input_options.time_s > self._duration_s:
            raise InvalidParameter(f"The video has {self._duration_s:.1f} seconds", param="time")
        return VideoDecoder(self._source, input_options.time_s)

    def decode(self, request: DecodeRequest) -> Frame:
        frame = self._representative_frame() if self._time_s is None else self._frame_at(self._time_s)
        size = self.header.size
        if (frame.width, frame.height) != (size.width, size.height):  # it may change from frame to frame
            frame = frame.reformat(width=size.width, height=size.height)
        return pillow.decode_frame(frame.to_image(), b"", request.area)

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
        yield from self._container.decode(self._stream)


def _brightness_entropy(frame: Any) -> float:
    """The entropy of the brightness histogram in bits: 0 for a black or uniform frame."""
    return float(frame.reformat(width=_SAMPLE_SIDE, height=_SAMPLE_SIDE, format="gray").to_image().entropy())
