"""In-memory LRU cache of originals: another size of the same image costs no download.

Knows spools and a byte limit. Must never know how long an original is fresh (``versions.py`` does). Nothing is copied: an
entry is one more descriptor of the same memory file.
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
"""Counted for each besides its pages: inode, descriptor and metadata."""

MAX_SIZE_DIVISOR: Final = 4
"""An original larger than a quarter of the limit would evict too many others: it is not cached."""

_MAX_ENTRIES: Final = 1_024
_DESCRIPTOR_DIVISOR: Final = 4
"""Each holds a descriptor: at most a quarter of RLIMIT_NOFILE, the rest is for connections."""


class MemoryOriginalCache:
    """The most recently used originals, within ``max_bytes`` of memory; 0 disables the cache."""

    def __init__(self, max_bytes: int, observer: Observer) -> None:
        self._max_bytes = max_bytes
        self._max_entries = min(_MAX_ENTRIES, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // _DESCRIPTOR_DIVISOR)
        self._observer = observer
        self._entries: OrderedDict[SourceRef, Original] = OrderedDict()
        self.used_bytes = 0

    def put(self, ref: SourceRef, original: Original) -> None:
        """Store or replace the original of this source, if it is storable and not too large."""
        self.delete(ref)
        cost_bytes = _cost_bytes(original)
        if not original.version.directives.storable or cost_bytes > self._max_bytes // MAX_SIZE_DIVISOR:
            return
        self._entries[ref] = replace(original, spool=original.spool.share())
        self.used_bytes += cost_bytes
        while self.used_bytes > self._max_bytes or len(self._entries) > self._max_entries:
            self._evict()

    def get(self, ref: SourceRef) -> Original | None:
        """Return the original; its spool stays the cache's, so the caller shares it."""
        original = self._entries.get(ref)
        if self._max_bytes:
            self._observer.increment(Event.CACHE_LOOKUP, tier="originals", outcome="hit" if original else "miss")
        if original is not None:
            self._entries.move_to_end(ref)
        return original

    def delete(self, ref: SourceRef) -> None:
        """Remove the original; callers that share its spool keep it."""
        original = self._entries.pop(ref, None)
        if original is not None:
            self._release(original)

    def evict_to(self, max_bytes: int) -> None:
        """Evict the least recently used until at most ``max_bytes`` are used."""
        while self.used_bytes > max_bytes:
            self._evict()

    def reclaim(self, needed_bytes: int) -> None:
        """Evict ``needed_bytes``, least recently used first; memory of shared spools is freed when they are closed."""
        self.evict_to(max(0, self.used_bytes - needed_bytes))

    def close(self) -> None:
        """Release all originals."""
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
