"""Memory tier, bounded by bytes and resistant to scans: images requested once do not flush the rest.

S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023): a new entry enters a small queue of
a tenth of the bytes. If it is used there, or put again soon after its eviction, it moves to the main queue, where each
use buys another round, up to three. Every step is O(1). Bodies are stored as they come, never copied.

Runs on the event loop only, so it needs no lock and never waits.
"""

import asyncio
from dataclasses import dataclass
from operator import attrgetter
from time import time

from pixmill.cache.tier import Miss, Selection, check_round_trip
from pixmill.cache.urls.limits import NO_LIMITS, TierLimits
from pixmill.plan.key import Key
from pixmill.ports.observe import Event, NullObserver, Observer
from pixmill.ports.values import Entry
from pixmill.runtime.bounded import BoundedDict, SizedDict

OVERHEAD_BYTES = 1_152
"""Counted for each entry besides body and names: key, strings, metadata, dictionary and ghost (measured: 1,080)."""

MAX_ENTRY_DIVISOR = 8
"""An entry larger than an eighth of the tier would evict too many others: it is not admitted."""

_SMALL_QUEUE_DIVISOR = 10
_PURGE_BATCH = 1_000
_MAX_USES = 3
_MAX_REINSERTIONS = 32
"""Entries reinserted by one put; after that entries are evicted whatever their uses, so that no put takes long."""


@dataclass(slots=True)
class _Slot:
    entry: Entry
    cost_bytes: int
    uses: int = 0


class MemoryTier:
    """``ResultTier`` in this process's memory; answers in a microsecond."""

    def __init__(
        self,
        max_bytes: int,
        observer: Observer | None = None,
        *,
        name: str = "memory",
        limits: TierLimits = NO_LIMITS,
    ) -> None:
        self.name = name
        self._limits = limits or None
        self.max_bytes = max_bytes
        self._observer = observer or NullObserver()
        self._small = _new_queue()
        self._main = _new_queue()
        self._ghosts: BoundedDict[Key, None] = BoundedDict(0)

    @property
    def used_bytes(self) -> int:
        """Cost of all entries; never above ``max_bytes``."""
        return self._small.total_bytes + self._main.total_bytes

    async def get(self, key: Key) -> Entry | Miss:
        return self.peek(key)

    def peek(self, key: Key) -> Entry | Miss:
        """Returns what ``get`` returns, at once."""
        slot = self._main.entries.get(key) or self._small.entries.get(key)
        if slot is None:
            return Miss.ABSENT
        if slot.uses < _MAX_USES:
            slot.uses += 1
        return slot.entry

    async def put(self, key: Key, entry: Entry) -> None:
        """Store the entry; one that is too large only removes what was under its key."""
        admitted = entry if self._limits is None else self._limits.admit(entry, time())
        slot = None if admitted is None else _Slot(admitted, _cost_bytes(admitted))
        main_slot = self._main.pop(key)
        old_slot = main_slot or self._small.pop(key)
        if slot is None or slot.cost_bytes > self.max_bytes // MAX_ENTRY_DIVISOR:
            return
        slot.uses = old_slot.uses if old_slot else 0
        was_ghost = key in self._ghosts
        self._ghosts.pop(key, None)
        (self._main if main_slot or was_ghost else self._small).put(key, slot)
        if self._small.total_bytes + self._main.total_bytes > self.max_bytes // _SMALL_QUEUE_DIVISOR:
            self._evict()

    async def delete(self, key: Key) -> None:
        self._main.pop(key)
        self._small.pop(key)

    async def purge(self, selection: Selection) -> int:
        """Remove purged entries in batches, so that no request waits for longer than a millisecond or two."""
        keys, removed = [*self._main.entries, *self._small.entries], 0
        for first in range(0, len(keys), _PURGE_BATCH):
            for key in keys[first : first + _PURGE_BATCH]:
                slot = self._main.entries.get(key) or self._small.entries.get(key)
                if slot and selection.may_match(key, slot.entry.meta) and selection.is_purged(slot.entry.meta):
                    await self.delete(key)
                    removed += 1
            await asyncio.sleep(0)
        return removed

    async def ping(self) -> None:
        await check_round_trip(self)

    async def close(self) -> None:
        self._small, self._main = _new_queue(), _new_queue()
        self._ghosts.clear()

    def _evict(self) -> None:
        while self._small.total_bytes > self.max_bytes // _SMALL_QUEUE_DIVISOR and len(self._small.entries) > 1:
            self._evict_small()
        reinsertions_left = _MAX_REINSERTIONS
        while self.used_bytes > self.max_bytes:
            reinsertions_left = self._evict_main(reinsertions_left)

    def _evict_small(self) -> None:
        """Move the oldest entry to the main queue if it was used or there is space; else keep its key (a ghost)."""
        key, slot = self._small.pop_oldest()
        if slot.uses or self.used_bytes + slot.cost_bytes <= self.max_bytes:
            slot.uses = 0
            self._main.put(key, slot)
            return
        self._ghosts.max_entries = len(self._main.entries) + len(self._small.entries)
        self._ghosts[key] = None
        self._count_eviction()

    def _evict_main(self, reinsertions_left: int) -> int:
        """Evict the oldest entry without uses; returns how many reinsertions are left."""
        key, slot = self._main.pop_oldest()
        while slot.uses and reinsertions_left:
            reinsertions_left -= 1
            slot.uses -= 1
            self._main.put(key, slot)
            key, slot = self._main.pop_oldest()
        self._count_eviction()
        return reinsertions_left

    def _count_eviction(self) -> None:
        self._observer.increment(Event.CACHE_EVICTION, tier=self.name)


def _new_queue() -> SizedDict[Key, _Slot]:
    return SizedDict(attrgetter("cost_bytes"))


def _cost_bytes(entry: Entry) -> int:
    return OVERHEAD_BYTES + len(entry.body) + sum(map(len, entry.meta.sources)) + sum(map(len, entry.meta.tags))
