"""Spare time: who waits until there is nothing else to do, and how many may use it at once.

Knows turns. Must never know calls, lanes or what the time is used for.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from pixmill.errors import Draining, QueueFull

MAX_WAITING: Final = 16
"""What is only done when there is time may as well not be done: this many may hope for it."""


class SpareTime:
    """Turns, in the order in which they were asked for, at most ``seats`` at once, and only while ``has_time`` says so."""

    def __init__(self, seats: int, patience_s: float, has_time: Callable[[], bool]) -> None:
        self._free = seats
        self._patience_s = patience_s
        self._has_time = has_time
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn and hold it. Raises QueueFull when too many wait, or when none comes in time; Draining."""
        await self._come_round()
        try:
            yield
        finally:
            self._free += 1
            self.offer()

    def offer(self) -> None:
        """If there is time, whoever has waited longest takes it."""
        if self._waiting and self._free and self._has_time():
            self._free -= 1
            self._waiting.popleft().set_result(None)

    def close(self) -> None:
        """There will be no more time."""
        while self._waiting:
            self._waiting.popleft().set_exception(Draining())

    async def _come_round(self) -> None:
        if len(self._waiting) >= MAX_WAITING:
            raise QueueFull
        coming: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(coming)
        self.offer()
        try:
            await asyncio.wait((coming,), timeout=self._patience_s)
        except asyncio.CancelledError:
            self._leave(coming)
            raise
        if not coming.done():
            self._leave(coming)
            raise QueueFull("There was no time to spare")
        coming.result()

    def _leave(self, coming: "asyncio.Future[None]") -> None:
        """Cancelled, it may have got its turn at this very moment."""
        if not coming.done():
            self._waiting.remove(coming)
        elif not coming.exception():
            self._free += 1
            self.offer()
