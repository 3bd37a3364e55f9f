"""Idle scheduler: slots for background work, which are granted only while no other call waits.

Must never know calls, workers or what the time is used for.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from pixmill.errors import Draining, QueueFull
from pixmill.runtime.wait_queue import WaitQueue

MAX_WAITERS: Final = 16
"""Background work may as well not be done: beyond this many waiters it is rejected at once."""


class IdleScheduler:
    """Grants slots in the order of arrival, at most ``max_slots`` at a time, while ``has_capacity()`` is true."""

    def __init__(self, max_slots: int, max_wait_s: float, has_capacity: Callable[[], bool]) -> None:
        self.waiting: WaitQueue[None] = WaitQueue()
        self._free_slots = max_slots
        self._max_wait_s = max_wait_s
        self._has_capacity = has_capacity

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for a slot and hold it. Raises QueueFull when too many wait or the wait times out; Draining."""
        if len(self.waiting) >= MAX_WAITERS:
            raise QueueFull
        self.grant_next()
        if (self.waiting or not self._take_if_idle()) and not await self._wait():
            raise QueueFull("The server did not become idle in time")
        try:
            yield
        finally:
            self._release()

    def grant_next(self) -> None:
        """Grant a slot to the first waiter, if there is capacity."""
        if self.waiting and self._take_if_idle():
            self.waiting.grant_first()

    def close(self) -> None:
        """Fail all waiters with Draining."""
        self.waiting.fail_all(Draining)

    async def _wait(self) -> bool:
        return await self.waiting.wait(None, self._max_wait_s, give_back=lambda _request: self._release())

    def _take_if_idle(self) -> bool:
        if not self._free_slots or not self._has_capacity():
            return False
        self._free_slots -= 1
        return True

    def _release(self) -> None:
        self._free_slots += 1
        self.grant_next()
