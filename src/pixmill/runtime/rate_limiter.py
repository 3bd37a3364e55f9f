"""Token-bucket rate limiter (GCRA): one timestamp per key.

Knows keys and times. Must never know who is behind a key, nor HTTP.

A bucket of ``burst`` tokens that refills at ``per_s`` is the same as the time at which it will be full again (the
generic cell rate algorithm, ITU-T I.371): a request moves that time by one token's worth, and it must not be further
ahead than the whole burst.
"""

import time
from collections.abc import Callable, Hashable
from typing import Final

from pixmill.runtime.bounded import BoundedDict

MAX_KEYS: Final = 65_536
"""About 10 MB. Beyond, the key used the longest ago is evicted, and has a full bucket again."""


class RateLimiter:
    """One bucket per key: ``burst`` requests at once, ``per_s`` sustained."""

    def __init__(
        self, per_s: float, burst: int, max_keys: int = MAX_KEYS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.per_s = per_s
        self.burst = burst
        self._clock = clock
        self._full_at: BoundedDict[Hashable, float] = BoundedDict(max_keys)

    def __len__(self) -> int:
        return len(self._full_at)

    def try_acquire(self, key: Hashable) -> float:
        """Take a token and return 0, or return the seconds until there is one."""
        now = self._clock()
        wait_s, full_at = self.spend(self._full_at.get(key, now), now)
        if not wait_s:
            self._full_at[key] = full_at
        return wait_s

    def spend(self, full_at: float, now: float) -> tuple[float, float]:
        """Return the seconds until a bucket has a token, 0 if it has one, and when it is full again without that."""
        full_at = max(now, full_at) + 1 / self.per_s
        wait_s = full_at - now - self.burst / self.per_s
        return (wait_s if wait_s > 1e-9 else 0.0), full_at  # noqa: PLR2004 - rounding errors
