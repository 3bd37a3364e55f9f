"""Background refresh of stale results: one task per key, with exponential back-off after a failure.

Knows keys, tasks and a monotonic clock. Must never know what a refresh does.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any, Final

from pixmill.services.background_tasks import BackgroundTasks

MAX_CONCURRENT_REFRESHES: Final = 64
"""Beyond this many, stale results stay stale a little longer."""

INITIAL_BACKOFF_S: Final = 2.0
MAX_BACKOFF_S: Final = 64.0
"""A source that is down for long is asked once a minute for each of its requested images, and one that is back is
noticed within that time; stale results are served meanwhile."""

MAX_BACKOFFS: Final = 8_192
"""About a quarter of a kilobyte each; the oldest is evicted, and its result refreshed at the next request."""


class RefreshedElsewhere(Exception):
    """Another server is refreshing the result: try again after the back-off."""


@dataclass(frozen=True, slots=True)
class _Backoff:
    delay_s: float
    retry_at: float


class BackgroundRefresher:
    """Starts work by key, unless it is running or backing off."""

    def __init__(self, limit: int = MAX_CONCURRENT_REFRESHES, clock: Callable[[], float] = time.monotonic) -> None:
        self._tasks = BackgroundTasks(limit)
        self._clock = clock
        self._in_flight: set[Hashable] = set()
        self._backoffs: OrderedDict[Hashable, _Backoff] = OrderedDict()

    def start(self, key: Hashable, work: Callable[[], Awaitable[Any]]) -> bool:
        """Start ``work`` in the background; False if it runs already, is backing off, or too many others run."""
        backoff = self._backoffs.get(key)
        if key in self._in_flight or (backoff is not None and self._clock() < backoff.retry_at):
            return False
        if not self._tasks.start(lambda: self._run(key, work)):
            return False
        self._in_flight.add(key)
        return True

    async def close(self) -> None:
        """Cancel all running work."""
        await self._tasks.close()

    async def _run(self, key: Hashable, work: Callable[[], Awaitable[Any]]) -> None:
        try:
            await work()
        except Exception:
            self._back_off(key)
            raise
        else:
            self._backoffs.pop(key, None)
        finally:
            self._in_flight.discard(key)

    def _back_off(self, key: Hashable) -> None:
        """Double the last delay, up to a maximum."""
        previous = self._backoffs.pop(key, None)
        delay_s = INITIAL_BACKOFF_S if previous is None else min(2 * previous.delay_s, MAX_BACKOFF_S)
        self._backoffs[key] = _Backoff(delay_s, self._clock() + delay_s)
        if len(self._backoffs) > MAX_BACKOFFS:
            self._backoffs.popitem(last=False)
