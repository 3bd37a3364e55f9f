"""Spare time: who waits until there is nothing else to do, and how many may use it at once.

Knows turns. Must never know calls, lanes or what the time is used for.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from pixmill.errors import Draining, QueueFull

MAX_WAITERS: Final = 16
"""What is only done when there is time may as well not be done: this many may hope for it."""


class IdleScheduler:
    """Turns, in the order in which they were asked for, at most ``seats`` at once, and only while ``has_time`` says so."""

    def __init__(self, max_slots: int, max_wait_s: float, has_capacity: Callable[[], bool]) -> None:
        self._free_slots = max_slots
        self._max_wait_s = max_wait_s
        self._has_capacity = has_capacity
        self._waiters: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for a turn and hold it. Raises QueueFull when too many wait, or when none comes in time; Draining."""
        await self._wait_for_slot()
        try:
            yield
        finally:
            self._free_slots += 1
            self.grant_next()

    def grant_next(self) -> None:
        """If there is time, whoever has waited longest takes it."""
        if self._waiters and self._free_slots and self._has_capacity():
            self._free_slots -= 1
            self._waiters.popleft().set_result(None)

    def close(self) -> None:
        """There will be no more time."""
        while self._waiters:
            self._waiters.popleft().set_exception(Draining())

    async def _wait_for_slot(self) -> None:
        if len(self._waiters) >= MAX_WAITERS:
            raise QueueFull
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self.grant_next()
        try:
            await asyncio.wait((waiter,), timeout=self._max_wait_s)
        except asyncio.CancelledError:
            self._abandon(waiter)
            raise
        if not waiter.done():
            self._abandon(waiter)
            raise QueueFull("There was no time to spare")
        waiter.result()

    def _abandon(self, waiter: "asyncio.Future[None]") -> None:
        """Cancelled, it may have got its turn at this very moment."""
        if not waiter.done():
            self._waiters.remove(waiter)
        elif not waiter.exception():
            self._free_slots += 1
            self.grant_next()
