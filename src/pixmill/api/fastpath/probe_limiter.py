"""How many are looked into of whom nothing is known, while there is no room for them.

Looking may find what the slower tiers of the cache have. After a restart that is nearly all, in a flood of new pictures nothing; so the rate
goes up with what is found.

Must never know who asks.
"""

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from pixmill.runtime.rate_limiter import RateLimiter


class ProbeRates(NamedTuple):
    """Looks a second, and how many may come at once."""

    min_per_s: float = 10.0
    initial_per_s: float = 50.0
    max_per_s: float = 200.0
    burst: int = 10


DEFAULT_PROBE_RATES: Final = ProbeRates()
"""In vain a look costs 1 to 2 milliseconds: a fiftieth of one core at least. What is found costs less than half of one, and is an answer."""

DECAY: Final = 0.95
GROWTH: Final = 1.3
"""What becomes of the rate with each look, and with each that finds something: it rises when more than one in six does."""


class ProbeLimiter:
    """A rate that pays for itself."""

    def __init__(
        self, probe_rates: ProbeRates = DEFAULT_PROBE_RATES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._probe_rates = probe_rates
        self._limiter = RateLimiter(probe_rates.initial_per_s, probe_rates.burst, clock=clock)
        self._in_flight: set[int] = set()

    @property
    def per_s(self) -> float:
        return self._limiter.per_s

    def try_acquire(self, request_hash: int) -> bool:
        """Whether this one is looked into."""
        if self._limiter.try_acquire(None):
            return False
        self._limiter.per_s = max(self._probe_rates.min_per_s, DECAY * self.per_s)
        self._in_flight.add(request_hash)
        return True

    def record_hit(self, request_hash: int) -> None:
        """The cache had it."""
        if request_hash in self._in_flight:
            self._limiter.per_s = min(self._probe_rates.max_per_s, GROWTH * self.per_s)

    def release(self, request_hash: int) -> None:
        self._in_flight.discard(request_hash)
