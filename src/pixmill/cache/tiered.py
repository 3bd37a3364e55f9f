"""Result cache over several tiers, the fastest first.

Knows order, time and counting; must never know what a tier is made of. A failure of a tier becomes a miss here: neither
``get`` nor ``put`` ever raises.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from time import time
from typing import Final
from weakref import WeakValueDictionary

from pixmill.cache.freshness import CLOCK_TOLERANCE_S, usable_entry
from pixmill.cache.purge.rules import MAX_LIFE_S, PurgeRules
from pixmill.cache.purge.service import PurgeService
from pixmill.cache.resilience.guarded import GuardedTier
from pixmill.cache.resilience.write_behind import DRAIN_TIMEOUT_S, WriteBehindTier
from pixmill.cache.tier import HasUsedBytes, Miss, Peekable, Purgeable, ResultTier, SharedTier
from pixmill.plan.key import Key
from pixmill.plan.limits import LARGE_RESULT_BYTES
from pixmill.ports.observe import (
    BoundCounters,
    BoundMeasures,
    Event,
    NullObserver,
    Observer,
    Pingable,
    RequestStage,
    measure_of,
)
from pixmill.ports.values import Entry, Hit

MAX_ENTRY_BYTES: Final = 64 * 2**20


class TieredCache:
    """``ports.Cache`` over any number of tiers, also none. Slow tiers are wrapped in ``WriteBehindTier``: no ``put``
    waits.

    Only a memory tier that comes first answers ``peek``; ``factory.py`` warns about one elsewhere.
    """

    def __init__(
        self,
        tiers: Sequence[ResultTier],
        observer: Observer | None = None,
        *,
        max_entry_bytes: int = MAX_ENTRY_BYTES,
        clock: Callable[[], float] = time,
        longest_life_s: float = MAX_LIFE_S,
    ) -> None:
        """``longest_life_s``: no entry is used for longer after its original was validated."""
        self.purge_rules = PurgeRules(clock, life_s=longest_life_s)
        self._tiers = tuple(tiers)
        self.write_behind_tiers = tuple(tier for tier in self._tiers if isinstance(tier, WriteBehindTier))
        self._memory_tier = next((tier for tier in self._tiers[:1] if isinstance(tier, Peekable)), None)
        self._observer = observer or NullObserver()
        self._measure_read = measure_of(self._observer, RequestStage.CACHE_READ)
        self._measure_lookup = BoundMeasures(self._observer, RequestStage.CACHE_LOOKUP, "tier")
        self._count_lookup = BoundCounters(self._observer, Event.CACHE_LOOKUP, "tier", "outcome")
        self._in_use: WeakValueDictionary[Key, Entry] = WeakValueDictionary()
        self._max_entry_bytes = max_entry_bytes
        self._clock = clock
        self.purge_service = self._make_purge_service()

    def peek(self, key: Key) -> Hit | None:
        if self._memory_tier is None or self.purge_rules.fenced:
            return None
        found, now = self._memory_tier.peek(key), self._clock()
        self.purge_service.fence.check(now)
        entry = None if isinstance(found, Miss) else self._usable(found, now)
        if entry is None:
            return None
        self._count_lookup[self._memory_tier.name, "hit" if now < entry.meta.lifetime.fresh_until else "stale"](1)
        return Hit(entry, self._memory_tier.name)

    def peek_fresh(self, key: Key) -> Hit | None:
        if self._memory_tier is None:
            return None
        entry = self._memory_tier.peek(key)
        if not isinstance(entry, Entry):
            return None
        meta, now = entry.meta, self._clock()
        self.purge_service.fence.check(now)
        if meta.version.purge_watermark < self.purge_rules.latest and self.purge_rules.apply_to(entry) is not entry:
            return None
        lifetime = meta.lifetime
        is_fresh = lifetime.stored_at - CLOCK_TOLERANCE_S <= now < lifetime.fresh_until
        return Hit(entry, self._memory_tier.name) if is_fresh else None

    def record_hits(self, hits: int) -> None:
        if self._memory_tier is not None:
            self._count_lookup[self._memory_tier.name, "hit"](hits)

    async def get(self, key: Key) -> Hit | None:
        await self._wait_for_purges()
        with self._measure_read():
            for position, tier in enumerate(self._tiers):
                hit = self._find_in_use(tier, key) or await self._lookup(tier, key, self._tiers[:position])
                if hit is not None:
                    return hit
        return None

    async def _wait_for_purges(self) -> None:
        """Wait a moment if purges may have been missed: the logs are being read."""
        fence = self.purge_service.fence
        fence.check(self._clock())
        if self.purge_rules.fenced:
            await fence.wait()

    async def get_newer(self, key: Key, stale: Entry) -> Hit | None:
        stored_at = stale.meta.lifetime.stored_at
        for position, tier in enumerate(self._tiers):
            if tier is self._memory_tier:
                continue
            hit = await self._lookup(tier, key, ())
            lifetime = hit and hit.entry.meta.lifetime
            if hit and lifetime and stored_at < lifetime.stored_at and self._clock() < lifetime.fresh_until:
                await self._store(self._tiers[:position], key, hit.entry)
                return hit
        return None

    async def put(self, key: Key, entry: Entry) -> bool:
        if len(entry.body) > self._max_entry_bytes:
            return False
        if self._tiers:
            self._note_in_use(key, entry)
        return await self._store(self._tiers, key, entry)

    def pingables(self) -> dict[str, Pingable]:
        """Returns the tiers by name, for health."""
        return {tier.name: tier.tier if isinstance(tier, WriteBehindTier) else tier for tier in self._tiers}

    def used_bytes(self) -> dict[str, Callable[[], float]]:
        """Returns readers of the bytes used by each tier that knows them, for gauges."""
        layers = self.layers()
        return {
            layer.name: partial(getattr, layer, "used_bytes") for layer in layers if isinstance(layer, HasUsedBytes)
        }

    def breakers(self) -> dict[str, Callable[[], float]]:
        """Returns readers of the circuit state of each guarded tier, for gauges."""
        layers = self.layers()
        return {
            layer.name: partial(getattr, layer.breaker, "state") for layer in layers if isinstance(layer, GuardedTier)
        }

    def layers(self) -> Iterator[ResultTier]:
        """Yields every tier, wrappers before the tier that they wrap."""
        return (layer for tier in self._tiers for layer in _layers(tier))

    async def drain(self) -> None:
        """Wait until every tier has written everything."""
        await asyncio.gather(*(tier.drain() for tier in self.write_behind_tiers))

    async def close(self, timeout_s: float = DRAIN_TIMEOUT_S) -> None:
        """Write what is queued, for at most ``timeout_s``, then close every tier."""
        await self.purge_service.close()
        await asyncio.gather(*(tier.drain_within(timeout_s) for tier in self.write_behind_tiers))
        for tier in self._tiers:
            try:
                await tier.close()
            except Exception:  # noqa: BLE001  (the other tiers must still be closed)
                self._count_error(tier, "close")

    def _make_purge_service(self) -> PurgeService:
        layers = [layer for tier in self._tiers for layer in _layers(tier)]
        shared_tiers = [layer for layer in layers if isinstance(layer, SharedTier)]
        return PurgeService(
            self.purge_rules,
            [tier.purge_log() for tier in shared_tiers],
            memory_tiers=[tier for tier in layers if isinstance(tier, Purgeable) and not isinstance(tier, SharedTier)],
            local_tiers=[tier for tier in shared_tiers if isinstance(tier, Purgeable) and not tier.remote],
            remote_tiers=[tier for tier in shared_tiers if isinstance(tier, Purgeable) and tier.remote],
            drain=self.drain,
            observer=self._observer,
        )

    async def _lookup(self, tier: ResultTier, key: Key, faster_tiers: Iterable[ResultTier]) -> Hit | None:
        with self._measure_lookup[tier.name]():
            return await self._find(tier, key, faster_tiers)

    async def _find(self, tier: ResultTier, key: Key, faster_tiers: Iterable[ResultTier]) -> Hit | None:
        now = self._clock()
        try:
            found = await tier.get(key)
        except Exception:  # noqa: BLE001  (a failing tier is a miss)
            self._count_lookup[tier.name, "error"](1)
            self._count_error(tier, "get")
            return None
        if isinstance(found, Miss):
            self._count_lookup[tier.name, found.value](1)
            return None
        entry = self._usable(found, now)
        if entry is None:
            self._count_lookup[tier.name, "miss"](1)
            return None
        self._note_in_use(key, found)
        self._count_lookup[tier.name, "hit" if now < entry.meta.lifetime.fresh_until else "stale"](1)
        await self._store(faster_tiers, key, found)
        return Hit(entry, tier.name)

    def _find_in_use(self, tier: ResultTier, key: Key) -> Hit | None:
        """Return a large entry that was read before and is still being sent, instead of reading another copy of it."""
        found = None if tier is self._memory_tier else self._in_use.get(key)
        now = self._clock()
        entry = found and self._usable(found, now)
        if entry is None:
            return None
        self._count_lookup[tier.name, "hit" if now < entry.meta.lifetime.fresh_until else "stale"](1)
        return Hit(entry, tier.name)

    def _note_in_use(self, key: Key, entry: Entry) -> None:
        if len(entry.body) > LARGE_RESULT_BYTES:
            self._in_use[key] = entry

    def _usable(self, found: Entry, now: float) -> Entry | None:
        """Return the entry as it may be used now, after all purges."""
        entry = usable_entry(found, now)
        if entry is not None and entry.meta.version.purge_watermark < self.purge_rules.latest:
            entry = self.purge_rules.apply_to(entry)
        return entry

    async def _store(self, tiers: Iterable[ResultTier], key: Key, entry: Entry) -> bool:
        stored = False
        for tier in tiers:
            try:
                await tier.put(key, entry)
                stored = True
            except Exception:  # noqa: BLE001  (a failing tier stores nothing)
                self._count_error(tier, "put")
        return stored

    def _count_error(self, tier: ResultTier, operation: str) -> None:
        self._observer.increment(Event.CACHE_ERROR, tier=tier.name, operation=operation)


def _layers(tier: ResultTier) -> Iterator[ResultTier]:
    """Yields the tier and every tier that it wraps."""
    yield tier
    while isinstance(tier, WriteBehindTier | GuardedTier):
        tier = tier.tier
        yield tier
