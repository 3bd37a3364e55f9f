"""Duration estimator: moving means of recent durations, overall and by kind.

Knows kinds and seconds. Must never know what a kind is, nor calls or workers.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

OUTLIER_RATIO: Final = 4.0
"""Longer durations count as this multiple of the mean: one image is not representative of its kind."""

_WARM_UP_SAMPLES: Final = 4
"""The first samples count in full, so that the mean can settle."""

MAX_KINDS: Final = 1_024
"""More than output formats times size classes; kinds beyond it get the overall mean."""


@dataclass(slots=True)
class MovingMean:
    """A moving mean of about the last ``window`` samples."""

    window: int
    mean_s: float = 0.0
    count: int = 0

    def record(self, seconds: float) -> None:
        if self.count >= _WARM_UP_SAMPLES:
            seconds = min(seconds, OUTLIER_RATIO * self.mean_s)
        self.count = min(self.count + 1, self.window)
        self.mean_s += (seconds - self.mean_s) / self.count


class DurationEstimator:
    """A moving mean per kind, and an overall one."""

    def __init__(self) -> None:
        self._overall = MovingMean(window=64)
        self._by_kind: dict[Hashable, MovingMean] = {}

    @property
    def overall_s(self) -> float:
        """The overall mean; 0 before the first sample."""
        return self._overall.mean_s

    def expected_s(self, kind: Hashable) -> float:
        """Return the mean of a kind, or the overall mean if it has no samples."""
        return self._by_kind.get(kind, self._overall).mean_s

    def record(self, kind: Hashable, seconds: float) -> None:
        """Add a sample."""
        self._overall.record(seconds)
        mean = self._by_kind.get(kind)
        if mean is None and len(self._by_kind) < MAX_KINDS:
            mean = self._by_kind[kind] = MovingMean(window=16)
        if mean:
            mean.record(seconds)
