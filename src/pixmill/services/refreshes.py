"""Stale results that are refreshed behind answers: each by one task at a time, and after a failure not before a pause is over.

Knows names, tasks and durations, by a clock that nobody can put back. Must never know what a refresh does.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any, Final

from pixmill.services.singleflight import Background

MAX_REFRESHES: Final = 64
"""At one time; beyond, what is stale stays so a little longer."""

FIRST_PAUSE_S: Final = 2.0
LONGEST_PAUSE_S: Final = 64.0
"""A source that is down for long is asked about once a minute for each of its pictures that anybody looks at, and one that is back
is noticed within that time; what is served meanwhile may be served."""

MAX_PAUSES: Final = 8_192
"""About a quarter of a kilobyte each; the oldest is forgotten, and its picture refreshed when it is next asked for."""


class Elsewhere(Exception):
    """It is being done by another server: after a pause it will have been."""


@dataclass(frozen=True, slots=True)
class _Pause:
    length_s: float
    until: float


class Refreshes:
    """Work by name. What is under way, or has failed a moment ago, is not started again."""

    def __init__(self, limit: int = MAX_REFRESHES, clock: Callable[[], float] = time.monotonic) -> None:
        self._tasks = Background(limit)
        self._clock = clock
        self._under_way: set[Hashable] = set()
        self._pauses: OrderedDict[Hashable, _Pause] = OrderedDict()

    def __len__(self) -> int:
        return len(self._under_way)

    def start(self, name: Hashable, work: Callable[[], Awaitable[Any]]) -> bool:
        """Do it behind the answer, unless there is a reason not to do it now."""
        pause = self._pauses.get(name)
        if name in self._under_way or (pause is not None and self._clock() < pause.until):
            return False
        if not self._tasks.start(lambda: self._run(name, work)):
            return False
        self._under_way.add(name)
        return True

    async def close(self) -> None:
        """End all that is under way."""
        await self._tasks.close()

    async def _run(self, name: Hashable, work: Callable[[], Awaitable[Any]]) -> None:
        try:
            await work()
        except Exception:
            self._pause(name)
            raise
        else:
            self._pauses.pop(name, None)
        finally:
            self._under_way.discard(name)

    def _pause(self, name: Hashable) -> None:
        """Twice as long as the last one, up to a bound."""
        last = self._pauses.pop(name, None)
        length_s = FIRST_PAUSE_S if last is None else min(2 * last.length_s, LONGEST_PAUSE_S)
        self._pauses[name] = _Pause(length_s, self._clock() + length_s)
        if len(self._pauses) > MAX_PAUSES:
            self._pauses.popitem(last=False)
