"""The cache that the services see: tiers in order, the fastest first.

Knows order, time and counting; must never know what a tier is made of. This is where failing turns into having
nothing: neither ``get`` nor ``put`` ever raises, whatever a tier does.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from time import perf_counter, time
from typing import Final

from pixmill.cache.behind import CLOSE_LIMIT_S, Behind
from pixmill.cache.freshness import TOLERANCE_S, usable
from pixmill.cache.purging import Purging
from pixmill.cache.rules import Rules
from pixmill.cache.tier import Absent, Measured, Peekable, Posted, Purgeable, Switched, Tier
from pixmill.plan.key import Key
from pixmill.ports import Entry, Event, Hit, Observer, Pingable, Stage, Unobserved

MAX_ENTRY_BYTES: Final = 64 * 2**20


class TieredCache:
    """``ports.Cache`` over any number of tiers, also none. Slow tiers come wrapped in ``Behind``, so no ``put`` waits."""

    def __init__(
        self,
        tiers: Sequence[Tier],
        observer: Observer | None = None,
        *,
        max_entry_bytes: int = MAX_ENTRY_BYTES,
        clock: Callable[[], float] = time,
    ) -> None:
        self.rules = Rules(clock)
        self._tiers = tuple(tiers)
        self._memory = next((tier for tier in self._tiers[:1] if isinstance(tier, Peekable)), None)
        self._observer = observer or Unobserved()
        self._max_entry_bytes = max_entry_bytes
        self._clock = clock
        self.purging = self._purging()

    def peek(self, key: Key) -> Hit | None:
        if self._memory is None:
            return None
        found, now = self._memory.peek(key), self._clock()
        entry = None if isinstance(found, Absent) else usable(found, now)
        if entry is not None and entry.heeds < self.rules.newest:
            entry = self.rules.judged(entry)
        if entry is None:
            return None
        self._looked(self._memory, "hit" if now < entry.fresh_until else "stale")
        return Hit(entry, self._memory.name)

    def fresh(self, key: Key) -> Hit | None:
        if self._memory is None:
            return None
        entry = self._memory.peek(key)
        if not isinstance(entry, Entry):
            return None
        if entry.heeds < self.rules.newest and self.rules.judged(entry) is not entry:
            return None
        is_fresh = entry.stored_at - TOLERANCE_S <= self._clock() < entry.fresh_until
        return Hit(entry, self._memory.name) if is_fresh else None

    def used(self, hits: int) -> None:
        if self._memory is not None:
            self._looked(self._memory, "hit", hits)

    async def get(self, key: Key) -> Hit | None:
        started = perf_counter()
        hit = None
        for position, tier in enumerate(self._tiers):
            hit = await self._look(tier, key, self._tiers[:position])
            if hit is not None:
                break
        self._observer.timed(Stage.CACHE_READ, perf_counter() - started)
        return hit

    async def newer(self, key: Key, stale: Entry) -> Hit | None:
        for position, tier in enumerate(self._tiers):
            if tier is self._memory:
                continue
            hit = await self._look(tier, key, ())
            if hit is not None and hit.entry.stored_at > stale.stored_at and self._clock() < hit.entry.fresh_until:
                await self._store(self._tiers[:position], key, hit.entry)
                return hit
        return None

    async def put(self, key: Key, entry: Entry) -> bool:
        return len(entry.body) <= self._max_entry_bytes and await self._store(self._tiers, key, entry)

    def pingables(self) -> dict[str, Pingable]:
        """The tiers by name, for health."""
        return {tier.name: tier.tier if isinstance(tier, Behind) else tier for tier in self._tiers}

    def used_bytes(self) -> dict[str, Callable[[], float]]:
        """How full each tier is that knows it, for gauges."""
        layers = self.layers()
        return {layer.name: partial(getattr, layer, "used_bytes") for layer in layers if isinstance(layer, Measured)}

    def breakers(self) -> dict[str, Callable[[], float]]:
        """The state of each tier's breaker, for gauges."""
        layers = self.layers()
        return {layer.name: partial(getattr, layer.breaker, "state") for layer in layers if isinstance(layer, Switched)}

    def layers(self) -> Iterator[Tier]:
        """Every tier, the outer ones before those that they are wrapped around."""
        return (layer for tier in self._tiers for layer in _layers(tier))

    def is_pending(self, key: Key) -> bool:
        """Whether some tier has not written yet what was put under this key."""
        return any(tier.is_pending(key) for tier in self._tiers if isinstance(tier, Behind))

    async def settled(self, key: Key, limit_s: float) -> None:
        """Wait until every tier has, for at most ``limit_s``."""
        await asyncio.gather(*(tier.settled(key, limit_s) for tier in self._tiers if isinstance(tier, Behind)))

    async def drain(self) -> None:
        """Wait until every tier has written what it was given."""
        await asyncio.gather(*(tier.drain() for tier in self._tiers if isinstance(tier, Behind)))

    async def close(self, limit_s: float = CLOSE_LIMIT_S) -> None:
        """Write what waits, for at most ``limit_s``, then close every tier."""
        await self.purging.close()
        await asyncio.gather(*(tier.drained(limit_s) for tier in self._tiers if isinstance(tier, Behind)))
        for tier in self._tiers:
            try:
                await tier.close()
            except Exception:  # noqa: BLE001  (the other tiers are closed all the same)
                self._failed(tier, "close")

    def _purging(self) -> Purging:
        bare = [layer for tier in self._tiers for layer in _layers(tier)]
        posted = [layer for layer in bare if isinstance(layer, Posted)]
        return Purging(
            self.rules,
            [tier.board() for tier in posted],
            memory=[tier for tier in bare if isinstance(tier, Purgeable) and not isinstance(tier, Posted)],
            own=[tier for tier in posted if isinstance(tier, Purgeable) and not tier.remote],
            remote=[tier for tier in posted if isinstance(tier, Purgeable) and tier.remote],
            settle=self.drain,
            observer=self._observer,
        )

    async def _look(self, tier: Tier, key: Key, faster: Iterable[Tier]) -> Hit | None:
        now = self._clock()
        try:
            found = await tier.get(key)
        except Exception:  # noqa: BLE001  (a cache that fails is one that has nothing)
            self._looked(tier, "error")
            self._failed(tier, "get")
            return None
        if isinstance(found, Absent):
            self._looked(tier, found.value)
            return None
        entry = usable(found, now)
        if entry is not None and entry.heeds < self.rules.newest:
            entry = self.rules.judged(entry)
        if entry is None:
            self._looked(tier, "miss")
            return None
        self._looked(tier, "hit" if now < entry.fresh_until else "stale")
        await self._store(faster, key, found)
        return Hit(entry, tier.name)

    async def _store(self, tiers: Iterable[Tier], key: Key, entry: Entry) -> bool:
        stored = False
        for tier in tiers:
            try:
                await tier.put(key, entry)
                stored = True
            except Exception:  # noqa: BLE001  (a cache that fails is one that has nothing)
                self._failed(tier, "put")
        return stored

    def _looked(self, tier: Tier | Peekable, outcome: str, times: int = 1) -> None:
        self._observer.counted(Event.CACHE_LOOKUP, times, tier=tier.name, outcome=outcome)

    def _failed(self, tier: Tier, operation: str) -> None:
        self._observer.counted(Event.CACHE_ERROR, tier=tier.name, operation=operation)


def _layers(tier: Tier) -> Iterator[Tier]:
    """The tier and all that it is wrapped around."""
    layer: Tier | None = tier
    while layer is not None:
        yield layer
        layer = getattr(layer, "tier", None)
