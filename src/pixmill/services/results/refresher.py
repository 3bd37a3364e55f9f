"""Stale results that are refreshed behind answers: each by one task at a time, and after a failure not before a pause is over.

Knows names, tasks and durations, by a clock that nobody can put back. Must never know what a refresh does.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any, Final

from pixmill.services.singleflight import BackgroundTasks

MAX_CONCURRENT_REFRESHES: Final = 64
"""At one time; beyond, what is stale stays so a little longer."""

INITIAL_BACKOFF_S: Final = 2.0
MAX_BACKOFF_S: Final = 64.0
"""A source that is down for long is asked about once a minute for each of its pictures that anybody looks at, and one that is back
is noticed within that time; what is served meanwhile may be served."""

MAX_BACKOFFS: Final = 8_192
"""About a quarter of a kilobyte each; the oldest is forgotten, and its picture refreshed when it is next asked for."""


class RefreshedElsewhere(Exception):
    """It is being done by another server: after a pause it will have been."""


@dataclass(frozen=True, slots=True)
class _Backoff:
    delay_s: float
    retry_at: float


class BackgroundRefresher:
    """Work by name. What is under way, or has failed a moment ago, is not started again."""

    def __init__(self, limit: int = MAX_CONCURRENT_REFRESHES, clock: Callable[[], float] = time.monotonic) -> None:
        self._tasks = BackgroundTasks(limit)
        self._clock = clock
        self._in_flight: set[Hashable] = set()
        self._backoffs: OrderedDict[Hashable, _Backoff] = OrderedDict()

    def start(self, key: Hashable, work: Callable[[], Awaitable[Any]]) -> bool:
        """Do it behind the answer, unless there is a reason not to do it now."""
        backoff = self._backoffs.get(key)
        if key in self._in_flight or (backoff is not None and self._clock() < backoff.retry_at):
            return False
        if not self._tasks.start(lambda: self._run(key, work)):
            return False
        self._in_flight.add(key)
        return True

    async def close(self) -> None:
        """End all that is under way."""
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
        """Twice as long as the last one, up to a bound."""
        previous = self._backoffs.pop(key, None)
        delay_s = INITIAL_BACKOFF_S if previous is None else min(2 * previous.delay_s, MAX_BACKOFF_S)
        self._backoffs[key] = _Backoff(delay_s, self._clock() + delay_s)
        if len(self._backoffs) > MAX_BACKOFFS:
            self._backoffs.popitem(last=False)
