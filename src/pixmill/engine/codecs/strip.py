"""A reel as one tall libvips picture, frame below frame, of which only a few rows are ever in memory.

libvips' writers take an animation that way, from top to bottom. What it can read from a stream that never lies in memory
is a file: so the frames pass through an uncompressed PNG (PNG specification §10: stored blocks), at some 2 ms a megapixel.

Knows libvips and the outside of PNG. Must never know what becomes of the picture.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import pyvips

from pixmill.engine.codecs.png_chunks import SIGNATURE, chunk
from pixmill.engine.codecs.reel import Reel
from pixmill.engine.pixels.bridge import VipsImage, to_vips
from pixmill.engine.pixels.frame import Frame

_PORTION_BYTES = 2**18
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}


@contextmanager
def strip(reel: Reel) -> Iterator[VipsImage]:
    """The picture, to be written before the block is left; a frame that cannot be made fails there as it failed itself."""
    stream = _Stream(_png(reel))
    source = pyvips.SourceCustom()
    source.on_read(stream.read)
    try:
        image = pyvips.Image.pngload_source(source, access="sequential", fail_on="truncated", unlimited=True).copy()
        image.set_type(pyvips.GValue.gint_type, "page-height", reel.size.height)
        image.set_type(pyvips.GValue.array_int_type, "delay", list(reel.timing.delays_ms))
        image.set_type(pyvips.GValue.gint_type, "loop", reel.timing.plays)
        yield image
    except pyvips.Error:
        if stream.failure is None:
            raise
    if stream.failure is not None:  # libvips does not always notice
        raise stream.failure


class _Stream:
    """Pieces handed out in the portions that libvips asks for. It calls from its own threads, where no exception may leave."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")
        self.failure: Exception | None = None

    def read(self, size: int) -> bytes:
        try:
            if not self._rest:
                self._rest = memoryview(next(self._pieces, b""))
        except Exception as error:  # noqa: BLE001 - raised again by ``strip``, once libvips has given up
            self.failure = error
            return b""
        portion, self._rest = self._rest[:size], self._rest[size:]
        return bytes(portion)


def _png(reel: Reel) -> Iterator[bytes]:
    size, bands = reel.size, reel.layout.written
    height = size.height * len(reel.timing.delays_ms)
    yield SIGNATURE + chunk(b"IHDR", struct.pack(">2I5B", size.width, height, 8, _COLOUR_TYPES[bands], 0, 0, 0))
    stored = zlib.compressobj(0)
    for frame in reel.frames:
        rows = _rows(frame)
        for at in range(0, len(rows), _PORTION_BYTES):
            yield chunk(b"IDAT", stored.compress(rows[at : at + _PORTION_BYTES]))
    yield chunk(b"IDAT", stored.flush()) + chunk(b"IEND", b"")


def _rows(frame: Frame) -> memoryview:
    """The samples of each row behind a byte 0: no filter."""
    image = to_vips(frame).copy(interpretation="b-w").bandunfold()
    return memoryview(image.embed(1, 0, image.width + 1, image.height).write_to_memory())
