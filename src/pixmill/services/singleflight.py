"""One flight per key: whoever asks for what is already under way shares it.

Knows tasks and who waits for them; must never know what is being made.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Hashable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(slots=True)
class _Flight(Generic[V]):
    task: asyncio.Task[V]
    waiters: int = 0


def _dispose_nothing(_value: Any) -> None:
    """Nothing to give back."""


class Flights(Generic[K, V]):
    """Values under way, by key. ``dispose`` gives a value back when the last one aboard has left."""

    def __init__(self, dispose: Callable[[V], None] = _dispose_nothing) -> None:
        self._dispose = dispose
        self._flights: dict[K, _Flight[V]] = {}

    def __contains__(self, key: object) -> bool:
        return key in self._flights

    @asynccontextmanager
    async def join(self, key: K, make: Callable[[], Coroutine[Any, Any, V]]) -> AsyncIterator[tuple[V, bool]]:
        """Yield the value and whether somebody else had asked for it first; the value is good inside the block.

        The flight goes on while anybody is aboard and is cancelled when nobody is: one caller's leaving harms no other.
        """
        shared = key in self._flights
        flight = self._flights[key] if shared else self._start(key, make())
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


class BackgroundTasks:
    """Tasks that outlive the request which started them; closed, they are cancelled."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Callable[[], Awaitable[Any]]) -> bool:
        """Run ``work`` behind the answer, unless too much is under way already. Its failures are its own to report."""
        if len(self._tasks) >= self._limit:
            return False
        task = asyncio.create_task(_suppress_errors(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def close(self) -> None:
        """Cancel what is under way and wait until it is gone."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _suppress_errors(work: Callable[[], Awaitable[Any]]) -> None:
    with suppress(Exception):  # the parts below have counted it; nobody waits for this task
        await work()
