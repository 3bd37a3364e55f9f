"""Whose turn it is to make what belongs under a key, among all servers that share a tier.

Knows locks, the cache and how long to wait. Must never make a request fail or wait for longer than it was told: when a lock
cannot be had, or nobody can tell, the same is made twice.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from random import uniform
from time import monotonic
from typing import Final, Protocol, runtime_checkable

from pixmill.cache.resilience.guarded import GuardedTier
from pixmill.plan.key import Key
from pixmill.ports.observe import Event, Observer
from pixmill.ports.values import Entry

ACQUIRE_TIMEOUT_S: Final = 10.0

WRITE_WAIT_S: Final = 5.0
"""For so long a turn goes on after the answer, until what was made is stored where the others look."""

CLOSE_TIMEOUT_S: Final = 1.0

UNCACHEABLE_S: Final = 30.0
"""For so long nobody waits for a key under which nothing could be kept."""

_MAX_UNCACHEABLE: Final = 1_024
_RETRY_DELAY_GROWTH: Final = 1.5


class HeldLock(Protocol):
    """The right to make something."""

    async def release(self) -> None:
        """Let others have it. Raises nothing but what a defect would."""


class LockBackend(Protocol):
    """Rights that only one server has at a time."""

    @property
    def kind(self) -> str:
        """For metrics."""

    @property
    def initial_retry_delay_s(self) -> float:
        """After this time it is tried again at first; the pauses grow to ``longest_pause_s``."""

    @property
    def max_retry_delay_s(self) -> float: ...

    async def try_acquire(self, key: Key) -> HeldLock | None:
        """The right, or None while another server has it. Raises whatever keeps it from telling."""

    async def close(self) -> None: ...


@runtime_checkable
class LeaseProvider(Protocol):
    """A tier that has locks to give, which are to be asked for under its guard."""

    def lock_backend(self, guard: GuardedTier[Entry]) -> LockBackend: ...


class PendingWrites(Protocol):
    """Where what was made is stored, for others to find."""

    def is_pending(self, key: Key) -> bool:
        """Whether something under this key is not written yet."""

    async def wait_written(self, key: Key, timeout_s: float) -> None:
        """Wait until all of it is, for at most ``limit_s``."""


class LockCoordinator:
    """``ports.Turns`` by one or more kinds of locks, always taken in the same order."""

    def __init__(
        self,
        backends: Sequence[LockBackend],
        pending_writes: PendingWrites,
        observer: Observer,
        acquire_timeout_s: float = ACQUIRE_TIMEOUT_S,
    ) -> None:
        self._backends = tuple(backends)
        self._pending_writes = pending_writes
        self._observer = observer
        self._acquire_timeout_s = acquire_timeout_s
        self._uncacheable_until: OrderedDict[Key, float] = OrderedDict()
        self._release_tasks: set[asyncio.Task[None]] = set()

    def acquire(self, key: Key) -> AbstractAsyncContextManager[bool]:
        return self._acquire(key)

    def try_acquire(self, key: Key) -> AbstractAsyncContextManager[bool]:
        return self._try_acquire(key)

    @asynccontextmanager
    async def _try_acquire(self, key: Key) -> AsyncIterator[bool]:
        held_locks: list[HeldLock] = []
        try:
            yield await self._try_acquire_all(key, held_locks)
        finally:
            if held_locks:
                self._release_in_background(key, held_locks)

    @asynccontextmanager
    async def _acquire(self, key: Key) -> AsyncIterator[bool]:
        if self._is_uncacheable(key):
            yield False
            return
        held_locks: list[HeldLock] = []
        try:
            waited = await self._acquire_all(key, held_locks)
            yield waited
            if not waited and not self._pending_writes.is_pending(key):
                self._mark_uncacheable(key)
        finally:
            if held_locks:
                self._release_in_background(key, held_locks)

    async def close(self) -> None:
        """Let go of everything, of what is being written after a moment."""
        if self._release_tasks:
            await asyncio.wait(list(self._release_tasks), timeout=CLOSE_TIMEOUT_S)
        for task in list(self._release_tasks):
            task.cancel()
        await asyncio.gather(*self._release_tasks, return_exceptions=True)
        for backend in self._backends:
            await backend.close()

    async def _acquire_all(self, key: Key, held_locks: list[HeldLock]) -> bool:
        deadline, waited = monotonic() + self._acquire_timeout_s, False
        for backend in self._backends:
            waited |= await self._acquire_one(backend, key, held_locks, deadline)
        return waited

    async def _try_acquire_all(self, key: Key, held_locks: list[HeldLock]) -> bool:
        """Whether nobody is known to have it."""
        for backend in self._backends:
            try:
                held_lock = await backend.try_acquire(key)
            except Exception:  # noqa: BLE001  (whatever is wrong with the locks, it is for us to do)
                self._count_outcome(backend, "error", waited=False)
                continue
            self._count_outcome(backend, "acquired" if held_lock else "skipped", waited=False)
            if held_lock is None:
                return False
            held_locks.append(held_lock)
        return True

    async def _acquire_one(self, backend: LockBackend, key: Key, held_locks: list[HeldLock], deadline: float) -> bool:
        """Whether it had to be waited for."""
        waited, retry_delay_s = False, backend.initial_retry_delay_s
        while True:
            try:
                held_lock = await backend.try_acquire(key)
            except Exception:  # noqa: BLE001  (whatever is wrong with the locks, the picture is made)
                return self._count_outcome(backend, "error", waited=waited)
            if held_lock is not None:
                held_locks.append(held_lock)
                return self._count_outcome(backend, "acquired_after_wait" if waited else "acquired", waited=waited)
            remaining_s, waited = deadline - monotonic(), True
            if remaining_s <= 0:
                return self._count_outcome(backend, "timeout", waited=waited)
            await asyncio.sleep(min(remaining_s, uniform(retry_delay_s / 2, retry_delay_s)))  # noqa: S311 - no secret
            retry_delay_s = min(retry_delay_s * _RETRY_DELAY_GROWTH, backend.max_retry_delay_s)

    def _count_outcome(self, backend: LockBackend, outcome: str, *, waited: bool) -> bool:
        self._observer.increment(Event.LOCK, kind=backend.kind, outcome=outcome)
        return waited

    def _release_in_background(self, key: Key, held_locks: Sequence[HeldLock]) -> None:
        """Behind the answer, once the others can find what was made."""
        task = asyncio.create_task(self._release(key, held_locks), name="lock-release")
        self._release_tasks.add(task)
        task.add_done_callback(self._release_tasks.discard)

    async def _release(self, key: Key, held_locks: Sequence[HeldLock]) -> None:
        try:
            await self._pending_writes.wait_written(key, WRITE_WAIT_S)
        finally:
            for held_lock in reversed(held_locks):
                await held_lock.release()

    def _is_uncacheable(self, key: Key) -> bool:
        return self._uncacheable_until.get(key, 0.0) > monotonic()

    def _mark_uncacheable(self, key: Key) -> None:
        """What cannot be kept cannot be shared: let nobody wait for a turn in vain."""
        self._uncacheable_until[key] = monotonic() + UNCACHEABLE_S
        self._uncacheable_until.move_to_end(key)
        if len(self._uncacheable_until) > _MAX_UNCACHEABLE:
            self._uncacheable_until.popitem(last=False)
