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

from pixmill.cache.tier import Item, Miss, Tier
from pixmill.plan.key import Key
from pixmill.ports.observe import Event, NullObserver, Observer, RequestStage

MAX_PENDING: Final = 256
MAX_PENDING_BYTES: Final = 64 * 2**20
"""Of each tier, beside the memory budget: that refuses requests when it is used up, and a disk that is slow is no reason to. Results
are small, and mostly the very bytes that the memory tier has; 64 MiB are some seconds of a slow disk. Originals that wait are on the budget."""

DRAIN_TIMEOUT_S: Final = 5.0
"""For so long what waits is still written at the end."""

WRITERS: Final = 2
"""Writes of a tier at once: the disk tier has four threads, so reading always finds one."""


@dataclass(slots=True)
class _RunningWrite(Generic[Item]):
    item: Item
    task: asyncio.Task[None]


class WriteBehindTier(Generic[Item]):
    """A tier around another one; both have the same name."""

    def __init__(
        self,
        tier: Tier[Item],
        observer: Observer | None = None,
        *,
        max_pending: int = MAX_PENDING,
        max_pending_bytes: int = MAX_PENDING_BYTES,
        writers: int = WRITERS,
    ) -> None:
        self.name = tier.name
        self.tier = tier
        self._observer = observer or NullObserver()
        self._max_pending = max_pending
        self._max_pending_bytes = max_pending_bytes
        self._writers = writers
        self._queued: dict[Key, Item] = {}
        self._running: dict[Key, _RunningWrite[Item]] = {}
        self._pending_bytes = 0

    @property
    def pending_count(self) -> int:
        """Items not written yet."""
        return len(self._queued) + len(self._running)

    async def get(self, key: Key) -> Item | Miss:
        if key in self._queued:
            return self._queued[key]
        if key in self._running:
            return self._running[key].item
        return await self.tier.get(key)

    async def put(self, key: Key, item: Item, /) -> None:
        self._drop_queued(key)
        size = item.size
        if self.pending_count >= self._max_pending or self._pending_bytes + size > self._max_pending_bytes:
            self._count_error("drop")
            return
        self._queued[key] = item
        self._pending_bytes += size
        self._start_writes()

    async def delete(self, key: Key) -> None:
        self._drop_queued(key)
        if key in self._running:
            await asyncio.wait({self._running[key].task})
        await self.tier.delete(key)

    async def ping(self) -> None:
        await self.tier.ping()

    def is_pending(self, key: Key) -> bool:
        """Whether something under this key is not written yet."""
        return key in self._queued or key in self._running

    async def _wait_until_written(self, key: Key) -> None:
        """Wait until nothing under this key is."""
        while self.is_pending(key):
            tasks = {write.task for write in self._running.values()}
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)

    async def wait_written(self, key: Key, timeout_s: float) -> None:
        """The same for at most ``limit_s``."""
        await _within(timeout_s, self._wait_until_written(key))

    async def drain(self) -> None:
        """Wait until all is written."""
        while self._running:
            await asyncio.wait({write.task for write in self._running.values()})

    async def drain_within(self, timeout_s: float) -> None:
        """The same for at most ``limit_s``."""
        await _within(timeout_s, self.drain())

    async def close(self) -> None:
        """Let go of what is not written by now; whoever wants it written drains first."""
        self._queued.clear()
        tasks = {write.task for write in self._running.values()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self.tier.close()

    def _start_writes(self) -> None:
        while len(self._running) < self._writers:
            key = next((key for key in self._queued if key not in self._running), None)
            if key is None:
                return
            item = self._queued.pop(key)
            task = asyncio.create_task(self._write(key, item), name=f"{self.name}-write")
            self._running[key] = _RunningWrite(item, task)

    async def _write(self, key: Key, item: Item) -> None:
        started = perf_counter()
        try:
            await self.tier.put(key, item)
        except Exception:  # noqa: BLE001  (whatever keeps an item from being stored, the answer is not touched by it)
            self._count_error("put")
        finally:
            self._observer.observe_duration(RequestStage.CACHE_WRITE, perf_counter() - started)
            del self._running[key]
            self._pending_bytes -= item.size
            self._start_writes()

    def _drop_queued(self, key: Key) -> None:
        old = self._queued.pop(key, None)
        if old is not None:
            self._pending_bytes -= old.size

    def _count_error(self, operation: str) -> None:
        self._observer.increment(Event.CACHE_ERROR, tier=self.name, operation=operation)


async def _within(timeout_s: float, work: Awaitable[None]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await work
