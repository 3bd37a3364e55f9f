"""Decodes animated PNGs (PNG specification, third edition, §11.3.6).

Each frame is decoded as a PNG and composited on the canvas. libvips does not read APNG, and Pillow 13.0 loses what
APNG_DISPOSE_OP_PREVIOUS must restore under a frame with alpha. Parses untrusted data: short and linear.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from PIL import Image

from pixmill.engine.codecs.frame_sequence import AnimationTiming, normalized_timing
from pixmill.engine.codecs.png_chunks import SIGNATURE, encode_chunk, iter_chunks

_DEFAULT_DENOMINATOR = 100  # the meaning of a denominator of 0
_DISPOSE_BACKGROUND, _DISPOSE_PREVIOUS = 1, 2
_BLEND_OVER = 1
_SHARED_CHUNKS = (b"PLTE", b"tRNS")


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
    """Parse the animation of a PNG; None if it has none."""
    header, shared_chunks, encoded_frames, control = source[:0], b"", list[ApngFrame](), (0, 0)
    for kind, data in iter_chunks(source):
        if kind == b"IHDR":
            header = data
        elif kind in _SHARED_CHUNKS:
            shared_chunks += encode_chunk(kind, data)
        elif kind == b"acTL":
            control = struct.unpack(">2I", data)
        elif kind == b"fcTL":
            encoded_frames.append(_parse_frame_control(data))
        elif kind == b"IDAT":
            if not control[0]:
                return None
            if encoded_frames:
                encoded_frames[0].data.append(data)
        elif kind == b"fdAT" and encoded_frames:
            encoded_frames[-1].data.append(data[4:])
    frame_count, loop_count = control
    return (
        ApngAnimation(header, shared_chunks, encoded_frames[:frame_count], loop_count)
        if frame_count and encoded_frames
        else None
    )


def _parse_frame_control(data: memoryview) -> ApngFrame:
    _, width, height, left, top, numerator, denominator, disposal, blend = struct.unpack(">5I2H2B", data)
    return ApngFrame(
        width, height, left, top, round(1000 * numerator / (denominator or _DEFAULT_DENOMINATOR)), disposal, blend
    )
