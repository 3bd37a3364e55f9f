"""A tier in this process's memory, bounded by bytes, that a scan of pictures asked for once cannot flush.

S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023): what is new waits in a small
queue of a tenth of the bytes; what is asked for there, or comes back soon after it left, moves to the main queue, where
each use buys another round, up to three. Every step is O(1). Bodies are kept as they come, never copied.

Used from the event loop only, so it needs no lock and never waits.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from time import time

from pixmill.cache.bounds import UNBOUNDED, Bounds
from pixmill.cache.tier import Absent, round_trip
from pixmill.plan.key import Key
from pixmill.ports import Entry, Event, Observer, Traced, Unobserved

OVERHEAD_BYTES = 1_024
"""Counted for each entry besides its body and names: key, strings, times, dictionary and ghost (measured: 900 to 1,000)."""

LARGEST_SHARE = 8
"""What is larger than an eighth of the budget would push out too much else: it is not admitted."""

_SMALL_SHARE = 10
_PORTION = 1_000
_MOST_USES = 3
_MOST_ROUNDS = 32
"""Second chances given in one put; then entries go whatever their uses, so that no put takes long."""


@dataclass(slots=True)
class _Slot:
    entry: Entry
    cost: int
    uses: int = 0


@dataclass(slots=True)
class _Queue:
    """First in, first out, with the sum of costs."""

    slots: OrderedDict[Key, _Slot] = field(default_factory=OrderedDict)
    cost: int = 0

    def push(self, key: Key, slot: _Slot) -> None:
        self.slots[key] = slot
        self.cost += slot.cost

    def pop(self) -> tuple[Key, _Slot]:
        key, slot = self.slots.popitem(last=False)
        self.cost -= slot.cost
        return key, slot

    def remove(self, key: Key) -> _Slot | None:
        slot = self.slots.pop(key, None)
        if slot is not None:
            self.cost -= slot.cost
        return slot


class MemoryCache:
    """A tier that answers in a microsecond and is gone with the process."""

    def __init__(
        self,
        max_bytes: int,
        observer: Observer | None = None,
        *,
        name: str = "memory",
        bounds: Bounds = UNBOUNDED,
    ) -> None:
        self.name = name
        self._bounds = bounds
        self.max_bytes = max_bytes
        self._observer = observer or Unobserved()
        self._small = _Queue()
        self._main = _Queue()
        self._ghosts: OrderedDict[Key, None] = OrderedDict()

    @property
    def used_bytes(self) -> int:
        """What the entries are counted as; never above ``max_bytes``."""
        return self._small.cost + self._main.cost

    async def get(self, key: Key) -> Entry | Absent:
        return self.peek(key)

    def peek(self, key: Key) -> Entry | Absent:
        """What ``get`` gives, at once."""
        slot = self._main.slots.get(key) or self._small.slots.get(key)
        if slot is None:
            return Absent.MISS
        if slot.uses < _MOST_USES:
            slot.uses += 1
        return slot.entry

    async def put(self, key: Key, entry: Entry) -> None:
        """Store; too large an entry only removes what was there."""
        in_main = self._main.remove(key)
        old = in_main or self._small.remove(key)
        admitted = self._bounds.admit(entry, time())
        if admitted is None:
            return
        slot = _Slot(admitted, _cost(admitted), old.uses if old else 0)
        if slot.cost > self.max_bytes // LARGEST_SHARE:
            return
        came_back = key in self._ghosts
        self._ghosts.pop(key, None)
        (self._main if in_main or came_back else self._small).push(key, slot)
        self._make_room()

    async def delete(self, key: Key) -> None:
        self._main.remove(key)
        self._small.remove(key)

    async def purge(self, is_gone: Callable[[Traced], bool]) -> int:
        """A portion at a time, so that no request waits for longer than a millisecond or two."""
        keys, removed = [*self._main.slots, *self._small.slots], 0
        for first in range(0, len(keys), _PORTION):
            for key in keys[first : first + _PORTION]:
                slot = self._main.slots.get(key) or self._small.slots.get(key)
                if slot and is_gone(slot.entry):
                    await self.delete(key)
                    removed += 1
            await asyncio.sleep(0)
        return removed

    async def ping(self) -> None:
        await round_trip(self)

    async def close(self) -> None:
        self._small, self._main = _Queue(), _Queue()
        self._ghosts.clear()

    def _make_room(self) -> None:
        while self._small.cost > self.max_bytes // _SMALL_SHARE and len(self._small.slots) > 1:
            self._leave_small()
        rounds = _MOST_ROUNDS
        while self.used_bytes > self.max_bytes:
            rounds = self._leave_main(rounds)

    def _leave_small(self) -> None:
        """The oldest newcomer moves on when somebody asked for it or there is room, else only its key is remembered."""
        key, slot = self._small.pop()
        if slot.uses or self.used_bytes + slot.cost <= self.max_bytes:
            slot.uses = 0
            self._main.push(key, slot)
            return
        self._ghosts[key] = None
        while len(self._ghosts) > len(self._main.slots) + len(self._small.slots):
            self._ghosts.popitem(last=False)
        self._evicted()

    def _leave_main(self, rounds: int) -> int:
        """Evict the oldest that has no uses left, looking at no more than ``rounds``; how many are left of these."""
        key, slot = self._main.pop()
        while slot.uses and rounds:
            rounds -= 1
            slot.uses -= 1
            self._main.push(key, slot)
            key, slot = self._main.pop()
        self._evicted()
        return rounds

    def _evicted(self) -> None:
        self._observer.counted(Event.CACHE_EVICTION, tier=self.name)


def _cost(entry: Entry) -> int:
    return OVERHEAD_BYTES + len(entry.body) + sum(map(len, entry.sources)) + sum(map(len, entry.tags))
