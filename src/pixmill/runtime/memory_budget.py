"""One account of the memory that pictures take while they are worked on: originals on their way, uploads, and originals that are kept.

Knows bytes, who waits for some, and who can be asked to let go of some. Must never know what they hold. Every wait ends: at the latest after
``MAX_WAIT_S`` it is a refusal, so those who hold some and want more cannot wait for each other for ever.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from pixmill.errors import MemoryExhausted

MAX_WAIT_S: Final = 1.0
MAX_WAITING: Final = 256

MEMORY_DIVISOR: Final = 4
"""A quarter of the memory there is, where nothing is said: the rest is for workers, the cache and the page cache."""


class _Waiter(NamedTuple):
    size: int
    granted: "asyncio.Future[None]"


def _reclaim_nothing(_bytes: int) -> None:
    """Nobody holds what can be done without."""


class MemoryBudget:
    """At most ``max_bytes``; 0 for no bound. ``relieve`` is asked for bytes that can be done without; ``refused`` hears of each refusal."""

    def __init__(
        self, max_bytes: int, on_rejected: Callable[[], None] = lambda: None, max_wait_s: float = MAX_WAIT_S
    ) -> None:
        self.max_bytes = max_bytes
        self.used_bytes = 0
        self.reclaim: Callable[[int], None] = _reclaim_nothing
        self._on_rejected = on_rejected
        self._max_wait_s = max_wait_s
        self._waiting: deque[_Waiter] = deque()
        self._reclaiming = False

    @property
    def waiting(self) -> int:
        """Who waits for bytes."""
        return len(self._waiting)

    def new_reservation(self) -> "MemoryReservation":
        """An account for one thing, of which there is nothing yet."""
        return MemoryReservation(self)

    async def acquire(self, size: int, *, urgent: bool = False) -> None:
        """Have so many more; ``urgent`` for who holds some already, who goes ahead. Raises MemoryFull."""
        if (urgent or not self._waiting) and self._take_if_free(size):
            return
        if size > self.max_bytes or len(self._waiting) >= MAX_WAITING:
            raise self._reject()
        waiter = _Waiter(size, asyncio.get_running_loop().create_future())
        (self._waiting.appendleft if urgent else self._waiting.append)(waiter)
        try:
            await asyncio.wait((waiter.granted,), timeout=self._max_wait_s)
        except asyncio.CancelledError:
            self._cancel_wait(waiter)
            raise
        if not waiter.granted.done():
            self._cancel_wait(waiter)
            raise self._reject()

    def try_acquire(self, size: int) -> bool:
        """Have so many more if they are there and nobody waits for any."""
        return not self._waiting and self._take_if_free(size)

    def release(self, size: int) -> None:
        """So many are free again."""
        self.used_bytes -= size
        self._grant_waiters()

    def _take_if_free(self, size: int) -> bool:
        shortfall = self.used_bytes + size - self.max_bytes if self.max_bytes else 0
        if shortfall > 0 and not self._reclaiming:
            self._reclaiming = True  # what is let go of comes back through ``give``, and is ours
            try:
                self.reclaim(shortfall)
            finally:
                self._reclaiming = False
            shortfall = self.used_bytes + size - self.max_bytes
        if shortfall > 0:
            return False
        self.used_bytes += size
        return True

    def _grant_waiters(self) -> None:
        while not self._reclaiming and self._waiting and self._take_if_free(self._waiting[0].size):
            self._waiting.popleft().granted.set_result(None)

    def _cancel_wait(self, waiter: _Waiter) -> None:
        """Cancelled, it may have got its bytes at this very moment."""
        if waiter.granted.done():
            self.release(waiter.size)
        else:
            self._waiting.remove(waiter)
            self._grant_waiters()

    def _reject(self) -> MemoryExhausted:
        self._on_rejected()
        return MemoryExhausted()


class MemoryReservation:
    """What one thing has of the budget, however many hold it."""

    __slots__ = ("_budget", "_holders", "reserved_bytes")

    def __init__(self, budget: MemoryBudget) -> None:
        self._budget = budget
        self._holders = 1
        self.reserved_bytes = 0

    async def reserve(self, size: int) -> None:
        """Have at least so many. Raises MemoryFull."""
        missing = size - self.reserved_bytes
        if missing > 0:
            await self._budget.acquire(missing, urgent=self.reserved_bytes > 0)
            self.reserved_bytes += missing

    def try_reserve(self, size: int) -> bool:
        """Have at least so many if that needs no waiting; whether it has them."""
        missing = size - self.reserved_bytes
        if missing > 0 and not self._budget.try_acquire(missing):
            return False
        self.reserved_bytes = max(self.reserved_bytes, size)
        return True

    def shrink_to(self, size: int) -> None:
        """It is complete, and no larger than this."""
        if self._holders > 0 and size < self.reserved_bytes:
            excess, self.reserved_bytes = self.reserved_bytes - size, size
            self._budget.release(excess)

    def retain(self) -> "MemoryReservation":
        """Somebody else holds it too."""
        self._holders += 1
        return self

    def release(self) -> None:
        """One holds it no more; after the last one nothing is claimed."""
        self._holders -= 1
        if not self._holders:
            size, self.reserved_bytes = self.reserved_bytes, 0
            self._budget.release(size)


UNLIMITED_BUDGET: Final = MemoryBudget(0)
"""Counts, and refuses nobody."""
