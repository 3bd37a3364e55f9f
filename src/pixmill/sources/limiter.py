"""Fair fetch limiter: bounds concurrent fetches, overall and per origin.

Knows origins by their keys, and how long their fetches take. Must never know how anything is fetched.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Final

from pixmill.errors import SourceBusy
from pixmill.runtime.durations import MovingMean
from pixmill.runtime.wait_queue import WaitQueue
from pixmill.sources.config import SourcesConfig

MAX_QUEUE_SHARE: Final = 0.5
"""The share of the queue that one origin may fill, so that one that stalls leaves room to the others."""


@dataclass(eq=False, slots=True)
class _OriginState:
    """An origin with fetches in flight or queued. ``started_at`` holds the start of each fetch, the oldest first."""

    in_flight: int = 0
    started_at: dict[object, float] = field(default_factory=dict)
    queue: "WaitQueue[_OriginState]" = field(default_factory=WaitQueue)
    durations: MovingMean = field(default_factory=lambda: MovingMean(window=16))

    def expected_fetch_s(self, now: float) -> float:
        """Return the expected fetch duration; an origin that stalls finishes none, so the age of the oldest counts."""
        return max(self.durations.mean_s, now - next(iter(self.started_at.values()), now))


class FetchLimiter:
    """Grants fetch slots to queued origins in rotation (round robin). ``on_rejected`` is called for each rejection."""

    def __init__(self, config: SourcesConfig, on_rejected: Callable[[], None]) -> None:
        self.in_flight = 0
        self.queued = 0
        self._max_fetches = config.source_connections
        self._max_fetches_per_origin = config.source_connections_per_host
        self._max_queued = config.source_queue
        self._max_wait_s = config.source_queue_max_wait_s
        self._on_rejected = on_rejected
        self._origins: dict[str, _OriginState] = {}
        self._rotation: deque[_OriginState] = deque()
        self._durations = MovingMean(window=64)

    @asynccontextmanager
    async def slot(self, origin_key: str) -> AsyncIterator[None]:
        """Wait for a slot and hold it. Raises SourceBusy, at once if the expected wait is too long."""
        origin = self._origins.get(origin_key) or self._origins.setdefault(origin_key, _OriginState())
        try:
            await self._acquire(origin)
            try:
                with _measure_fetch(origin, self._durations):
                    yield
            finally:
                self._release(origin)
        finally:
            if not origin.in_flight and not origin.queue:
                self._origins.pop(origin_key, None)

    async def _acquire(self, origin: _OriginState) -> None:
        if not origin.queue and self._has_free_slot(origin):
            self._occupy(origin)
            return
        self._check_queue(origin)
        if not origin.queue:
            self._rotation.append(origin)
        self.queued += 1
        if not await origin.queue.wait(origin, self._max_wait_s, give_back=self._release, withdrawn=self._leave_queue):
            raise self._rejection(self._max_wait_s)

    def _has_free_slot(self, origin: _OriginState) -> bool:
        return self.in_flight < self._max_fetches and origin.in_flight < self._max_fetches_per_origin

    def _check_queue(self, origin: _OriginState) -> None:
        now = asyncio.get_running_loop().time()
        origin_wait_s = (len(origin.queue) // self._max_fetches_per_origin + 1) * origin.expected_fetch_s(now)
        overall_wait_s = (self.queued // self._max_fetches + 1) * self._durations.mean_s
        wait_s = max(
            origin_wait_s if origin.in_flight >= self._max_fetches_per_origin else 0.0,
            overall_wait_s if self.in_flight >= self._max_fetches else 0.0,
        )
        is_full = self.queued >= self._max_queued or len(origin.queue) >= max(1, MAX_QUEUE_SHARE * self._max_queued)
        if is_full or wait_s > self._max_wait_s:
            raise self._rejection(wait_s / 2)

    def _rejection(self, retry_after_s: float) -> SourceBusy:
        self._on_rejected()
        return SourceBusy(retry_after_s=retry_after_s)

    # ------------------------------------------------------------ the queue

    def _leave_queue(self, origin: _OriginState) -> None:
        """Count one waiter less; an origin that nobody waits for leaves the rotation."""
        self.queued -= 1
        if not origin.queue:
            self._rotation.remove(origin)

    def _occupy(self, origin: _OriginState) -> None:
        origin.in_flight += 1
        self.in_flight += 1

    def _release(self, origin: _OriginState) -> None:
        """Return a slot; the next one goes to the first waiter of the next origin in the rotation."""
        origin.in_flight -= 1
        self.in_flight -= 1
        while next_origin := next((one for one in self._rotation if self._has_free_slot(one)), None):
            self._rotation.remove(next_origin)
            self._rotation.append(next_origin)
            self._occupy(next_origin)
            next_origin.queue.grant_first()
            self._leave_queue(next_origin)


@contextmanager
def _measure_fetch(origin: _OriginState, overall: MovingMean) -> Iterator[None]:
    """Record the duration of a fetch, also of one that fails, but not of one that is cancelled."""
    token, clock = object(), asyncio.get_running_loop().time
    started = origin.started_at[token] = clock()
    try:
        yield
    except asyncio.CancelledError:
        raise
    except BaseException:
        _record_duration(clock() - started, origin.durations, overall)
        raise
    else:
        _record_duration(clock() - started, origin.durations, overall)
    finally:
        del origin.started_at[token]


def _record_duration(seconds: float, *means: MovingMean) -> None:
    for mean in means:
        mean.record(seconds)
