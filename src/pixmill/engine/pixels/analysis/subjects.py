"""Places a window so that it keeps the subject of an image: what attracts attention, whole and not at its edge.

Knows weights of cells. Must never know plans.
"""

from collections.abc import Sequence
from itertools import accumulate
from math import exp
from operator import mul
from typing import Final

from pixmill.engine.pixels.analysis.attention import Grid

_STEPS: Final = 4
"""Positions per cell."""
_SPREAD: Final = 0.6
"""Standard deviation of the preference for the middle, in sides."""
_RIM: Final = 0.3
_RIM_WEIGHT: Final = 0.2
"""At its edges the window counts a fifth of what it holds; from 30 % of half its length on, all."""
_TOP_WEIGHT: Final = 2.0
_TOP_FALL: Final = 4
"""The top of the subject counts three times as much as its foot: heads, spires and blossoms are there."""
_SMOOTHING: Final = (0.06, 0.24, 0.4, 0.24, 0.06)


def place_window(grid: Grid, width_share: float, height_share: float) -> tuple[float, float]:
    """Return the centre of the best window with these shares of the sides, as fractions of the sides."""
    left = _best_start(_prefer_middle(grid.columns()), width_share)
    columns = _cells(left, width_share, grid.width)
    top = _best_start(_prefer_top(_prefer_middle(grid.rows(columns))), height_share)
    return left + width_share / 2, top + height_share / 2


def _cells(start: float, share: float, count: int) -> range:
    first = min(count - 1, round(start * count))
    return range(first, max(first + 1, round((start + share) * count)))


def _prefer_middle(sums: Sequence[float]) -> list[float]:
    count = len(sums)
    offsets = ((index + 0.5) / count - 0.5 for index in range(count))
    return [value * exp(-((offset / _SPREAD) ** 2) / 2) for value, offset in zip(sums, offsets, strict=True)]


def _prefer_top(sums: Sequence[float]) -> list[float]:
    total = sum(sums) or 1.0
    return [
        value * (1 + _TOP_WEIGHT * (1 - above / total) ** _TOP_FALL)
        for value, above in zip(sums, accumulate(sums), strict=True)
    ]


def _best_start(sums: Sequence[float], share: float) -> float:
    """Return where the window of this share begins; in the middle if nothing stands out."""
    if share >= 1:
        return 0.0
    fine = [value for value in _smoothed(sums) for _ in range(_STEPS)]
    length = max(1, round(share * len(fine)))
    window = _window_weights(length)
    starts = range(len(fine) - length + 1)
    scores = [sum(map(mul, window, fine[start : start + length])) for start in starts]
    middle = (len(starts) - 1) / 2
    best = max(starts, key=lambda start: (round(scores[start], 9), -abs(start - middle)))
    return min(best / len(fine), 1 - share)


def _smoothed(sums: Sequence[float]) -> list[float]:
    padded = [sums[0], sums[0], *sums, sums[-1], sums[-1]]
    return [sum(map(mul, _SMOOTHING, padded[index : index + len(_SMOOTHING)])) for index in range(len(sums))]


def _window_weights(length: int) -> list[float]:
    half = max(0.5, (length - 1) / 2)
    distances = (abs(index - (length - 1) / 2) / half for index in range(length))
    return [_RIM_WEIGHT + (1 - _RIM_WEIGHT) * min(1.0, (1 - distance) / _RIM) for distance in distances]
