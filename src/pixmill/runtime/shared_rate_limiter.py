"""Rate limiter whose buckets several processes share: a table in memory that a fork inherits.

Knows keys and times, as ``rate_limiter.py``. The processes are forks of one, so they agree on the hashes of keys: by a
seed that clients do not know.
"""

import fcntl
import mmap
import struct
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Final

from pixmill.runtime.operating_system import memory_file
from pixmill.runtime.rate_limiter import RateLimiter

SETS: Final = 8_192
PLACES: Final = 8
"""Of a set, which is found by the hash of a key. As many keys in all as ``rate_limiter.MAX_KEYS``, in 1 MiB.

If a set has no place for a key, it takes that of the one that is full again first."""

_PLACE: Final = struct.Struct("=Qd")  # hash of the key, time at which its bucket is full again
_SET_BYTES: Final = PLACES * _PLACE.size
_HASH_MASK: Final = 2**64 - 1


class SharedBuckets:
    """The table, made before the processes are forked. A set is locked by the kernel, so none stays locked."""

    def __init__(self) -> None:
        """Raises OSError."""
        self.table = mmap.mmap(-1, SETS * _SET_BYTES)
        self._fd = memory_file("pixmill-rates")[0]

    @contextmanager
    def locked(self, number: int) -> Iterator[None]:
        """Lock one set for this process (fcntl(2))."""
        fcntl.lockf(self._fd, fcntl.LOCK_EX, 1, number)
        try:
            yield
        finally:
            fcntl.lockf(self._fd, fcntl.LOCK_UN, 1, number)


class SharedRateLimiter(RateLimiter):
    """``RateLimiter`` for the sum of several processes."""

    def __init__(
        self, buckets: SharedBuckets, per_s: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``clock`` is the same in all processes, as the monotonic one of the system."""
        super().__init__(per_s, burst, clock=clock)
        self._buckets = buckets

    def try_acquire(self, key: Hashable) -> float:
        hashed = hash(key) & _HASH_MASK or 1
        number = hashed % SETS
        with self._buckets.locked(number):
            return self._try_acquire(hashed, number * _SET_BYTES)

    def _try_acquire(self, hashed: int, start: int) -> float:
        table = self._buckets.table
        places = list(_PLACE.iter_unpack(table[start : start + _SET_BYTES]))
        now = self._clock()
        known = next((n for n, (other, _) in enumerate(places) if other == hashed), -1)
        wait_s, full_at = self.spend(places[known][1] if known >= 0 else now, now)
        if not wait_s:
            place = known if known >= 0 else min(range(PLACES), key=lambda n: places[n][1])
            _PLACE.pack_into(table, start + place * _PLACE.size, hashed, full_at)
        return wait_s
