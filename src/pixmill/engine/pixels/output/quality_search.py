"""Searches for a quality with few encodings. Knows numbers only; the caller measures loss and size."""

import math
from collections.abc import Callable
from typing import Final

QUALITIES: Final = tuple(range(25, 96, 5))
MAX_TARGET_TRIES: Final = 4
MAX_SIZE_TRIES: Final = 7
"""Including the first one, which was too large."""

_LOSS_PER_STEP: Final = 0.2
_CLOSE_ENOUGH_RATIO: Final = 0.95


def lowest_quality(loss: Callable[[int], float], max_loss: float, start: int) -> int:
    """Return the lowest of QUALITIES whose loss is at most ``max_loss``, else the best one tried.

    The returned quality has been tried.
    """
    failed, passed = -1, len(QUALITIES)
    index = next(number for number, quality in enumerate(QUALITIES) if quality >= start)
    for _ in range(MAX_TARGET_TRIES):
        measured_loss = loss(QUALITIES[index])
        failed, passed = (failed, index) if measured_loss <= max_loss else (index, passed)
        if passed - failed == 1:
            break
        index = max(failed + 1, min(passed - 1, index + math.ceil((measured_loss - max_loss) / _LOSS_PER_STEP)))
    return QUALITIES[passed if passed < len(QUALITIES) else failed]


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
