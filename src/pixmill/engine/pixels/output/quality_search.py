"""Searches for a quality with few encodings. Knows numbers only; the caller measures scores and sizes."""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Final

TARGET_SCORES: Final = ((25, 42.5), (40, 57.0), (55, 66.0), (70, 71.7), (80, 77.0), (90, 83.6))
"""Quality and its mean SSIMULACRA2 on photographs, the same for all formats (docs/quality.md)."""

MAX_TARGET_TRIES: Final = 3
MAX_SIZE_TRIES: Final = 7
"""Including the first one, which was too large."""

_CLOSE_BELOW, _CLOSE_ABOVE = 0.5, 1.0
"""A score this close to the target ends the search: 2 points are the least that can be seen."""
_MIN_QUALITY, _MAX_QUALITY = 5, 99
_MIN_SLOPE: Final = 0.3
_MAX_DROP: Final = 2
"""Of the quality from the second try to the third, as a divisor: a sky keeps its look for long, then loses it fast."""
_CLOSE_ENOUGH_RATIO: Final = 0.95


def target_score(quality: int) -> float:
    """Return the score that photographs have on average at this quality; extrapolated beyond the measured range."""
    return _interpolate(TARGET_SCORES, quality)


def closest_quality(score_at: Callable[[int], float], target_quality: int) -> int:
    """Return the quality whose score is closest to that of photographs at ``target_quality``: rather above than below.

    The returned quality has been tried; at most MAX_TARGET_TRIES are. The search follows the curve of photographs:
    a result that scores as they do at 60 when it is encoded at 70 needs about 10 more.
    """
    target = target_score(target_quality)
    scores: dict[int, float] = {}
    quality = target_quality
    while len(scores) < MAX_TARGET_TRIES and quality not in scores:
        scores[quality] = score_at(quality)
        if -_CLOSE_BELOW <= scores[quality] - target <= _CLOSE_ABOVE:
            break
        quality = _next_quality(scores, target_quality)
    return min(scores, key=lambda tried: _miss(scores[tried] - target))


def _miss(excess: float) -> float:
    return excess if excess >= 0 else -2 * excess


def _next_quality(scores: dict[int, float], target_quality: int) -> int:
    """Interpolate between the two tried qualities whose looks are the closest to the target."""
    looks = {
        quality: _interpolate([(score, number) for number, score in TARGET_SCORES], score)
        for quality, score in scores.items()
    }
    near, *others = sorted(looks, key=lambda tried: abs(looks[tried] - target_quality))
    slope = 1.0
    if others and looks[near] != looks[others[0]]:
        slope = max(_MIN_SLOPE, (looks[near] - looks[others[0]]) / (near - others[0]))
    quality = round(near + (target_quality - looks[near]) / slope)
    lowest = min(scores) // _MAX_DROP if others else _MIN_QUALITY
    return max(_MIN_QUALITY, lowest, min(_MAX_QUALITY, quality))


def _interpolate(knots: Sequence[tuple[float, float]], position: float) -> float:
    after = max(1, min(bisect_right(knots, (position, math.inf)), len(knots) - 1))
    (low, low_value), (high, high_value) = knots[after - 1], knots[after]
    return low_value + (high_value - low_value) * (position - low) / (high - low)


def highest_quality_within(size_at: Callable[[int], int], max_bytes: int, top_quality: int, top_bytes: int) -> int:
    """Return a quality below ``top_quality`` whose file has at most ``max_bytes``.

    It is the highest, or one whose file nearly fills them; 1 if there is none. The returned quality has been tried.
    """
    low, high, low_bytes = 1, top_quality, size_at(1)
    quality = _estimate_quality(top_quality, max_bytes / low_bytes, top_bytes / low_bytes)
    for _ in range(MAX_SIZE_TRIES - 2):
        if high - low <= 1 or not low_bytes < _CLOSE_ENOUGH_RATIO * max_bytes:
            break
        size_bytes = size_at(quality)
        low, high, low_bytes = (quality, high, size_bytes) if size_bytes <= max_bytes else (low, quality, low_bytes)
        quality = (low + high) // 2
    return low


def _estimate_quality(top_quality: int, target_ratio: float, top_ratio: float) -> int:
    """Interpolate as if size grew exponentially with quality. Both ratios are relative to quality 1."""
    share = math.log(target_ratio) / math.log(top_ratio) if 1 < target_ratio < top_ratio else 0.0
    return max(2, min(top_quality - 1, round(1 + share * (top_quality - 1))))
