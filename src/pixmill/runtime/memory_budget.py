"""Memory budget for originals in flight, uploads, cached originals and large responses being sent.

Knows bytes, who waits for them, and whom to ask to free some. Must never know what the bytes are for. Every wait
ends: after ``MAX_WAIT_S`` the request is rejected, so holders that want more cannot wait for each other for ever.
"""

from collections.abc import Callable
from typing import Final

from pixmill.errors import MemoryExhausted
from pixmill.runtime.wait_queue import WaitQueue

MAX_WAIT_S: Final = 1.0
MAX_WAITING: Final = 256

MEMORY_DIVISOR: Final = 4
"""Default budget: a quarter of the available memory. The rest is for workers, the cache and the page cache."""


def _reclaim_nothing(_bytes: int) -> None:
    """Nobody holds memory that can be freed early."""


class MemoryBudget:
    """At most ``max_bytes``; 0: unlimited. ``on_rejected`` is called for each rejection.

    ``reclaim`` is called with the number of missing bytes before anybody waits; it may release some.
    """

    def __init__(
        self,
        max_bytes: int,
        on_rejected: Callable[[], None] = lambda: None,
        reclaim: Callable[[int], None] = _reclaim_nothing,
        max_wait_s: float = MAX_WAIT_S,
    ) -> None:
        self.max_bytes = max_bytes
        self.used_bytes = 0
        self._reclaimers = [reclaim]
        self._on_rejected = on_rejected
        self._max_wait_s = max_wait_s
        self._queue: WaitQueue[int] = WaitQueue()
        self._reclaiming = False

    def add_reclaimer(self, reclaim: Callable[[int], None]) -> None:
        """Call this as well, after those before it, when bytes are missing; what it frees may come later."""
        self._reclaimers.append(reclaim)

    @property
    def waiting(self) -> int:
        """The number of requests that wait for bytes."""
        return len(self._queue)

    def new_reservation(self) -> "MemoryReservation":
        """Return an empty reservation."""
        return MemoryReservation(self)

    async def acquire(self, size: int, *, urgent: bool = False) -> None:
        """Take ``size`` more bytes. ``urgent`` goes first: for who holds some already. Raises MemoryExhausted."""
        if (urgent or not self._queue) and self._take_if_free(size):
            return
        if size > self.max_bytes or len(self._queue) >= MAX_WAITING:
            raise self.reject()
        if not await self._queue.wait(
            size,
            self._max_wait_s,
            give_back=self.release,
            withdrawn=lambda _size: self._grant_waiters(),
            ahead=urgent,
        ):
            raise self.reject()

    def try_acquire(self, size: int) -> bool:
        """Take ``size`` more bytes if they are free and nobody waits for any."""
        return not self._queue and self._take_if_free(size)

    def release(self, size: int) -> None:
        """Return ``size`` bytes."""
        self.used_bytes -= size
        self._grant_waiters()

    def _take_if_free(self, size: int) -> bool:
        shortfall = self.used_bytes + size - self.max_bytes if self.max_bytes else 0
        if shortfall > 0 and not self._reclaiming:
            self._reclaiming = True  # reclaimed bytes come back through ``release``, and are for this request
            try:
                shortfall = self._reclaim(size)
            finally:
                self._reclaiming = False
        if shortfall > 0:
            return False
        self.used_bytes += size
        return True

    def _reclaim(self, size: int) -> int:
        """Ask one holder after the other to release something; return what is still missing."""
        for reclaim in self._reclaimers:
            shortfall = self.used_bytes + size - self.max_bytes
            if shortfall <= 0:
                break
            reclaim(shortfall)
        return self.used_bytes + size - self.max_bytes

    def _grant_waiters(self) -> None:
        while not self._reclaiming and self._queue and self._take_if_free(self._queue.first):
            self._queue.grant_first()

    def reject(self) -> MemoryExhausted:
        """Count a rejection, and return the error to raise."""
        self._on_rejected()
        return MemoryExhausted()


class MemoryReservation:
    """The share of one object in the budget, released by its last holder."""

    __slots__ = ("_budget", "_holders", "reserved_bytes")

    def __init__(self, budget: MemoryBudget) -> None:
        self._budget = budget
        self._holders = 1
        self.reserved_bytes = 0

    async def reserve(self, size: int) -> None:
        """Grow to at least ``size`` bytes. Raises MemoryExhausted."""
        missing = size - self.reserved_bytes
        if missing > 0:
            await self._budget.acquire(missing, urgent=self.reserved_bytes > 0)
            self.reserved_bytes += missing

    def try_reserve(self, size: int) -> bool:
        """Grow to at least ``size`` bytes if that needs no waiting; return whether it has them."""
        missing = size - self.reserved_bytes
        if missing > 0 and not self._budget.try_acquire(missing):
            return False
        self.reserved_bytes = max(self.reserved_bytes, size)
        return True

    def shrink_to(self, size: int) -> None:
        """Release what exceeds the final size."""
        if self._holders > 0 and size < self.reserved_bytes:
            excess, self.reserved_bytes = self.reserved_bytes - size, size
            self._budget.release(excess)

    def retain(self) -> "MemoryReservation":
        """Add a holder."""
        self._holders += 1
        return self

    def release(self) -> None:
        """Remove a holder; the last one returns the bytes."""
        self._holders -= 1
        if not self._holders:
            size, self.reserved_bytes = self.reserved_bytes, 0
            self._budget.release(size)


UNLIMITED_BUDGET: Final = MemoryBudget(0)
"""Counts bytes and rejects nothing."""
