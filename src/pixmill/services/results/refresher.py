"""Background refresh of stale results: one task per key, with exponential back-off after a failure.

Knows keys, tasks and a monotonic clock. Must never know what a refresh does.
"""

import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Final

from pixmill.runtime.backoff import Backoff
from pixmill.runtime.bounded import BoundedDict
from pixmill.services.background_tasks import BackgroundTasks

MAX_CONCURRENT_REFRESHES: Final = 64
"""Beyond this many, stale results stay stale a little longer."""

BACKOFF: Final = Backoff(initial_s=2.0, max_s=64.0)
"""A source that is down for long is asked once a minute for each of its requested images, and one that is back is
noticed within that time; stale results are served meanwhile."""

MAX_BACKOFFS: Final = 8_192
"""About a quarter of a kilobyte each; the oldest is evicted, and its result refreshed at the next request."""


class RefreshedElsewhere(Exception):
    """Another server is refreshing the result: try again after the back-off."""


@dataclass(frozen=True, slots=True)
class _FailedRefresh:
    attempts: int
    retry_at: float


class BackgroundRefresher:
    """Starts work by key, unless it is running or backing off."""

    def __init__(self, limit: int = MAX_CONCURRENT_REFRESHES, clock: Callable[[], float] = time.monotonic) -> None:
        self._tasks = BackgroundTasks(limit)
        self._clock = clock
        self._in_flight: set[Hashable] = set()
        self._failed: BoundedDict[Hashable, _FailedRefresh] = BoundedDict(MAX_BACKOFFS)

    def start(self, key: Hashable, work: Callable[[], Awaitable[object]]) -> bool:
        """Start ``work`` in the background; False if it runs already, is backing off, or too many others run."""
        failed = self._failed.get(key)
        if key in self._in_flight or (failed is not None and self._clock() < failed.retry_at):
            return False
        if not self._tasks.start(lambda: self._run(key, work)):
            return False
        self._in_flight.add(key)
        return True

    async def wait(self) -> None:
        """Wait until the work that runs now has ended."""
        await self._tasks.wait()

    async def close(self) -> None:
        """Cancel all running work."""
        await self._tasks.close()

    async def _run(self, key: Hashable, work: Callable[[], Awaitable[object]]) -> None:
        try:
            await work()
        except Exception:
            self._back_off(key)
            raise
        else:
            self._failed.pop(key, None)
        finally:
            self._in_flight.discard(key)

    def _back_off(self, key: Hashable) -> None:
        """Double the last delay, up to a maximum."""
        previous = self._failed.get(key)
        attempts = previous.attempts if previous else 0
        self._failed[key] = _FailedRefresh(attempts + 1, self._clock() + BACKOFF.delay_s(attempts))
