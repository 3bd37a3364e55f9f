"""A still of a film by FFmpeg from the wheel of PyAV, on one thread; the extra ``video``.

Only the demuxers of containers are used, never those of play lists, and no protocol at all: nothing but the bytes at hand is read.
Knows streams, time and key frames.
"""

from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from typing import Any, Final

import av

from pixmill.engine.codecs import pillow
from pixmill.engine.codecs.picture import Header, Need
from pixmill.engine.pixels.frame import Frame
from pixmill.errors import ImageTooLarge, InvalidParameter, UndecodableImage
from pixmill.media import Format
from pixmill.plan.geometry import Size
from pixmill.plan.input import Input

av.logging.set_level(None)

_DEMUXERS: Final = ((4, b"ftyp", "mov"), (0, b"\x1aE\xdf\xa3", "matroska"), (8, b"AVI ", "avi"))
_OPTIONS: Final = {"protocol_whitelist": "", "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi"}
_LOOKS: Final = 6
"""Of so many frames, spread over the film, the one that shows most is taken."""
_MAX_DECODED: Final = 600
"""Frames between a key frame and the moment that is asked for: 10 seconds at 60 a second."""
_LOOK_SIDE: Final = 128
_MAX_PIXELS: Final = 7680 * 4320
"""8K. A frame is decoded on opening, before the limits are looked at."""
_TURNS: Final = {0: 1, 90: 8, 180: 3, -180: 3, -90: 6, 270: 6, -270: 8}
"""Degrees anticlockwise, as FFmpeg counts them, as orientations of EXIF."""


class VideoPicture:
    """A frame of the first stream of pictures."""

    def __init__(self, source: memoryview, second: float | None = None) -> None:
        self._source = source
        self._second = second
        demuxer = next(name for at, magic, name in _DEMUXERS if bytes(source[at : at + len(magic)]) == magic)
        self._container: Any = av.open(BytesIO(source), format=demuxer, options=_OPTIONS)
        if not self._container.streams.video:
            raise UndecodableImage(detail="a film without pictures")
        self._stream = self._container.streams.video[0]
        context = self._stream.codec_context
        context.thread_count = 1
        if context.width * context.height > _MAX_PIXELS:
            raise ImageTooLarge(f"A film may have at most {_MAX_PIXELS} pixels")
        turn = next(self._container.decode(self._stream)).rotation  # kept beside the frames, not in the header
        self.header = Header(
            format=Format.VIDEO,
            size=Size(context.width, context.height),
            alpha=False,
            colour_space="rgb",
            orientation=_TURNS.get(round(turn), 1),
        )

    def asked(self, looked: Input) -> "VideoPicture":
        if looked.second is None:
            return self
        if looked.second > self._length_s:
            raise InvalidParameter(f"The film has {self._length_s:.1f} seconds", param="second")
        return VideoPicture(self._source, looked.second)

    def decode(self, need: Need) -> Frame:
        shown = self._telling() if self._second is None else self._at(self._second)
        return pillow.frame(shown.to_image(), b"", need.area)

    @property
    def _length_s(self) -> float:
        """0 where the film does not say."""
        return float((self._container.duration or 0) / av.time_base)

    def _at(self, second: float) -> Any:
        """The frame that is shown at this moment: the last that begins no later."""
        shown = None
        for frame in islice(self._from(second), _MAX_DECODED):
            if shown is not None and frame.time is not None and frame.time > second:
                break
            shown = frame
        if shown is None:
            raise UndecodableImage(detail="a film without frames")
        return shown

    def _telling(self) -> Any:
        """Of the key frames before some moments, spread over the film, the one whose brightness is the most mixed."""
        moments = [self._length_s * (number + 0.5) / _LOOKS for number in range(_LOOKS)] if self._length_s else [0.0]
        frames = [frame for moment in moments for frame in islice(self._from(moment), 1)]
        if not frames:
            raise UndecodableImage(detail="a film without frames")
        return max(frames, key=_mixed)

    def _from(self, second: float) -> Iterator[Any]:
        """The frames from the last key frame on that is no later."""
        self._container.seek(int(second * av.time_base), backward=True)
        yield from self._container.decode(self._stream)


def _mixed(frame: Any) -> float:
    """The entropy of what is bright and dark in it, in bits: a black or empty frame has none."""
    return float(frame.reformat(width=_LOOK_SIDE, height=_LOOK_SIDE, format="gray").to_image().entropy())
