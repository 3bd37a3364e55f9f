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

from pixmill.cache.guarded import Guarded
from pixmill.plan.key import Key
from pixmill.ports import Entry, Event, Observer

WAIT_S: Final = 10.0

SETTLE_S: Final = 5.0
"""For so long a turn goes on after the answer, until what was made is stored where the others look."""

CLOSE_S: Final = 1.0

ALONE_S: Final = 30.0
"""For so long nobody waits for a key under which nothing could be kept."""

_MOST_ALONE: Final = 1_024
_GROWTH: Final = 1.5


class Claim(Protocol):
    """The right to make something."""

    async def release(self) -> None:
        """Let others have it. Raises nothing but what a defect would."""


class Locks(Protocol):
    """Rights that only one server has at a time."""

    @property
    def kind(self) -> str:
        """For metrics."""

    @property
    def first_pause_s(self) -> float:
        """After this time it is tried again at first; the pauses grow to ``longest_pause_s``."""

    @property
    def longest_pause_s(self) -> float: ...

    async def claim(self, key: Key) -> Claim | None:
        """The right, or None while another server has it. Raises whatever keeps it from telling."""

    async def close(self) -> None: ...


@runtime_checkable
class Leasing(Protocol):
    """A tier that has locks to give, which are to be asked for under its guard."""

    def leases(self, guard: Guarded[Entry]) -> Locks: ...


class Writing(Protocol):
    """Where what was made is stored, for others to find."""

    def is_pending(self, key: Key) -> bool:
        """Whether something under this key is not written yet."""

    async def settled(self, key: Key, limit_s: float) -> None:
        """Wait until all of it is, for at most ``limit_s``."""


class SharedTurns:
    """``ports.Turns`` by one or more kinds of locks, always taken in the same order."""

    def __init__(self, locks: Sequence[Locks], cache: Writing, observer: Observer, wait_s: float = WAIT_S) -> None:
        self._locks = tuple(locks)
        self._cache = cache
        self._observer = observer
        self._wait_s = wait_s
        self._alone: OrderedDict[Key, float] = OrderedDict()
        self._releasing: set[asyncio.Task[None]] = set()

    def turn(self, key: Key) -> AbstractAsyncContextManager[bool]:
        return self._turn(key)

    def at_once(self, key: Key) -> AbstractAsyncContextManager[bool]:
        return self._at_once(key)

    @asynccontextmanager
    async def _at_once(self, key: Key) -> AsyncIterator[bool]:
        claims: list[Claim] = []
        try:
            yield await self._try_all(key, claims)
        finally:
            if claims:
                self._release_later(key, claims)

    @asynccontextmanager
    async def _turn(self, key: Key) -> AsyncIterator[bool]:
        if self._is_alone(key):
            yield False
            return
        claims: list[Claim] = []
        try:
            waited = await self._claim_all(key, claims)
            yield waited
            if not waited and not self._cache.is_pending(key):
                self._leave_alone(key)
        finally:
            if claims:
                self._release_later(key, claims)

    async def close(self) -> None:
        """Let go of everything, of what is being written after a moment."""
        if self._releasing:
            await asyncio.wait(list(self._releasing), timeout=CLOSE_S)
        for task in list(self._releasing):
            task.cancel()
        await asyncio.gather(*self._releasing, return_exceptions=True)
        for locks in self._locks:
            await locks.close()

    async def _claim_all(self, key: Key, claims: list[Claim]) -> bool:
        end, waited = monotonic() + self._wait_s, False
        for locks in self._locks:
            waited |= await self._claim(locks, key, claims, end)
        return waited

    async def _try_all(self, key: Key, claims: list[Claim]) -> bool:
        """Whether nobody is known to have it."""
        for locks in self._locks:
            try:
                claim = await locks.claim(key)
            except Exception:  # noqa: BLE001  (whatever is wrong with the locks, it is for us to do)
                self._ended(locks, "error", waited=False)
                continue
            self._ended(locks, "won" if claim else "left", waited=False)
            if claim is None:
                return False
            claims.append(claim)
        return True

    async def _claim(self, locks: Locks, key: Key, claims: list[Claim], end: float) -> bool:
        """Whether it had to be waited for."""
        waited, pause_s = False, locks.first_pause_s
        while True:
            try:
                claim = await locks.claim(key)
            except Exception:  # noqa: BLE001  (whatever is wrong with the locks, the picture is made)
                return self._ended(locks, "error", waited=waited)
            if claim is not None:
                claims.append(claim)
                return self._ended(locks, "waited" if waited else "won", waited=waited)
            left_s, waited = end - monotonic(), True
            if left_s <= 0:
                return self._ended(locks, "expired", waited=waited)
            await asyncio.sleep(min(left_s, uniform(pause_s / 2, pause_s)))  # noqa: S311 - no secret
            pause_s = min(pause_s * _GROWTH, locks.longest_pause_s)

    def _ended(self, locks: Locks, outcome: str, *, waited: bool) -> bool:
        self._observer.counted(Event.LEASE, kind=locks.kind, outcome=outcome)
        return waited

    def _release_later(self, key: Key, claims: Sequence[Claim]) -> None:
        """Behind the answer, once the others can find what was made."""
        task = asyncio.create_task(self._release(key, claims), name="turn-release")
        self._releasing.add(task)
        task.add_done_callback(self._releasing.discard)

    async def _release(self, key: Key, claims: Sequence[Claim]) -> None:
        try:
            await self._cache.settled(key, SETTLE_S)
        finally:
            for claim in reversed(claims):
                await claim.release()

    def _is_alone(self, key: Key) -> bool:
        return self._alone.get(key, 0.0) > monotonic()

    def _leave_alone(self, key: Key) -> None:
        """What cannot be kept cannot be shared: let nobody wait for a turn in vain."""
        self._alone[key] = monotonic() + ALONE_S
        self._alone.move_to_end(key)
        if len(self._alone) > _MOST_ALONE:
            self._alone.popitem(last=False)
