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

from pixmill.cache.breaker import Breaker, BreakerState
from pixmill.cache.tier import Item, Miss, Tier, probe_entry
from pixmill.errors import StoreDenied, StoreError, StoreFull, StoreUnavailable
from pixmill.plan.key import Key
from pixmill.ports.observe import Event, NullObserver, Observer

SLOW_CALL_RATIO: Final = 0.5
"""A call that takes more than this part of its time is counted as slow."""

INITIAL_BACKOFF_S: Final = 1.0
MAX_BACKOFF_S: Final = 30.0

_TOLERATED_ERRORS = (StoreFull, StoreDenied)
"""What a write may end with though the tier is well: no room, or no right to write."""

_LOG = logging.getLogger(__name__)


AdmittedItem = TypeVar("AdmittedItem")


class AdmissionPolicy(Protocol[AdmittedItem]):
    """What a tier takes in."""

    def admit(self, item: AdmittedItem, now: float, /) -> AdmittedItem | None:
        """The item as the tier shall keep it, or None if it shall not."""


class AdmitAll:
    """No bounds."""

    def admit(self, item: AdmittedItem, _now: float, /) -> AdmittedItem:
        return item


ADMIT_ALL: Final = AdmitAll()


class GuardedTier(Generic[Item]):
    """A tier around another one, with the same name. What is asked of it while it rests is skipped, and counted."""

    def __init__(
        self,
        tier: Tier[Item],
        observer: Observer | None = None,
        *,
        timeout_s: float,
        write_timeout_s: float | None = None,
        admission_policy: AdmissionPolicy[Item] = ADMIT_ALL,
        initial_backoff_s: float = INITIAL_BACKOFF_S,
    ) -> None:
        self.name = tier.name
        self.tier = tier
        self.timeout_s = timeout_s
        self._write_timeout_s = write_timeout_s
        self.breaker = Breaker()
        self._observer = observer or NullObserver()
        self._admission_policy = admission_policy
        self._initial_backoff_s = initial_backoff_s
        self._recovery: asyncio.Task[None] | None = None

    @property
    def state(self) -> str:
        """Of the breaker, for people."""
        return self.breaker.state.name.lower()

    async def get(self, key: Key) -> Item | Miss:
        if not self.breaker.is_closed:
            return Miss.UNAVAILABLE
        async with self.guard_call(self.timeout_s):
            return await self.tier.get(key)

    async def put(self, key: Key, item: Item, /) -> None:
        """Too large an item only removes what was there."""
        admitted = self._admission_policy.admit(item, time())
        if not self.breaker.is_closed:
            self._observer.increment(Event.CACHE_ERROR, tier=self.name, operation="bypass")
            return
        async with self.guard_call(self._write_timeout_s, tolerated=_TOLERATED_ERRORS):
            await (self.tier.put(key, admitted) if admitted else self.tier.delete(key))

    async def delete(self, key: Key) -> None:
        """Unlike a ``put`` this must not be skipped silently."""
        if not self.breaker.is_closed:
            raise self._circuit_open_error()
        async with self.guard_call(self._write_timeout_s, tolerated=_TOLERATED_ERRORS):
            await self.tier.delete(key)

    async def ping(self) -> None:
        """Three round trips in the time of one call; while the tier rests the answer is known."""
        if not self.breaker.is_closed:
            raise self._circuit_open_error()
        async with self.guard_call(self.timeout_s, tolerated=_TOLERATED_ERRORS):
            await self.tier.ping()

    async def close(self) -> None:
        if self._recovery:
            self._recovery.cancel()
            with suppress(asyncio.CancelledError):
                await self._recovery
        await self.tier.close()

    @asynccontextmanager
    async def guard_call(
        self, timeout_s: float | None, *, tolerated: tuple[type[Exception], ...] = ()
    ) -> AsyncIterator[None]:
        """Whatever is done with what the tier is kept in: in its time, and told to the breaker."""
        started = perf_counter()
        try:
            async with asyncio.timeout(timeout_s):
                yield
        except tolerated:
            self._record(failed=False)
            raise
        except TimeoutError as error:
            self._record(failed=True)
            raise StoreUnavailable(detail=f"{self.name} took longer than {timeout_s} s") from error
        except Exception:
            self._record(failed=True)
            raise
        slow = timeout_s is not None and perf_counter() - started > timeout_s * SLOW_CALL_RATIO
        self._record(failed=False, slow=slow)

    def _record(self, *, failed: bool, slow: bool = False) -> None:
        if self.breaker.record(failed=failed, slow=slow):
            _LOG.warning("Cache tier %s is failing or slow: circuit open until it recovers", self.name)
            self._recovery = asyncio.create_task(self._recover(), name=f"{self.name}-recovery")

    async def _recover(self) -> None:
        for delay_s in _backoff_delays(self._initial_backoff_s):
            await asyncio.sleep(delay_s)
            self.breaker.start_probe()
            self.breaker.finish_probe(healthy=await self._is_healthy())
            if self.breaker.state is BreakerState.CLOSED:
                _LOG.info("Cache tier %s has recovered: circuit closed", self.name)
                return

    async def _is_healthy(self) -> bool:
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
        except _TOLERATED_ERRORS:
            await self.tier.get(probe_entry()[0])

    def _circuit_open_error(self) -> StoreError:
        return StoreUnavailable(detail=f"{self.name} is unavailable: circuit open")


def _backoff_delays(initial_s: float) -> Iterator[float]:
    """Twice as long each time, and never the same for all servers."""
    upper_s = initial_s
    while True:
        yield uniform(upper_s / 2, upper_s)  # noqa: S311 - no secret
        upper_s = min(upper_s * 2, MAX_BACKOFF_S)
