"""Animated PNG read (PNG specification, third edition, §11.3.6): each frame decoded as a PNG of its own and laid on the canvas.

Neither libvips nor Pillow can do it: the one knows no frames, the other (13.0) forgets what APNG_DISPOSE_OP_PREVIOUS must bring back
under a frame with alpha. Knows chunks and the canvas. Reads what strangers wrote: short and linear.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from PIL import Image

from pixmill.engine.codecs.png_chunks import SIGNATURE, chunk, chunks
from pixmill.engine.codecs.reel import Timing, timing_of

_HUNDREDTHS = 100  # what a denominator of 0 means
_CLEAR, _RESTORE = 1, 2
_OVER = 1
_SHARED = (b"PLTE", b"tRNS")


@dataclass(frozen=True, slots=True)
class Part:
    """What one fcTL chunk says, and the compressed pixels that follow it."""

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
class Animation:
    """What a PNG holds besides its still: how a frame's own PNG begins, and the frames."""

    header: memoryview
    shared: bytes
    parts: list[Part]
    plays: int

    @property
    def timing(self) -> Timing:
        return timing_of([part.delay_ms for part in self.parts], self.plays)

    def frames(self, decoded: Callable[[bytes], Image.Image]) -> Iterator[Image.Image]:
        """The canvas with each frame, RGBA; valid until the next is asked for. ``decoded`` gives the pixels of a PNG."""
        size = struct.unpack(">2I", self.header[:8])
        canvas = Image.new("RGBA", size)
        for part in self.parts:
            if part.left + part.width > size[0] or part.top + part.height > size[1]:
                raise ValueError("A frame lies outside the canvas")
            below = canvas.crop(part.box) if part.disposal == _RESTORE else None
            pixels = decoded(self._png(part)).convert("RGBA")
            if part.blend == _OVER:
                canvas.alpha_composite(pixels, part.box[:2])
            else:
                canvas.paste(pixels, part.box)
            yield canvas
            if part.disposal in (_CLEAR, _RESTORE):
                canvas.paste(below or (0, 0, 0, 0), part.box)

    def _png(self, part: Part) -> bytes:
        header = struct.pack(">2I", part.width, part.height) + self.header[8:]
        pixels = b"".join(chunk(b"IDAT", data) for data in part.data)
        return SIGNATURE + chunk(b"IHDR", header) + self.shared + pixels + chunk(b"IEND", b"")


def animation(source: memoryview) -> Animation | None:
    """The animation in a PNG, or None for a still one."""
    header, shared, parts, said = source[:0], b"", list[Part](), (0, 0)
    for kind, data in chunks(source):
        if kind == b"IHDR":
            header = data
        elif kind in _SHARED:
            shared += chunk(kind, data)
        elif kind == b"acTL":
            said = struct.unpack(">2I", data)
        elif kind == b"fcTL":
            parts.append(_part(data))
        elif kind == b"IDAT":
            if not said[0]:
                return None
            if parts:
                parts[0].data.append(data)
        elif kind == b"fdAT" and parts:
            parts[-1].data.append(data[4:])
    frames, plays = said
    return Animation(header, shared, parts[:frames], plays) if frames and parts else None


def _part(data: memoryview) -> Part:
    _, width, height, left, top, numerator, denominator, disposal, blend = struct.unpack(">5I2H2B", data)
    return Part(width, height, left, top, round(1000 * numerator / (denominator or _HUNDREDTHS)), disposal, blend)
