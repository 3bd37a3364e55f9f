"""One account of the memory that pictures take while they are worked on: originals on their way, uploads, and originals that are kept.

Knows bytes, who waits for some, and who can be asked to let go of some. Must never know what they hold. Every wait ends: at the latest after
``MAX_WAIT_S`` it is a refusal, so those who hold some and want more cannot wait for each other for ever.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from pixmill.errors import MemoryFull

MAX_WAIT_S: Final = 1.0
MAX_WAITING: Final = 256

SHARE_OF_MEMORY: Final = 4
"""A quarter of the memory there is, where nothing is said: the rest is for workers, the cache and the page cache."""


class _Wish(NamedTuple):
    size: int
    coming: "asyncio.Future[None]"


def _nobody(_bytes: int) -> None:
    """Nobody holds what can be done without."""


class Budget:
    """At most ``max_bytes``; 0 for no bound. ``relieve`` is asked for bytes that can be done without; ``refused`` hears of each refusal."""

    def __init__(
        self, max_bytes: int, refused: Callable[[], None] = lambda: None, max_wait_s: float = MAX_WAIT_S
    ) -> None:
        self.max_bytes = max_bytes
        self.used_bytes = 0
        self.relieve: Callable[[int], None] = _nobody
        self._refused = refused
        self._max_wait_s = max_wait_s
        self._waiting: deque[_Wish] = deque()
        self._busy = False

    @property
    def waiting(self) -> int:
        """Who waits for bytes."""
        return len(self._waiting)

    def claim(self) -> "Claim":
        """An account for one thing, of which there is nothing yet."""
        return Claim(self)

    async def take(self, size: int, *, urgent: bool = False) -> None:
        """Have so many more; ``urgent`` for who holds some already, who goes ahead. Raises MemoryFull."""
        if (urgent or not self._waiting) and self._try(size):
            return
        if size > self.max_bytes or len(self._waiting) >= MAX_WAITING:
            raise self._full()
        wish = _Wish(size, asyncio.get_running_loop().create_future())
        (self._waiting.appendleft if urgent else self._waiting.append)(wish)
        try:
            await asyncio.wait((wish.coming,), timeout=self._max_wait_s)
        except asyncio.CancelledError:
            self._withdraw(wish)
            raise
        if not wish.coming.done():
            self._withdraw(wish)
            raise self._full()

    def spare(self, size: int) -> bool:
        """Have so many more if they are there and nobody waits for any."""
        return not self._waiting and self._try(size)

    def give(self, size: int) -> None:
        """So many are free again."""
        self.used_bytes -= size
        self._serve()

    def _try(self, size: int) -> bool:
        short = self.used_bytes + size - self.max_bytes if self.max_bytes else 0
        if short > 0 and not self._busy:
            self._busy = True  # what is let go of comes back through ``give``, and is ours
            try:
                self.relieve(short)
            finally:
                self._busy = False
            short = self.used_bytes + size - self.max_bytes
        if short > 0:
            return False
        self.used_bytes += size
        return True

    def _serve(self) -> None:
        while not self._busy and self._waiting and self._try(self._waiting[0].size):
            self._waiting.popleft().coming.set_result(None)

    def _withdraw(self, wish: _Wish) -> None:
        """Cancelled, it may have got its bytes at this very moment."""
        if wish.coming.done():
            self.give(wish.size)
        else:
            self._waiting.remove(wish)
            self._serve()

    def _full(self) -> MemoryFull:
        self._refused()
        return MemoryFull()


class Claim:
    """What one thing has of the budget, however many hold it."""

    __slots__ = ("_budget", "_holders", "bytes")

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._holders = 1
        self.bytes = 0

    async def reserve(self, size: int) -> None:
        """Have at least so many. Raises MemoryFull."""
        more = size - self.bytes
        if more > 0:
            await self._budget.take(more, urgent=self.bytes > 0)
            self.bytes += more

    def at_once(self, size: int) -> bool:
        """Have at least so many if that needs no waiting; whether it has them."""
        more = size - self.bytes
        if more > 0 and not self._budget.spare(more):
            return False
        self.bytes = max(self.bytes, size)
        return True

    def settle(self, size: int) -> None:
        """It is complete, and no larger than this."""
        if self._holders > 0 and size < self.bytes:
            more, self.bytes = self.bytes - size, size
            self._budget.give(more)

    def share(self) -> "Claim":
        """Somebody else holds it too."""
        self._holders += 1
        return self

    def release(self) -> None:
        """One holds it no more; after the last one nothing is claimed."""
        self._holders -= 1
        if not self._holders:
            size, self.bytes = self.bytes, 0
            self._budget.give(size)


UNBOUNDED: Final = Budget(0)
"""Counts, and refuses nobody."""
