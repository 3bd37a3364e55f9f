"""Assembles animated PNGs from frames that are each encoded as a PNG.

Of each frame only the region that differs from the previous one is encoded. Must never know which library
compresses it.
"""

import struct
from collections.abc import Callable

from PIL import ImageChops

from pixmill.engine.codecs.frame_sequence import FrameSequence
from pixmill.engine.codecs.png_chunks import SIGNATURE, encode_chunk, iter_chunks
from pixmill.engine.raster.convert import from_pillow, to_pillow
from pixmill.engine.raster.frame import Frame

_DENOMINATORS = (1000, 100, 10, 1)
_MAX_UINT16 = 0xFFFF
_DISPOSE_NONE_BLEND_SOURCE = b"\0\0"
"""APNG_DISPOSE_OP_NONE, APNG_BLEND_OP_SOURCE: outside its region a frame keeps the previous pixels."""


def assemble_apng(sequence: FrameSequence, encode_still: Callable[[Frame], bytes]) -> bytes:
    """Assemble the file.

    ``encode_still`` encodes one frame as a PNG; the metadata of the first applies to the file.
    """
    delays = sequence.timing.delays_ms
    pieces: list[bytes] = []
    previous: Frame | None = None
    for at, frame in enumerate(sequence.frames):
        left, top, part = _changed_region(previous, frame)
        other_chunks, pixels = _split_chunks(encode_still(part))
        if previous is None:
            head, *rest = other_chunks
            pieces += [
                SIGNATURE,
                head,
                encode_chunk(b"acTL", struct.pack(">2I", len(delays), sequence.timing.loop_count)),
                *rest,
            ]
        position = struct.pack(">5I", max(0, 2 * at - 1), part.width, part.height, left, top)
        pieces.append(encode_chunk(b"fcTL", position + _delay_fraction(delays[at]) + _DISPOSE_NONE_BLEND_SOURCE))
        pieces.append(
            encode_chunk(b"fdAT", struct.pack(">I", 2 * at) + pixels) if at else encode_chunk(b"IDAT", pixels)
        )
        previous = frame
    return b"".join([*pieces, encode_chunk(b"IEND", b"")])


def _changed_region(previous: Frame | None, frame: Frame) -> tuple[int, int, Frame]:
    """The bounding box of the changed pixels (left, top, content); one pixel if nothing changed."""
    if previous is None:
        return 0, 0, frame
    image = to_pillow(frame)
    bounds = ImageChops.difference(to_pillow(previous), image).getbbox(alpha_only=False) or (0, 0, 1, 1)
    return *bounds[:2], from_pillow(image.crop(bounds), frame)


def _split_chunks(still: bytes) -> tuple[list[bytes], bytes]:
    """The chunks other than IDAT and IEND, and the compressed pixels."""
    chunks = list(iter_chunks(memoryview(still)))
    other_chunks = [encode_chunk(kind, data) for kind, data in chunks if kind not in (b"IDAT", b"IEND")]
    return other_chunks, b"".join(data for kind, data in chunks if kind == b"IDAT")


def _delay_fraction(delay_ms: int) -> bytes:
    """A delay as a fraction of two 16-bit numbers."""
    per_second = next((per for per in _DENOMINATORS if delay_ms * per // 1000 <= _MAX_UINT16), 1)
    return struct.pack(">2H", min(round(delay_ms * per_second / 1000), _MAX_UINT16), per_second)
