"""How long work takes: what calls of each kind have needed lately.

Knows kinds and seconds. Must never know what a kind is, nor calls or workers.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

OUTLIER_RATIO: Final = 4.0
"""What takes longer than so many times the mean is counted as if it took that long: one picture does not speak for its kind."""

_WARM_UP_SAMPLES: Final = 4
"""The first so many are taken as they are, so that the mean can find its place."""

MAX_KINDS: Final = 1_024
"""Output formats times size classes are fewer; beyond, a kind is as all others together."""


@dataclass(slots=True)
class MovingMean:
    """A moving mean that follows about the last ``memory`` figures."""

    window: int
    mean_s: float = 0.0
    count: int = 0

    def record(self, seconds: float) -> None:
        if self.count >= _WARM_UP_SAMPLES:
            seconds = min(seconds, OUTLIER_RATIO * self.mean_s)
        self.count = min(self.count + 1, self.window)
        self.mean_s += (seconds - self.mean_s) / self.count


class DurationEstimator:
    """One pace for each kind, and one for everything."""

    def __init__(self) -> None:
        self._overall = MovingMean(window=64)
        self._by_kind: dict[Hashable, MovingMean] = {}

    @property
    def overall_s(self) -> float:
        """For a call of which nothing is known yet; 0 as long as nothing was ever done."""
        return self._overall.mean_s

    def expected_s(self, kind: Hashable) -> float:
        """For a call of this kind."""
        return self._by_kind.get(kind, self._overall).mean_s

    def record(self, kind: Hashable, seconds: float) -> None:
        """A call of this kind took so long."""
        self._overall.record(seconds)
        mean = self._by_kind.get(kind)
        if mean is None and len(self._by_kind) < MAX_KINDS:
            mean = self._by_kind[kind] = MovingMean(window=16)
        if mean:
            mean.record(seconds)
