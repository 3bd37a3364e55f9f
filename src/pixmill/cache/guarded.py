"""A tier that can be slow or down, made harmless: no call takes longer than its time, and soon none is made at all.

Knows time limits, the breaker and when to ask again. Must never know what the tier is made of.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from random import uniform
from time import perf_counter, time
from typing import Final, Generic, Protocol, TypeVar

from pixmill.cache.breaker import Breaker, State
from pixmill.cache.tier import Absent, Item, Keeping, probe_entry
from pixmill.errors import StoreDenied, StoreError, StoreFull, StoreUnavailable
from pixmill.plan.key import Key
from pixmill.ports import Event, Observer, Unobserved

SLOW_SHARE: Final = 0.5
"""A call that takes more than this part of its time is counted as slow."""

FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 30.0

_ALIVE = (StoreFull, StoreDenied)
"""What a write may end with though the tier is well: no room, or no right to write."""

_LOG = logging.getLogger(__name__)


Bounded = TypeVar("Bounded")


class Admits(Protocol[Bounded]):
    """What a tier takes in."""

    def admit(self, item: Bounded, now: float, /) -> Bounded | None:
        """The item as the tier shall keep it, or None if it shall not."""


class Everything:
    """No bounds."""

    def admit(self, item: Bounded, _now: float, /) -> Bounded:
        return item


EVERYTHING: Final = Everything()


class Guarded(Generic[Item]):
    """A tier around another one, with the same name. What is asked of it while it rests is skipped, and counted."""

    def __init__(
        self,
        tier: Keeping[Item],
        observer: Observer | None = None,
        *,
        timeout_s: float,
        write_timeout_s: float | None = None,
        bounds: Admits[Item] = EVERYTHING,
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        self.name = tier.name
        self.tier = tier
        self.timeout_s = timeout_s
        self._write_timeout_s = write_timeout_s
        self.breaker = Breaker()
        self._observer = observer or Unobserved()
        self._bounds = bounds
        self._first_pause_s = first_pause_s
        self._recovery: asyncio.Task[None] | None = None

    @property
    def state(self) -> str:
        """Of the breaker, for people."""
        return self.breaker.state.name.lower()

    async def get(self, key: Key) -> Item | Absent:
        if not self.breaker.admits:
            return Absent.SKIPPED
        async with self.watched(self.timeout_s):
            return await self.tier.get(key)

    async def put(self, key: Key, item: Item, /) -> None:
        """Too large an item only removes what was there."""
        admitted = self._bounds.admit(item, time())
        if not self.breaker.admits:
            self._observer.counted(Event.CACHE_ERROR, tier=self.name, operation="skip")
            return
        async with self.watched(self._write_timeout_s, tolerated=_ALIVE):
            await (self.tier.put(key, admitted) if admitted else self.tier.delete(key))

    async def delete(self, key: Key) -> None:
        """Unlike a ``put`` this must not be skipped silently."""
        if not self.breaker.admits:
            raise self._resting()
        async with self.watched(self._write_timeout_s, tolerated=_ALIVE):
            await self.tier.delete(key)

    async def ping(self) -> None:
        """Three round trips in the time of one call; while the tier rests the answer is known."""
        if not self.breaker.admits:
            raise self._resting()
        async with self.watched(self.timeout_s, tolerated=_ALIVE):
            await self.tier.ping()

    async def close(self) -> None:
        if self._recovery:
            self._recovery.cancel()
            with suppress(asyncio.CancelledError):
                await self._recovery
        await self.tier.close()

    @asynccontextmanager
    async def watched(
        self, limit_s: float | None, *, tolerated: tuple[type[Exception], ...] = ()
    ) -> AsyncIterator[None]:
        """Whatever is done with what the tier is kept in: in its time, and told to the breaker."""
        started = perf_counter()
        try:
            async with asyncio.timeout(limit_s):
                yield
        except tolerated:
            self._record(failed=False)
            raise
        except TimeoutError as error:
            self._record(failed=True)
            raise StoreUnavailable(detail=f"{self.name} took longer than {limit_s} s") from error
        except Exception:
            self._record(failed=True)
            raise
        slow = limit_s is not None and perf_counter() - started > limit_s * SLOW_SHARE
        self._record(failed=False, slow=slow)

    def _record(self, *, failed: bool, slow: bool = False) -> None:
        if self.breaker.record(failed=failed, slow=slow):
            _LOG.warning("The cache tier %s fails or is slow, and is left out until it is well again", self.name)
            self._recovery = asyncio.create_task(self._recover(), name=f"{self.name}-recovery")

    async def _recover(self) -> None:
        for pause_s in _pauses(self._first_pause_s):
            await asyncio.sleep(pause_s)
            self.breaker.probe()
            self.breaker.probed(well=await self._is_well())
            if self.breaker.state is State.CLOSED:
                _LOG.info("The cache tier %s is well again", self.name)
                return

    async def _is_well(self) -> bool:
        try:
            async with asyncio.timeout(self.timeout_s):
                await self._probe()
        except Exception:  # noqa: BLE001  (whatever is wrong, it is not well)
            return False
        return True

    async def _probe(self) -> None:
        """A tier that takes nothing in may still be read."""
        try:
            await self.tier.ping()
        except _ALIVE:
            await self.tier.get(probe_entry()[0])

    def _resting(self) -> StoreError:
        return StoreUnavailable(detail=f"{self.name} is left out until it is well again")


def _pauses(first_s: float) -> Iterator[float]:
    """Twice as long each time, and never the same for all servers."""
    longest_s = first_s
    while True:
        yield uniform(longest_s / 2, longest_s)  # noqa: S311 - no secret
        longest_s = min(longest_s * 2, LONGEST_PAUSE_S)
