"""Searches for a quality with few encodings. Knows numbers only: what a quality costs or loses is asked of the caller."""

import math
from collections.abc import Callable
from typing import Final

QUALITIES: Final = tuple(range(25, 96, 5))
MAX_TRIES: Final = 4
MAX_FITTINGS: Final = 7
"""With the first one, which was too large."""

_LOSS_OF_A_STEP: Final = 0.2
_CLOSE: Final = 0.95


def lowest_quality(loss: Callable[[int], float], wanted: float, start: int) -> int:
    """The lowest of QUALITIES that loses no more than is wanted, else the best of those tried; the one returned has been tried."""
    failed, passed = -1, len(QUALITIES)
    at = next(number for number, quality in enumerate(QUALITIES) if quality >= start)
    for _ in range(MAX_TRIES):
        lost = loss(QUALITIES[at])
        failed, passed = (failed, at) if lost <= wanted else (at, passed)
        if passed - failed == 1:
            break
        at = max(failed + 1, min(passed - 1, at + math.ceil((lost - wanted) / _LOSS_OF_A_STEP)))
    return QUALITIES[passed if passed < len(QUALITIES) else failed]


def highest_within(size: Callable[[int], int], bound: int, top: int, top_size: int) -> int:
    """A quality below ``top`` whose file has at most ``bound`` bytes, and which is the highest or nearly fills them; 1 where none does.
    The one returned has been tried.
    """
    low, high, filled = 1, top, size(1)
    at = _guess(top, bound / filled, top_size / filled)
    for _ in range(MAX_FITTINGS - 2):
        if high - low <= 1 or not filled < _CLOSE * bound:
            break
        found = size(at)
        low, high, filled = (at, high, found) if found <= bound else (low, at, filled)
        at = (low + high) // 2
    return low


def _guess(top: int, wanted: float, most: float) -> int:
    """As if the size grew exponentially with quality, which it does about; both in sizes at quality 1."""
    share = math.log(wanted) / math.log(most) if 1 < wanted < most else 0.0
    return max(2, min(top - 1, round(1 + share * (top - 1))))
