"""How many are looked into of whom nothing is known, while there is no room for them.

Looking may find what the slower tiers of the cache have. After a restart that is nearly all, in a flood of new pictures nothing; so the rate
goes up with what is found.

Must never know who asks.
"""

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from pixmill.rates import Rates


class Bounds(NamedTuple):
    """Looks a second, and how many may come at once."""

    least: float = 10.0
    first: float = 50.0
    most: float = 200.0
    burst: int = 10


BOUNDS: Final = Bounds()
"""In vain a look costs 1 to 2 milliseconds: a fiftieth of one core at least. What is found costs less than half of one, and is an answer."""

WORSE: Final = 0.95
BETTER: Final = 1.3
"""What becomes of the rate with each look, and with each that finds something: it rises when more than one in six does."""


class Looks:
    """A rate that pays for itself."""

    def __init__(self, bounds: Bounds = BOUNDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._bounds = bounds
        self._rates = Rates(bounds.first, bounds.burst, clock=clock)
        self._under_way: set[int] = set()

    @property
    def per_s(self) -> float:
        return self._rates.per_s

    def take(self, who: int) -> bool:
        """Whether this one is looked into."""
        if self._rates.take(None):
            return False
        self._rates.per_s = max(self._bounds.least, WORSE * self.per_s)
        self._under_way.add(who)
        return True

    def found(self, who: int) -> None:
        """The cache had it."""
        if who in self._under_way:
            self._rates.per_s = min(self._bounds.most, BETTER * self.per_s)

    def end(self, who: int) -> None:
        self._under_way.discard(who)
