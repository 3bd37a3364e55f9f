"""Places a window so that it keeps the subject of an image: faces with the head around them, then what attracts
attention, whole and not at the edge of the window.

Its constants were searched on 65 photos. Knows weights of cells and regions. Must never know plans.
"""

from collections.abc import Sequence
from itertools import accumulate
from math import exp, sqrt
from operator import mul
from typing import Final, NamedTuple

from pixmill.engine.pixels.analysis.attention import Grid
from pixmill.plan.gravity import FocalRegion

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
_HEAD_SIDE: Final = 0.2
_HEAD_ABOVE: Final = 0.45
_HEAD_BELOW: Final = 0.15
"""What a head adds to its face, in sides of that: ears, hair and room above it, chin."""
_FACES_WEIGHT: Final = 1.5
"""Of all faces; what attracts attention weighs 1."""
_WHOLE_FACES: Final = 4.0
"""Weight of faces that are whole in the window, beside the best position by what it covers, which weighs 1."""


class _Span(NamedTuple):
    """A head along one axis: its extent and the centre of its face, as fractions of the side; its weight."""

    start: float
    end: float
    centre: float
    weight: float

    def whole(self, start: float, length: float) -> float:
        """Return how much of the head the window holds; of one that is longer, of the middle of its face."""
        first, last = self.start, self.end
        if last - first > length:
            first = min(max(first, self.centre - length / 2), last - length)
            last = first + length
        return max(0.0, (min(last, start + length) - max(first, start)) / (last - first))


def place_window(
    grid: Grid, width_share: float, height_share: float, faces: Sequence[FocalRegion] = ()
) -> tuple[float, float]:
    """Return the centre of the best window with these shares of the sides, as fractions of the sides."""
    across, down = _head_spans(faces)
    left = _best_start(_prefer_middle(grid.columns()), width_share, across)
    if width_share < 1:
        down = [
            span for span, horizontal in zip(down, across, strict=True) if horizontal.whole(left, width_share) > 1 / 2
        ]
    rows = _prefer_top(_prefer_middle(grid.rows(_cells(left, width_share, grid.width))))
    top = _best_start(rows, height_share, down)
    return left + width_share / 2, top + height_share / 2


def _head_spans(faces: Sequence[FocalRegion]) -> tuple[list[_Span], list[_Span]]:
    """Return the extents of heads in both directions; a head weighs by its side, not its area."""
    sides = [sqrt(face.width * face.height) for face in faces]
    total = sum(sides) or 1.0
    across, down = [], []
    for face, side in zip(faces, sides, strict=True):
        left, right = face.x - _HEAD_SIDE * face.width, face.x + (1 + _HEAD_SIDE) * face.width
        top, bottom = face.y - _HEAD_ABOVE * face.height, face.y + (1 + _HEAD_BELOW) * face.height
        across.append(_Span(max(0.0, left), min(1.0, right), face.x + face.width / 2, side / total))
        down.append(_Span(max(0.0, top), min(1.0, bottom), face.y + face.height / 2, side / total))
    return across, down


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


def _best_start(sums: Sequence[float], share: float, heads: Sequence[_Span]) -> float:
    """Return where the window of this share begins; in the middle if nothing stands out."""
    if share >= 1:
        return 0.0
    fine = [value for value in _with_heads(_smoothed(sums), heads) for _ in range(_STEPS)]
    count = len(fine)
    length = max(1, round(share * count))
    window = _window_weights(length)
    starts = range(count - length + 1)
    covered = [sum(map(mul, window, fine[start : start + length])) for start in starts]
    best_covered = max(covered) or 1.0

    def score(start: int) -> tuple[float, float]:
        whole = sum(head.weight * head.whole(start / count, share) ** 4 for head in heads)
        return round(covered[start] / best_covered + _WHOLE_FACES * whole, 9), -abs(start - (len(starts) - 1) / 2)

    return min(max(starts, key=score) / count, 1 - share)


def _with_heads(sums: Sequence[float], heads: Sequence[_Span]) -> Sequence[float]:
    """Add the heads, each spread over its cells."""
    if not heads:
        return sums
    total, count = sum(sums) or 1.0, len(sums)
    added = [value / total for value in sums]
    for head in heads:
        cells = _cells(head.start, head.end - head.start, count)
        for cell in cells:
            added[min(cell, count - 1)] += _FACES_WEIGHT * head.weight / len(cells)
    return added


def _smoothed(sums: Sequence[float]) -> list[float]:
    padded = [sums[0], sums[0], *sums, sums[-1], sums[-1]]
    return [sum(map(mul, _SMOOTHING, padded[index : index + len(_SMOOTHING)])) for index in range(len(sums))]


def _window_weights(length: int) -> list[float]:
    half = max(0.5, (length - 1) / 2)
    distances = (abs(index - (length - 1) / 2) / half for index in range(length))
    return [_RIM_WEIGHT + (1 - _RIM_WEIGHT) * min(1.0, (1 - distance) / _RIM) for distance in distances]
