"""Single flight: concurrent calls for the same key share one computation.

Knows tasks, their waiters and whose they are; must never know what is computed.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Generic, ParamSpec, TypeVar

from pixmill.errors import QueueFull, SourceBusy
from pixmill.ports.pipeline import Purges
from pixmill.runtime.client import CURRENT_CLIENT

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
P = ParamSpec("P")

LIMITS_OF_CLIENTS: Final = (SourceBusy, QueueFull)
"""Rejections that concern the share of one client: what it started may be computed for another one all the same."""

_MAX_ATTEMPTS: Final = 3


@dataclass(slots=True)
class _Flight(Generic[V]):
    """``client`` started it, and it counts for its share."""

    task: asyncio.Task[V]
    client: Hashable
    waiters: int = 0


def _dispose_nothing(_value: object) -> None:
    pass


class Flights(Generic[K, V]):
    """Computations in flight, by key. ``dispose`` releases a value when its last waiter has left."""

    def __init__(self, dispose: Callable[[V], None] = _dispose_nothing) -> None:
        self._dispose = dispose
        self._flights: dict[K, _Flight[V]] = {}

    def __contains__(self, key: object) -> bool:
        return key in self._flights

    @asynccontextmanager
    async def join(
        self, key: K, make: Callable[P, Coroutine[Any, Any, V]], *args: P.args, **kwargs: P.kwargs
    ) -> AsyncIterator[tuple[V, bool]]:
        """Yield the value of ``make(*args)``, valid inside the block, and whether an earlier call had started it.

        The flight is cancelled when its last waiter leaves: one that leaves earlier harms no other. Nor does a client
        that has used up its share: if its flight is rejected, those of other clients start one of their own.
        """
        client = CURRENT_CLIENT.get()
        for attempt in range(_MAX_ATTEMPTS):
            flight = self._flights.get(key)
            shared = flight is not None and not (attempt and flight.task.done())
            if flight is None or not shared:
                flight = self._start(key, client, make(*args, **kwargs))
            flight.waiters += 1
            try:
                try:
                    value = await asyncio.shield(flight.task)
                except LIMITS_OF_CLIENTS:
                    if flight.client == client or attempt == _MAX_ATTEMPTS - 1:
                        raise
                    continue
                yield value, shared
                return
            finally:
                flight.waiters -= 1
                if not flight.waiters:
                    self._end(key, flight)

    def _start(self, key: K, client: Hashable, coroutine: Coroutine[Any, Any, V]) -> _Flight[V]:
        flight = self._flights[key] = _Flight(asyncio.create_task(coroutine), client)
        return flight

    def _end(self, key: K, flight: _Flight[V]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if flight.task.done():
            self._dispose_result(flight.task)
        else:
            flight.task.add_done_callback(self._dispose_result)
            flight.task.cancel()

    def _dispose_result(self, task: asyncio.Task[V]) -> None:
        if not task.cancelled() and task.exception() is None:
            self._dispose(task.result())


class PurgeAwareFlights(Generic[K, V]):
    """Flights that calls after a purge do not join if they began before it."""

    def __init__(self, purges: Purges, dispose: Callable[[V], None] = _dispose_nothing) -> None:
        self._purges = purges
        self._flights: Flights[tuple[K, float], V] = Flights(dispose)

    def __contains__(self, key: object) -> bool:
        return (key, self._purges.latest) in self._flights

    def purge_aware_key(self, key: K) -> tuple[K, float]:
        """Return a key that changes with each purge."""
        return key, self._purges.latest

    def join(
        self, key: K, make: Callable[P, Coroutine[Any, Any, V]], *args: P.args, **kwargs: P.kwargs
    ) -> AbstractAsyncContextManager[tuple[V, bool]]:
        """Join or start a flight, as ``Flights.join``."""
        return self._flights.join((key, self._purges.latest), make, *args, **kwargs)
