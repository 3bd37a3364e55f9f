"""Whose turn it is to be fetched: only so many originals at one time, from all origins together and from each of them.

Knows origins by their names, and how long they take. Must never know how anything is fetched.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Final

from pixmill.errors import SourceBusy
from pixmill.runtime.durations import MovingMean
from pixmill.sources.config import SourcesConfig

MAX_QUEUE_SHARE: Final = 0.5
"""What one origin may take of the places to wait in, so that one that stalls leaves some to the others."""

Waiter = asyncio.Future[None]


@dataclass(eq=False, slots=True)
class _OriginState:
    """One that is fetched from, or waited for. ``taken`` are its turns; ``began`` tells when each fetch began, the oldest first."""

    in_flight: int = 0
    started_at: dict[object, float] = field(default_factory=dict)
    waiters: deque[Waiter] = field(default_factory=deque)
    durations: MovingMean = field(default_factory=lambda: MovingMean(window=16))

    def expected_fetch_s(self, now: float) -> float:
        """How long a fetch takes: an origin that stalls has finished none, but the one begun first grows old."""
        return max(self.durations.mean_s, now - next(iter(self.started_at.values()), now))


class FetchLimiter:
    """Origins that are waited for have their turns in rotation. ``refused`` hears of everybody who is sent away."""

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
        """Wait for a turn and hold it. Raises SourceBusy, at once if it would take too long as far as can be told."""
        origin = self._origins.setdefault(origin_key, _OriginState())
        try:
            await self._acquire(origin)
            try:
                with _measure_fetch(origin, self._durations):
                    yield
            finally:
                self._release(origin)
        finally:
            if not origin.in_flight and not origin.waiters:
                self._origins.pop(origin_key, None)

    async def _acquire(self, origin: _OriginState) -> None:
        if not origin.waiters and self._has_free_slot(origin):
            self._occupy(origin)
            return
        self._check_queue(origin)
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._enqueue(origin, waiter)
        try:
            await asyncio.wait((waiter,), timeout=self._max_wait_s)
        except asyncio.CancelledError:
            self._abandon(origin, waiter)
            raise
        if not waiter.done():
            self._abandon(origin, waiter)
            raise self._rejection(self._max_wait_s)

    def _has_free_slot(self, origin: _OriginState) -> bool:
        return self.in_flight < self._max_fetches and origin.in_flight < self._max_fetches_per_origin

    def _check_queue(self, origin: _OriginState) -> None:
        now = asyncio.get_running_loop().time()
        origin_wait_s = (len(origin.waiters) // self._max_fetches_per_origin + 1) * origin.expected_fetch_s(now)
        overall_wait_s = (self.queued // self._max_fetches + 1) * self._durations.mean_s
        wait_s = max(
            origin_wait_s if origin.in_flight >= self._max_fetches_per_origin else 0.0,
            overall_wait_s if self.in_flight >= self._max_fetches else 0.0,
        )
        is_full = self.queued >= self._max_queued or len(origin.waiters) >= max(1, MAX_QUEUE_SHARE * self._max_queued)
        if is_full or wait_s > self._max_wait_s:
            raise self._rejection(wait_s / 2)

    def _rejection(self, retry_after_s: float) -> SourceBusy:
        self._on_rejected()
        return SourceBusy(retry_after_s=retry_after_s)

    # ------------------------------------------------------------ the line

    def _enqueue(self, origin: _OriginState, waiter: Waiter) -> None:
        if not origin.waiters:
            self._rotation.append(origin)
        origin.waiters.append(waiter)
        self.queued += 1

    def _leave_queue(self, origin: _OriginState) -> None:
        """One of those who waited for it does so no more."""
        self.queued -= 1
        if not origin.waiters:
            self._rotation.remove(origin)

    def _abandon(self, origin: _OriginState, waiter: Waiter) -> None:
        """Cancelled, it may have got its turn at this very moment."""
        if waiter.done():
            self._release(origin)
        else:
            origin.waiters.remove(waiter)
            self._leave_queue(origin)

    def _occupy(self, origin: _OriginState) -> None:
        origin.in_flight += 1
        self.in_flight += 1

    def _release(self, origin: _OriginState) -> None:
        """A turn is over: the next goes to whoever waits for the origin whose turn it is in the rotation."""
        origin.in_flight -= 1
        self.in_flight -= 1
        while next_origin := next((one for one in self._rotation if self._has_free_slot(one)), None):
            self._rotation.remove(next_origin)
            self._rotation.append(next_origin)
            self._occupy(next_origin)
            waiter = next_origin.waiters.popleft()
            self._leave_queue(next_origin)
            waiter.set_result(None)


@contextmanager
def _measure_fetch(origin: _OriginState, overall: MovingMean) -> Iterator[None]:
    """A fetch that was cancelled says nothing of how long it takes; one that failed does."""
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
