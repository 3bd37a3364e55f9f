"""Write-behind around a slow tier: ``put`` queues the item and returns.

Knows the queue of unwritten items, bounded in count and bytes; an item that does not fit is dropped and counted. Queued
items can already be read. The last item put under a key wins. Must never know what the tier is made of.
"""

import asyncio
from collections.abc import Awaitable, Coroutine
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple

from pixmill.cache.tier import HasSize, Item, Miss, Tier
from pixmill.plan.key import Key
from pixmill.ports.observe import Event, NullObserver, Observer, RequestStage, measure_of
from pixmill.ports.values import Entry

MAX_PENDING: Final = 256
MAX_PENDING_BYTES: Final = 64 * 2**20
"""Per tier. Results are not on the memory budget: that rejects requests when it is exhausted, and a slow disk is no
reason to. They are small, and mostly the same objects that the memory tier holds; 64 MiB are some seconds of a slow
disk. Queued originals are on the budget."""

DRAIN_TIMEOUT_S: Final = 5.0
"""Time at shutdown for writing what is queued."""

WRITERS: Final = 2
"""Concurrent writes per tier: the disk tier has four threads, so a read always finds one."""


class _QueuedWrite(NamedTuple, Generic[Item]):
    """``context`` is that of the request that has put the item, for its logs and its trace."""

    item: Item
    context: Context


@dataclass(slots=True)
class _RunningWrite(Generic[Item]):
    item: Item
    task: asyncio.Task[None]


class WriteBehindTier(Generic[Item]):
    """Wraps a tier of the same name."""

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
        self._measure_write = measure_of(self._observer, RequestStage.CACHE_WRITE, tier=tier.name)
        self._max_pending = max_pending
        self._max_pending_bytes = max_pending_bytes
        self._writers = writers
        self._queued: dict[Key, _QueuedWrite[Item]] = {}
        self._running: dict[Key, _RunningWrite[Item]] = {}
        self._pending_bytes = 0

    @property
    def pending_count(self) -> int:
        """Number of items not written yet."""
        return len(self._queued) + len(self._running)

    def get(self, key: Key) -> Coroutine[object, object, Item | Miss]:
        """Returns the pending item, else what the tier returns.

        No coroutine of its own, because every lookup passes.
        """
        if key in self._queued:
            return _completed(self._queued[key].item)
        if key in self._running:
            return _completed(self._running[key].item)
        return self.tier.get(key)

    async def put(self, key: Key, item: Item, /) -> None:
        self._drop_queued(key)
        size = _size_bytes(item)
        if self.pending_count >= self._max_pending or self._pending_bytes + size > self._max_pending_bytes:
            self._count_error("drop")
            return
        self._queued[key] = _QueuedWrite(item, copy_context())
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
        """Whether an item under this key is not written yet."""
        return key in self._queued or key in self._running

    async def _wait_until_written(self, key: Key) -> None:
        """Wait until no item under this key is pending."""
        while self.is_pending(key):
            tasks = {write.task for write in self._running.values()}
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)

    async def wait_written(self, key: Key, timeout_s: float) -> None:
        """Wait until no item under this key is pending, for at most ``timeout_s``."""
        await _within(timeout_s, self._wait_until_written(key))

    async def drain(self) -> None:
        """Wait until everything is written."""
        while self._running:
            await asyncio.wait({write.task for write in self._running.values()})

    async def drain_within(self, timeout_s: float) -> None:
        """Wait until everything is written, for at most ``timeout_s``."""
        await _within(timeout_s, self.drain())

    async def close(self) -> None:
        """Drop what is not written; callers that want it written drain first."""
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
            item, context = self._queued.pop(key)
            task = asyncio.create_task(self._write(key, item), name=f"{self.name}-write", context=context)
            self._running[key] = _RunningWrite(item, task)

    async def _write(self, key: Key, item: Item) -> None:
        try:
            with self._measure_write():
                await self.tier.put(key, item)
        except Exception:  # noqa: BLE001  (a failed write must not affect the response)
            self._count_error("put")
        finally:
            del self._running[key]
            self._pending_bytes -= _size_bytes(item)
            self._start_writes()

    def _drop_queued(self, key: Key) -> None:
        old = self._queued.pop(key, None)
        if old is not None:
            self._pending_bytes -= _size_bytes(old.item)

    def _count_error(self, operation: str) -> None:
        self._observer.increment(Event.CACHE_ERROR, tier=self.name, operation=operation)


def _size_bytes(item: HasSize) -> int:
    """Return ``item.size``; that of a result, which every cold miss queues, without calling its property."""
    return len(item.body) if isinstance(item, Entry) else item.size


async def _completed(item: Item) -> Item:
    return item


async def _within(timeout_s: float, work: Awaitable[None]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await work
