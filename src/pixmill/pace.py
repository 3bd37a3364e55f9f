"""How long work takes: what calls of each kind have needed lately.

Knows kinds and seconds. Must never know what a kind is, nor calls or workers.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

OUTLIER: Final = 4.0
"""What takes longer than so many times the mean is counted as if it took that long: one picture does not speak for its kind."""

_FIRST: Final = 4
"""The first so many are taken as they are, so that the mean can find its place."""

MAX_KINDS: Final = 1_024
"""Output formats times size classes are fewer; beyond, a kind is as all others together."""


@dataclass(slots=True)
class Pace:
    """A moving mean that follows about the last ``memory`` figures."""

    memory: int
    mean_s: float = 0.0
    seen: int = 0

    def learn(self, seconds: float) -> None:
        if self.seen >= _FIRST:
            seconds = min(seconds, OUTLIER * self.mean_s)
        self.seen = min(self.seen + 1, self.memory)
        self.mean_s += (seconds - self.mean_s) / self.seen


class Paces:
    """One pace for each kind, and one for everything."""

    def __init__(self) -> None:
        self._all = Pace(memory=64)
        self._kinds: dict[Hashable, Pace] = {}

    @property
    def typical_s(self) -> float:
        """For a call of which nothing is known yet; 0 as long as nothing was ever done."""
        return self._all.mean_s

    def expected_s(self, kind: Hashable) -> float:
        """For a call of this kind."""
        return self._kinds.get(kind, self._all).mean_s

    def learn(self, kind: Hashable, seconds: float) -> None:
        """A call of this kind took so long."""
        self._all.learn(seconds)
        pace = self._kinds.get(kind)
        if pace is None and len(self._kinds) < MAX_KINDS:
            pace = self._kinds[kind] = Pace(memory=16)
        if pace:
            pace.learn(seconds)
