"""Timeout and circuit breaker around a tier that can be slow or down.

Knows time limits, how calls ended and when to probe again; must never know what the tier is made of.

A circuit breaker (Nygard, "Release It!", 2007) without trial requests: while the circuit is not closed no request
reaches the tier, and a probe in the background closes it. So only the requests that detect a failure ever pay for it.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import IntEnum
from itertools import count
from time import perf_counter, time
from typing import Final, Generic, Protocol, TypeVar

from pixmill.cache.tier import Item, Miss, Tier, probe_entry
from pixmill.errors import StoreDenied, StoreError, StoreFull, StoreUnavailable
from pixmill.plan.key import Key
from pixmill.ports.observe import Event, NullObserver, Observer
from pixmill.runtime.backoff import Backoff

SLOW_CALL_RATIO: Final = 0.5
"""A call that takes more than this part of its timeout counts as slow."""

MAX_CONSECUTIVE_FAILURES: Final = 5
"""One lost packet does not open the circuit; five failures in a row do, so that the sixth request does not wait."""

WINDOW_CALLS: Final = 20
"""Number of recent calls in which slow and failed ones are counted."""

RECOVERY_BACKOFF: Final = Backoff(initial_s=1.0, max_s=30.0, jitter=True)
"""The delays between probes while the circuit is open."""

_FAILURE_RATIO: Final = 0.5
_TOLERATED_ERRORS = (StoreFull, StoreDenied)
"""Errors of a write that do not mean that the tier is failing: no space, or no permission."""

_LOG = logging.getLogger(__name__)


class BreakerState(IntEnum):
    """The values are those of the gauge."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class Breaker:
    """Opens after five failures in a row, or when half of the last 20 calls were slow or failed."""

    def __init__(self) -> None:
        self.state = BreakerState.CLOSED
        self._consecutive_failures = 0
        self._window: deque[bool] = deque(maxlen=WINDOW_CALLS)

    @property
    def is_closed(self) -> bool:
        return self.state is BreakerState.CLOSED

    def record(self, *, failed: bool, slow: bool = False) -> bool:
        """Record how a call ended; True if this opens the circuit. Calls that end while it is open do not count."""
        if self.state is not BreakerState.CLOSED:
            return False
        self._consecutive_failures = self._consecutive_failures + 1 if failed else 0
        self._window.append(failed or slow)
        failure_ratio_reached = len(self._window) == WINDOW_CALLS and sum(self._window) >= WINDOW_CALLS * _FAILURE_RATIO
        if self._consecutive_failures < MAX_CONSECUTIVE_FAILURES and not failure_ratio_reached:
            return False
        self.state = BreakerState.OPEN
        return True

    def start_probe(self) -> None:
        self.state = BreakerState.HALF_OPEN

    def finish_probe(self, *, healthy: bool) -> None:
        self.state = BreakerState.CLOSED if healthy else BreakerState.OPEN
        if healthy:
            self._consecutive_failures = 0
            self._window.clear()


AdmittedItem = TypeVar("AdmittedItem")


class AdmissionPolicy(Protocol[AdmittedItem]):
    """Decides which items a tier stores."""

    def admit(self, item: AdmittedItem, now: float, /) -> AdmittedItem | None:
        """Returns the item as the tier shall store it, or None if it shall not."""


class GuardedTier(Generic[Item]):
    """Wraps a tier of the same name. While the circuit is open, calls are bypassed and counted.

    Without an ``admission_policy`` every item is stored as it is.
    """

    def __init__(
        self,
        tier: Tier[Item],
        observer: Observer | None = None,
        *,
        timeout_s: float,
        write_timeout_s: float | None = None,
        admission_policy: AdmissionPolicy[Item] | None = None,
        recovery_backoff: Backoff = RECOVERY_BACKOFF,
    ) -> None:
        self.name = tier.name
        self.tier = tier
        self.timeout_s = timeout_s
        self._write_timeout_s = write_timeout_s
        self.breaker = Breaker()
        self._observer = observer or NullObserver()
        self._admission_policy = admission_policy
        self._recovery_backoff = recovery_backoff
        self._recovery: asyncio.Task[None] | None = None

    @property
    def state(self) -> str:
        """State of the circuit, for the health endpoint."""
        return self.breaker.state.name.lower()

    async def get(self, key: Key) -> Item | Miss:
        if not self.breaker.is_closed:
            return Miss.UNAVAILABLE
        async with self.guard_call(self.timeout_s):
            return await self.tier.get(key)

    async def put(self, key: Key, item: Item, /) -> None:
        """Store the item; one that the policy rejects only removes what was under its key."""
        admitted = item if self._admission_policy is None else self._admission_policy.admit(item, time())
        if not self.breaker.is_closed:
            self._observer.increment(Event.CACHE_ERROR, tier=self.name, operation="bypass")
            return
        async with self.guard_call(self._write_timeout_s, tolerated=_TOLERATED_ERRORS):
            await (self.tier.put(key, admitted) if admitted else self.tier.delete(key))

    async def delete(self, key: Key) -> None:
        """Remove the item; raises while the circuit is open, because a delete must not be dropped silently."""
        if not self.breaker.is_closed:
            raise self._circuit_open_error()
        async with self.guard_call(self._write_timeout_s, tolerated=_TOLERATED_ERRORS):
            await self.tier.delete(key)

    async def ping(self) -> None:
        """Make three round trips within the timeout of one call; fails at once while the circuit is open."""
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
        """Limit the time of a call to the tier, or to what it is stored in, and record how it ends."""
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
        for attempt in count():
            await asyncio.sleep(self._recovery_backoff.delay_s(attempt))
            self.breaker.start_probe()
            self.breaker.finish_probe(healthy=await self._is_healthy())
            if self.breaker.state is BreakerState.CLOSED:
                _LOG.info("Cache tier %s has recovered: circuit closed", self.name)
                return

    async def _is_healthy(self) -> bool:
        try:
            async with asyncio.timeout(self.timeout_s):
                await self._probe()
        except Exception:  # noqa: BLE001  (every failure means: not healthy)
            return False
        return True

    async def _probe(self) -> None:
        """A tier that accepts no writes may still be read."""
        try:
            await self.tier.ping()
        except _TOLERATED_ERRORS:
            await self.tier.get(probe_entry()[0])

    def _circuit_open_error(self) -> StoreError:
        return StoreUnavailable(detail=f"{self.name} is unavailable: circuit open")
