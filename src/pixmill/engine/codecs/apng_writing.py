"""Animated PNG written: the frames as PNGs of their own, put together.

Of each frame only the part that differs from the one before is kept. Knows chunks; must never know who compresses them.
"""

import struct
from collections.abc import Callable

from PIL import ImageChops

from pixmill.engine.codecs.png_chunks import SIGNATURE, chunk, chunks
from pixmill.engine.codecs.reel import Reel
from pixmill.engine.pixels.bridge import from_pillow, to_pillow
from pixmill.engine.pixels.frame import Frame

_DENOMINATORS = (1000, 100, 10, 1)
_SHORT = 0xFFFF
_STAYS_AND_REPLACES = b"\0\0"
"""APNG_DISPOSE_OP_NONE, APNG_BLEND_OP_SOURCE: what a frame does not cover is as in the one before."""


def assembled(reel: Reel, still: Callable[[Frame], bytes]) -> bytes:
    """The frames as one file; ``still`` writes a PNG of one, whose metadata the first gives to the whole."""
    delays = reel.timing.delays_ms
    pieces: list[bytes] = []
    before: Frame | None = None
    for at, frame in enumerate(reel.frames):
        left, top, part = _changed(before, frame)
        others, pixels = _parted(still(part))
        if before is None:
            head, *rest = others
            pieces += [SIGNATURE, head, chunk(b"acTL", struct.pack(">2I", len(delays), reel.timing.plays)), *rest]
        where = struct.pack(">5I", max(0, 2 * at - 1), part.width, part.height, left, top)
        pieces.append(chunk(b"fcTL", where + _seconds(delays[at]) + _STAYS_AND_REPLACES))
        pieces.append(chunk(b"fdAT", struct.pack(">I", 2 * at) + pixels) if at else chunk(b"IDAT", pixels))
        before = frame
    return b"".join([*pieces, chunk(b"IEND", b"")])


def _changed(before: Frame | None, frame: Frame) -> tuple[int, int, Frame]:
    """Where the bounds of what differs begin, and all within them; one pixel where nothing does."""
    if before is None:
        return 0, 0, frame
    image = to_pillow(frame)
    bounds = ImageChops.difference(to_pillow(before), image).getbbox(alpha_only=False) or (0, 0, 1, 1)
    return *bounds[:2], from_pillow(image.crop(bounds), frame)


def _parted(still: bytes) -> tuple[list[bytes], bytes]:
    """The chunks of a PNG that are no pixels, but for the last; and the compressed pixels."""
    found = list(chunks(memoryview(still)))
    others = [chunk(kind, data) for kind, data in found if kind not in (b"IDAT", b"IEND")]
    return others, b"".join(data for kind, data in found if kind == b"IDAT")


def _seconds(delay_ms: int) -> bytes:
    """A delay as a fraction of two short numbers."""
    per_second = next((per for per in _DENOMINATORS if delay_ms * per // 1000 <= _SHORT), 1)
    return struct.pack(">2H", min(round(delay_ms * per_second / 1000), _SHORT), per_second)
