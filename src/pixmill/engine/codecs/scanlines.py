"""Rows of pixels as PNG stores them: the interface of the compiled ``_scanlines``.

CPU ms for a photograph of 512 × 346 pixels: one filter 0.1, the least sum 0.4, the least entropy 1.6, the fewest pairs
10. Must never know chunks, compression or files.
"""

from dataclasses import dataclass
from enum import IntEnum

from pixmill.engine.raster.frame import PixelBuffer

available: bool
"""Whether the compiled part was built."""

try:
    from pixmill.engine.codecs import _scanlines
except ImportError:  # built without a C compiler
    available = False
else:
    available = True


class Filtering(IntEnum):
    """How the filter of each row is chosen (PNG specification §9): the same for all, or the one that is best by a
    measure of how well the row will compress.
    """

    NONE = 0
    SUB = 1
    UP = 2
    AVERAGE = 3
    PAETH = 4
    LEAST_SUM = 5
    LEAST_ENTROPY = 6
    FEWEST_PAIRS = 7


@dataclass(frozen=True, slots=True)
class Samples:
    """Pixels of ``stored`` bytes, of which ``kept`` go into the file, in ``bits`` bits each.

    1 is the first byte, 2 the first and the last, 3 the first three, 4 all. Below 8 bits each byte is a number of so
    many bits.
    """

    pixels: PixelBuffer
    width: int
    height: int
    stored: int
    kept: int
    bits: int = 8

    @property
    def row_bytes(self) -> int:
        """The bytes of a row in the file, without its filter."""
        return (self.width * self.kept * self.bits + 7) // 8

    def rows(self, start: int, end: int) -> PixelBuffer:
        """Return the stored pixels of these rows."""
        stride = self.width * self.stored
        return memoryview(self.pixels)[start * stride : end * stride]


@dataclass(frozen=True, slots=True)
class Survey:
    """What pixels hold: whether all are opaque, whether all are grey, and the share of those, in a sample, that equal
    the one to their left or above: 0 to 0.3 of photographs.
    """

    opaque: bool
    grey: bool
    repeat_share: float


def filter_rows(samples: Samples, filtering: Filtering, *, fast: bool = True) -> bytearray:
    """Return the rows, each with the number of its filter in front.

    ``fast``: by the fastest instructions of this machine. Raises ValueError for inconsistent arguments, MemoryError.
    """
    s = samples
    return _scanlines.filter(s.pixels, s.width, s.height, s.stored, s.kept, s.bits, filtering, fast)


def unfilter_rows(rows: bytearray, width: int, height: int, channels: int) -> bytearray:
    """Return the pixels of filtered rows of 8 bits a channel.

    Raises ValueError for an unknown filter and for too few bytes, MemoryError.
    """
    return _scanlines.unfilter(rows, width, height, channels, True)


def index_colours(samples: Samples, max_colours: int) -> tuple[bytearray, bytes] | None:
    """Return the index of each pixel and the colours (RGBA) in order of appearance; None for too many colours."""
    return _scanlines.index(samples.pixels, samples.width, samples.height, samples.stored, samples.kept, max_colours)


def survey(samples: Samples) -> Survey:
    """Look into the pixels: 0.1 ms for 512 × 346."""
    opaque, grey, repeat_share = _scanlines.survey(
        samples.pixels, samples.width, samples.height, samples.stored, samples.kept
    )
    return Survey(bool(opaque), bool(grey), repeat_share)
