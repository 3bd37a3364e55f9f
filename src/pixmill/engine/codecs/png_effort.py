"""What each effort of the PNG encoder means: the table of filters to try, and of levels of deflate.

Filters are tried on a sample of rows, or on all rows of a small image; the best are compressed in full. Nanoseconds a
byte of filtered rows, of photographs and of drawings: level 1 8 and 5, 6 17 and 6, 8 46 and 20, 9 66 and 31, 10 128 and
107, 12 304 and 366. Knows numbers only.
"""

from dataclasses import dataclass
from typing import Final

from pixmill.engine.codecs.scanlines import Filtering

NONE, SUB, UP, PAETH = Filtering.NONE, Filtering.SUB, Filtering.UP, Filtering.PAETH
SUM, ENTROPY, PAIRS = Filtering.LEAST_SUM, Filtering.LEAST_ENTROPY, Filtering.FEWEST_PAIRS
_ALL: Final = (NONE, SUB, UP, PAETH, SUM, ENTROPY, PAIRS)


@dataclass(frozen=True, slots=True)
class PngEffort:
    """``level``: of libdeflate, 1 to 12, and ``photo_level`` if it is another one for photographs.

    ``zlib_level`` and ``all_filters``: for what libvips encodes. ``photo``, ``drawing`` and ``indexed`` (few
    colours): filters to try; ``finalists``: how many are compressed in full.
    """

    level: int
    zlib_level: int
    photo: tuple[Filtering, ...] = (ENTROPY,)
    drawing: tuple[Filtering, ...] = (NONE, SUB, ENTROPY)
    indexed: tuple[Filtering, ...] = (NONE, SUB, SUM)
    finalists: int = 1
    photo_level: int = 0

    @property
    def trial_level(self) -> int:
        """The level of trials, which order gradients otherwise than the highest levels if it is the lowest."""
        return 6 if self.finalists > 1 else 1

    @property
    def all_filters(self) -> bool:
        return self.zlib_level >= 6  # noqa: PLR2004 - below that only sub and up pay


PNG_EFFORTS: Final = (
    PngEffort(1, 1, (SUM,), (NONE, SUM), (NONE, SUM)),
    PngEffort(1, 1, (ENTROPY,), (NONE, ENTROPY)),
    PngEffort(2, 2),
    PngEffort(4, 2),
    PngEffort(5, 3),
    PngEffort(6, 3, photo_level=5),
    PngEffort(7, 4),
    PngEffort(8, 6, drawing=(NONE, SUB, PAETH, ENTROPY, PAIRS), indexed=(NONE, SUB, UP, SUM, ENTROPY), finalists=2),
    PngEffort(10, 6, drawing=_ALL, indexed=_ALL, finalists=2),
    PngEffort(12, 9, (ENTROPY, SUM), _ALL, _ALL, finalists=2),
)

_MAX_BYTES: Final = ((16 << 20, 6), (3 << 20, 8), (1 << 20, 10))
"""Bytes of filtered rows beyond which no higher level is used: each takes at most half a second then, but 8 0.8."""


def bounded_level(level: int, size_bytes: int) -> int:
    """Return the level for a number of bytes of filtered rows."""
    return min(level, next((highest for above, highest in _MAX_BYTES if size_bytes > above), level))
