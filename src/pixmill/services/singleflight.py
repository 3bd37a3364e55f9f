"""Single flight: concurrent calls for the same key share one computation.

Knows tasks and their waiters; must never know what is computed.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, ParamSpec, TypeVar

from pixmill.ports.pipeline import Purges

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
P = ParamSpec("P")


@dataclass(slots=True)
class _Flight(Generic[V]):
    task: asyncio.Task[V]
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

        The flight is cancelled when its last waiter leaves: one that leaves earlier harms no other.
        """
        shared = key in self._flights
        flight = self._flights[key] if shared else self._start(key, make(*args, **kwargs))
        flight.waiters += 1
        try:
            yield await asyncio.shield(flight.task), shared
        finally:
            flight.waiters -= 1
            if not flight.waiters:
                self._end(key, flight)

    def _start(self, key: K, coroutine: Coroutine[Any, Any, V]) -> _Flight[V]:
        flight = self._flights[key] = _Flight(asyncio.create_task(coroutine))
        return flight

    def _end(self, key: K, flight: _Flight[V]) -> None:
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
