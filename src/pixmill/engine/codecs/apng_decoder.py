"""Decodes animated PNGs (PNG specification, third edition, §11.3.6).

Each frame is decoded as a PNG and composited on the canvas. libvips does not read APNG, and Pillow 13.0 loses what
APNG_DISPOSE_OP_PREVIOUS must restore under a frame with alpha. Parses untrusted data: short and linear.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from PIL import Image

from pixmill.engine.codecs.frame_sequence import AnimationTiming, normalized_timing
from pixmill.engine.codecs.png_chunks import SIGNATURE, encode_chunk, iter_chunks, last_chunk

_DEFAULT_DENOMINATOR = 100  # the meaning of a denominator of 0
_DISPOSE_BACKGROUND, _DISPOSE_PREVIOUS = 1, 2
_BLEND_OVER = 1
_SHARED_CHUNKS = (b"PLTE", b"tRNS")
_SEQUENCED_CHUNKS = (b"fcTL", b"fdAT")
_CONTROL_BYTES = 26
_MAX_FRAME_COUNT = 2**31
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
            if encoded.left + encoded.width > size[0] or encoded.top + encoded.height > size[1]:
                raise ValueError("A frame is outside the canvas")
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


def read_animation(source: memoryview) -> ApngAnimation | None:
    """Parse the animation of a PNG; None if it has none.

    Frames end at a chunk that is out of order, and frames without data are none, as in browsers.
    """
    header, shared_chunks, encoded_frames, control = source[:0], b"", list[ApngFrame](), (0, 0)
    is_apart = False
    for kind, data in _chunks_in_order(source):
        if kind == b"IHDR":
            header = data
        elif kind in _SHARED_CHUNKS:
            shared_chunks += encode_chunk(kind, data)
        elif kind == b"acTL":
            control = struct.unpack(">2I", data)
        elif kind == b"fcTL":
            encoded_frames.append(_parse_frame_control(data))
        elif kind == b"IDAT":
            if not 0 < control[0] < _MAX_FRAME_COUNT:
                return None
            is_apart = not encoded_frames
            for frame in encoded_frames[:1]:
                frame.data.append(data)
        elif kind == b"fdAT" and encoded_frames:
            encoded_frames[-1].data.append(data[4:])
    frames = [frame for frame in encoded_frames[: control[0]] if frame.data]
    truncated = _drop_incomplete(frames, control[0], *last_chunk(source))
    return ApngAnimation(header, shared_chunks, frames, control[1], is_apart, truncated) if frames else None


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
            is_cut_off = kind == b"fcTL" and len(data) < _CONTROL_BYTES
            if int.from_bytes(data[:4]) != sequence or is_cut_off:
                return
            sequence += 1
        yield kind, data


def _parse_frame_control(data: memoryview) -> ApngFrame:
    _, width, height, left, top, numerator, denominator, disposal, blend = struct.unpack(">5I2H2B", data)
    return ApngFrame(
        width, height, left, top, round(1000 * numerator / (denominator or _DEFAULT_DENOMINATOR)), disposal, blend
    )
