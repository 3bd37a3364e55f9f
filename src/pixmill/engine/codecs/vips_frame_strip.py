"""Presents a frame sequence as one tall libvips image, frame below frame, with few rows in memory.

libvips' savers read animations in this form, from top to bottom. The only stream that libvips can read row by row
is a file, so the frames pass through an uncompressed PNG (PNG specification §10: stored blocks), at about 2 ms per
megapixel.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import pyvips

from pixmill.engine.codecs.frame_sequence import FrameSequence
from pixmill.engine.codecs.png_chunks import SIGNATURE, encode_chunk
from pixmill.engine.raster.convert import VipsImage, to_vips
from pixmill.engine.raster.frame import Frame

_PIECE_BYTES = 2**18
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}


@contextmanager
def frame_strip(sequence: FrameSequence) -> Iterator[VipsImage]:
    """Yield the image, to be saved inside the block.

    An exception of the frame iterator is raised again on exit.
    """
    stream = _PieceReader(_stored_png(sequence))
    source = pyvips.SourceCustom()
    source.on_read(stream.read)
    try:
        image = pyvips.Image.pngload_source(source, access="sequential", fail_on="truncated", unlimited=True).copy()
        image.set_type(pyvips.GValue.gint_type, "page-height", sequence.size.height)
        image.set_type(pyvips.GValue.array_int_type, "delay", list(sequence.timing.delays_ms))
        image.set_type(pyvips.GValue.gint_type, "loop", sequence.timing.loop_count)
        yield image
    except pyvips.Error:
        if stream.error is None:
            raise
    if stream.error is not None:  # libvips does not always fail
        raise stream.error


class _PieceReader:
    """A reader over pieces of bytes. libvips calls it from its own threads, which no exception may leave."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._buffer = memoryview(b"")
        self.error: Exception | None = None

    def read(self, size: int) -> bytes:
        try:
            if not self._buffer:
                self._buffer = memoryview(next(self._pieces, b""))
        except Exception as error:  # noqa: BLE001 - raised again by ``frame_strip``, once libvips has stopped
            self.error = error
            return b""
        piece, self._buffer = self._buffer[:size], self._buffer[size:]
        return bytes(piece)


def _stored_png(sequence: FrameSequence) -> Iterator[bytes]:
    size, bands = sequence.size, sequence.layout.channels
    height = size.height * len(sequence.timing.delays_ms)
    yield SIGNATURE + encode_chunk(b"IHDR", struct.pack(">2I5B", size.width, height, 8, _COLOUR_TYPES[bands], 0, 0, 0))
    deflater = zlib.compressobj(0)
    for frame in sequence.frames:
        rows = _unfiltered_rows(frame)
        for at in range(0, len(rows), _PIECE_BYTES):
            yield encode_chunk(b"IDAT", deflater.compress(rows[at : at + _PIECE_BYTES]))
    yield encode_chunk(b"IDAT", deflater.flush()) + encode_chunk(b"IEND", b"")


def _unfiltered_rows(frame: Frame) -> memoryview:
    """The samples of each row after a filter byte of 0 (none)."""
    image = to_vips(frame).copy(interpretation="b-w").bandunfold()
    return memoryview(image.embed(1, 0, image.width + 1, image.height).write_to_memory())
