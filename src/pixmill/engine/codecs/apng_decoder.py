"""Decodes animated PNGs (PNG specification, third edition, §11.3.6).

Each frame is decoded as a PNG and composited on the canvas. libvips does not read APNG, and Pillow 13.0 loses what
APNG_DISPOSE_OP_PREVIOUS must restore under a frame with alpha. Parses untrusted data: short and linear.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from PIL import Image

from pixmill.engine.codecs.frame_sequence import AnimationTiming, normalized_timing
from pixmill.engine.codecs.png_chunks import SIGNATURE, encode_chunk, iter_chunks, last_chunk

_DEFAULT_DENOMINATOR = 100  # the meaning of a denominator of 0
_DISPOSE_BACKGROUND, _DISPOSE_PREVIOUS = 1, 2
_BLEND_OVER = 1
_SHARED_CHUNKS = (b"PLTE", b"tRNS")
_SEQUENCED_CHUNKS = (b"fcTL", b"fdAT")
_ANIMATION_CONTROL = struct.Struct(">2I")
_FRAME_CONTROL = struct.Struct(">5I2H2B")
_MAX_NUMBER = 2**31
"""Numbers of a PNG are smaller (PNG specification §7.1)."""


@dataclass(frozen=True, slots=True)
class ApngFrame:
    """One fcTL chunk and the compressed pixels that follow it."""

    width: int
    height: int
    left: int
    top: int
    delay_ms: int
    disposal: int
    blend: int
    data: list[memoryview] = field(default_factory=list)

    @property
    def box(self) -> tuple[int, int, int, int]:
        return self.left, self.top, self.left + self.width, self.top + self.height


@dataclass(frozen=True, slots=True)
class ApngAnimation:
    """The animation in a PNG: the chunks that each frame needs to become a PNG, and the frames."""

    header: memoryview
    shared_chunks: bytes
    encoded_frames: list[ApngFrame]
    loop_count: int
    has_apart_default_image: bool
    """The default image is no frame of the animation."""

    truncated: bool
    """The file is cut off; only whole frames are here, if there is one."""

    @property
    def frame_count(self) -> int:
        return len(self.encoded_frames)

    @property
    def timing(self) -> AnimationTiming:
        return normalized_timing([frame.delay_ms for frame in self.encoded_frames], self.loop_count)

    def frames(self, decode: Callable[[bytes], Image.Image]) -> Iterator[Image.Image]:
        """Yield the RGBA canvas after each frame; it is reused for the next. ``decode`` decodes a PNG."""
        size = struct.unpack(">2I", self.header[:8])
        canvas = Image.new("RGBA", size)
        for encoded in self.encoded_frames:
            backup = canvas.crop(encoded.box) if encoded.disposal == _DISPOSE_PREVIOUS else None
            pixels = decode(self._frame_png(encoded)).convert("RGBA")
            if encoded.blend == _BLEND_OVER:
                canvas.alpha_composite(pixels, encoded.box[:2])
            else:
                canvas.paste(pixels, encoded.box)
            yield canvas
            if encoded.disposal in (_DISPOSE_BACKGROUND, _DISPOSE_PREVIOUS):
                canvas.paste(backup or (0, 0, 0, 0), encoded.box)

    def _frame_png(self, encoded: ApngFrame) -> bytes:
        header = struct.pack(">2I", encoded.width, encoded.height) + self.header[8:]
        pixels = b"".join(encode_chunk(b"IDAT", data) for data in encoded.data)
        return SIGNATURE + encode_chunk(b"IHDR", header) + self.shared_chunks + pixels + encode_chunk(b"IEND", b"")


@dataclass(slots=True)
class _ApngHead:
    """What precedes the pixels. Of chunks that may be there once, the first counts."""

    header: memoryview = field(default_factory=lambda: memoryview(b""))
    shared_chunks: dict[bytes, memoryview] = field(default_factory=dict)
    control: tuple[int, int] | None = None
    frames: list[ApngFrame] = field(default_factory=list)

    @property
    def canvas(self) -> tuple[int, int]:
        return int.from_bytes(self.header[:4]), int.from_bytes(self.header[4:8])


def read_animation(source: memoryview) -> ApngAnimation | None:
    """Parse the animation of a PNG; None if it has none.

    Frames end at a chunk that is out of order or not valid, and frames without data are none, as in browsers.
    """
    chunks = _chunks_in_order(source)
    head, pixels = _read_head(chunks)
    if head.control is None or pixels is None:
        return None
    is_apart = not head.frames
    _read_frames(chain([(b"IDAT", pixels)], chunks), head, is_apart=is_apart)
    stated_frames, plays = head.control
    frames = [frame for frame in head.frames[:stated_frames] if frame.data]
    truncated = _drop_incomplete(frames, stated_frames, *last_chunk(source))
    shared = b"".join(encode_chunk(kind, data) for kind, data in head.shared_chunks.items())
    return ApngAnimation(head.header, shared, frames, plays, is_apart, truncated) if frames else None


def _read_head(chunks: Iterator[tuple[bytes, memoryview]]) -> tuple[_ApngHead, memoryview | None]:
    """Read up to the first pixels, which are returned too; None for these if a frame before them is not valid."""
    head = _ApngHead()
    for kind, data in chunks:
        if kind == b"IDAT":
            return head, data
        if kind == b"IHDR":
            head.header = head.header or data
        elif kind in _SHARED_CHUNKS:
            head.shared_chunks.setdefault(kind, data)
        elif kind == b"acTL":
            head.control = head.control or _parse_animation_control(data)
        elif kind == b"fcTL":
            frame = _parse_frame_control(data, head.canvas)
            if frame is None:
                break
            head.frames.append(frame)
    return head, None


def _read_frames(chunks: Iterator[tuple[bytes, memoryview]], head: _ApngHead, *, is_apart: bool) -> None:
    """Collect the data of all frames; ``is_apart``: the default image is none of them."""
    for kind, data in chunks:
        if kind == b"IDAT" and not is_apart:
            head.frames[0].data.append(data)
        elif kind == b"fcTL":
            frame = _parse_frame_control(data, head.canvas)
            if frame is None:
                return
            head.frames.append(frame)
        elif kind == b"fdAT" and head.frames:
            head.frames[-1].data.append(data[4:])


def _drop_incomplete(frames: list[ApngFrame], stated_frames: int, last_kind: bytes, is_whole: bool) -> bool:
    """Return whether the file is cut off; removes a frame that is, unless it is the first."""
    if not is_whole and last_kind == b"fdAT" and len(frames) > 1:
        frames.pop()
    return last_kind != b"IEND" and not (is_whole and len(frames) == stated_frames)


def _chunks_in_order(source: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield the chunks up to the first whose sequence number is wrong."""
    sequence = 0
    for kind, data in iter_chunks(source):
        if kind in _SEQUENCED_CHUNKS:
            if int.from_bytes(data[:4]) != sequence:
                return
            sequence += 1
        yield kind, data


def _parse_animation_control(data: memoryview) -> tuple[int, int] | None:
    """The number of frames and of plays; None if they are not valid."""
    if len(data) != _ANIMATION_CONTROL.size:
        return None
    frames, plays = _ANIMATION_CONTROL.unpack(data)
    return (frames, plays) if 0 < frames < _MAX_NUMBER and plays < _MAX_NUMBER else None


def _parse_frame_control(data: memoryview, canvas: tuple[int, int]) -> ApngFrame | None:
    """Parse a frame; None if it is not valid."""
    if len(data) != _FRAME_CONTROL.size:
        return None
    _, width, height, left, top, numerator, denominator, disposal, blend = _FRAME_CONTROL.unpack(data)
    is_within = 0 < width <= canvas[0] - left and 0 < height <= canvas[1] - top
    if not is_within or disposal > _DISPOSE_PREVIOUS or blend > _BLEND_OVER:
        return None
    delay_ms = round(1000 * numerator / (denominator or _DEFAULT_DENOMINATOR))
    return ApngFrame(width, height, left, top, delay_ms, disposal, blend)
