"""Exponential back-off: how long to wait before the next attempt."""

from dataclasses import dataclass
from random import uniform
from typing import Final

_MAX_EXPONENT: Final = 64
"""Beyond any limit in use; without it the power of an endless series of failures would overflow a float."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays that grow from ``initial_s`` by ``growth`` up to ``max_s``.

    With ``jitter`` each delay is drawn from the upper half of its range, so that servers do not try again together.
    """

    initial_s: float
    max_s: float
    growth: float = 2.0
    jitter: bool = False

    def delay_s(self, attempt: int) -> float:
        """Return the delay after the failure number ``attempt``, counted from 0."""
        delay_s = min(self.initial_s * self.growth ** min(attempt, _MAX_EXPONENT), self.max_s)
        return uniform(delay_s / 2, delay_s) if self.jitter else delay_s  # noqa: S311 - not a secret
