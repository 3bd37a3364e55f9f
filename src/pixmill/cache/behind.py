"""Writing behind the answer: a slow tier whose ``put`` never waits.

Knows the queue of what is not written yet, bounded in count and in bytes; what finds no room there is not stored.
What waits can already be read. The last item put under a key is the one that stays.
"""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter
from typing import Final, Generic

from pixmill.cache.tier import Absent, Item, Keeping
from pixmill.plan.key import Key
from pixmill.ports import Event, Observer, Stage, Unobserved

MAX_PENDING: Final = 256
MAX_PENDING_BYTES: Final = 64 * 2**20
"""Of each tier, beside the memory budget: that refuses requests when it is used up, and a disk that is slow is no reason to. Results
are small, and mostly the very bytes that the memory tier has; 64 MiB are some seconds of a slow disk. Originals that wait are on the budget."""

CLOSE_LIMIT_S: Final = 5.0
"""For so long what waits is still written at the end."""

WRITERS: Final = 2
"""Writes of a tier at once: the disk tier has four threads, so reading always finds one."""


@dataclass(slots=True)
class _Writing(Generic[Item]):
    item: Item
    task: asyncio.Task[None]


class Behind(Generic[Item]):
    """A tier around another one; both have the same name."""

    def __init__(
        self,
        tier: Keeping[Item],
        observer: Observer | None = None,
        *,
        max_pending: int = MAX_PENDING,
        max_pending_bytes: int = MAX_PENDING_BYTES,
        writers: int = WRITERS,
    ) -> None:
        self.name = tier.name
        self.tier = tier
        self._observer = observer or Unobserved()
        self._max_pending = max_pending
        self._max_pending_bytes = max_pending_bytes
        self._writers = writers
        self._waiting: dict[Key, Item] = {}
        self._writing: dict[Key, _Writing[Item]] = {}
        self._pending_bytes = 0

    @property
    def pending(self) -> int:
        """Items not written yet."""
        return len(self._waiting) + len(self._writing)

    async def get(self, key: Key) -> Item | Absent:
        if key in self._waiting:
            return self._waiting[key]
        if key in self._writing:
            return self._writing[key].item
        return await self.tier.get(key)

    async def put(self, key: Key, item: Item, /) -> None:
        self._forget_waiting(key)
        size = item.size
        if self.pending >= self._max_pending or self._pending_bytes + size > self._max_pending_bytes:
            self._failed("drop")
            return
        self._waiting[key] = item
        self._pending_bytes += size
        self._start()

    async def delete(self, key: Key) -> None:
        self._forget_waiting(key)
        if key in self._writing:
            await asyncio.wait({self._writing[key].task})
        await self.tier.delete(key)

    async def ping(self) -> None:
        await self.tier.ping()

    def is_pending(self, key: Key) -> bool:
        """Whether something under this key is not written yet."""
        return key in self._waiting or key in self._writing

    async def settle(self, key: Key) -> None:
        """Wait until nothing under this key is."""
        while self.is_pending(key):
            tasks = {writing.task for writing in self._writing.values()}
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)

    async def settled(self, key: Key, limit_s: float) -> None:
        """The same for at most ``limit_s``."""
        await _at_most(limit_s, self.settle(key))

    async def drain(self) -> None:
        """Wait until all is written."""
        while self._writing:
            await asyncio.wait({writing.task for writing in self._writing.values()})

    async def drained(self, limit_s: float) -> None:
        """The same for at most ``limit_s``."""
        await _at_most(limit_s, self.drain())

    async def close(self) -> None:
        """Let go of what is not written by now; whoever wants it written drains first."""
        self._waiting.clear()
        tasks = {writing.task for writing in self._writing.values()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self.tier.close()

    def _start(self) -> None:
        while len(self._writing) < self._writers:
            key = next((key for key in self._waiting if key not in self._writing), None)
            if key is None:
                return
            item = self._waiting.pop(key)
            task = asyncio.create_task(self._write(key, item), name=f"{self.name}-write")
            self._writing[key] = _Writing(item, task)

    async def _write(self, key: Key, item: Item) -> None:
        started = perf_counter()
        try:
            await self.tier.put(key, item)
        except Exception:  # noqa: BLE001  (whatever keeps an item from being stored, the answer is not touched by it)
            self._failed("put")
        finally:
            self._observer.timed(Stage.CACHE_WRITE, perf_counter() - started)
            del self._writing[key]
            self._pending_bytes -= item.size
            self._start()

    def _forget_waiting(self, key: Key) -> None:
        old = self._waiting.pop(key, None)
        if old is not None:
            self._pending_bytes -= old.size

    def _failed(self, operation: str) -> None:
        self._observer.counted(Event.CACHE_ERROR, tier=self.name, operation=operation)


async def _at_most(limit_s: float, work: Awaitable[None]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            await work
