"""How often somebody may ask for something: token buckets, kept as one time each.

Knows keys and times. Must never know who is behind a key, nor HTTP.

A bucket of ``burst`` tokens that refills at ``per_s`` is the same as the time at which it will be full again (the generic cell rate
algorithm, ITU-T I.371): asking moves that time by one token's worth, and it may not lie further ahead than the whole burst.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

MAX_KEYS: Final = 65_536
"""About 10 MB. Beyond, whoever has not asked for the longest time is forgotten, and has a full bucket again."""


class RateLimiter:
    """One bucket for each key."""

    def __init__(
        self, per_s: float, burst: int, max_keys: int = MAX_KEYS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.per_s = per_s
        self.burst = burst
        self._max_keys = max_keys
        self._clock = clock
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def try_acquire(self, key: Hashable) -> float:
        """0 when there was a token, which is gone now; else the seconds until there will be one."""
        now = self._clock()
        full_at = max(now, self._full_at.get(key, now)) + 1 / self.per_s
        wait_s = full_at - now - self.burst / self.per_s
        if wait_s > 1e-9:  # noqa: PLR2004 - what rounding leaves is no time
            return wait_s
        self._full_at[key] = full_at
        self._full_at.move_to_end(key)
        if len(self._full_at) > self._max_keys:
            self._full_at.popitem(last=False)
        return 0.0
