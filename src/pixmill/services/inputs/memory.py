"""Originals that were fetched, so that another size of the same picture costs no download.

Knows spools and a budget. Must never know for how long an original is good: that is on record with the word of its source
(``versions.py``). Nothing is copied: what is kept is one more descriptor of the same memory file.
"""

import resource
from collections import OrderedDict
from dataclasses import replace
from typing import Final

from pixmill.plan.source import SourceRef
from pixmill.ports.observe import Event, NullObserver, Observer
from pixmill.ports.values import Original

PAGE_BYTES: Final = 4_096
OVERHEAD_BYTES: Final = 2_048
"""Counted for each besides its pages: the file's inode, its descriptor, what is said of it."""

MAX_SIZE_DIVISOR: Final = 4
"""What is larger than a quarter of the budget would push out too much else: it is not kept."""

_MAX_ENTRIES: Final = 1_024
_DESCRIPTOR_DIVISOR: Final = 4
"""Each holds a descriptor: a quarter of those that this process may have, the rest is for connections."""


class MemoryOriginalCache:
    """The originals used last, within ``max_bytes`` of memory; 0 keeps none."""

    def __init__(self, max_bytes: int, observer: Observer) -> None:
        self._max_bytes = max_bytes
        self._max_entries = min(_MAX_ENTRIES, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // _DESCRIPTOR_DIVISOR)
        self._observer = observer
        self._entries: OrderedDict[SourceRef, Original] = OrderedDict()
        self.used_bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, ref: SourceRef, original: Original) -> None:
        """In place of what was kept of this source, if it may be and has room."""
        self.delete(ref)
        cost_bytes = _cost_bytes(original)
        if not original.directives.storable or cost_bytes > self._max_bytes // MAX_SIZE_DIVISOR:
            return
        self._entries[ref] = replace(original, spool=original.spool.share())
        self.used_bytes += cost_bytes
        while self.used_bytes > self._max_bytes or len(self._entries) > self._max_entries:
            self._evict()

    def get(self, ref: SourceRef) -> Original | None:
        """The original as it was kept. Its spool stays ours: whoever goes on with it shares it."""
        original = self._entries.get(ref)
        if self._max_bytes:
            self._observer.increment(Event.CACHE_LOOKUP, tier="originals", outcome="hit" if original else "miss")
        if original is not None:
            self._entries.move_to_end(ref)
        return original

    def delete(self, ref: SourceRef) -> None:
        """Let go of it; whoever works on it still has it."""
        original = self._entries.pop(ref, None)
        if original is not None:
            self._release(original)

    def evict_to(self, max_bytes: int) -> None:
        """Let go of the least recently used until no more than this is held."""
        while self.used_bytes > max_bytes:
            self._evict()

    def reclaim(self, needed_bytes: int) -> None:
        """Let go of so many bytes, those of what was used the longest ago; what is worked on still stays in memory until that is done."""
        self.evict_to(max(0, self.used_bytes - needed_bytes))

    def close(self) -> None:
        """Let go of everything."""
        for original in self._entries.values():
            original.spool.close()
        self._entries.clear()
        self.used_bytes = 0

    def _evict(self) -> None:
        _, original = self._entries.popitem(last=False)
        self._release(original)
        self._observer.increment(Event.CACHE_EVICTION, tier="originals")

    def _release(self, original: Original) -> None:
        self.used_bytes -= _cost_bytes(original)
        original.spool.close()


def _cost_bytes(original: Original) -> int:
    return -(-original.spool.size // PAGE_BYTES) * PAGE_BYTES + OVERHEAD_BYTES


NO_ORIGINAL_CACHE: Final = MemoryOriginalCache(0, NullObserver())
"""Keeps nothing."""
