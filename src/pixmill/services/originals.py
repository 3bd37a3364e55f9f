"""Originals that were fetched, so that another size of the same picture costs no download.

Knows spools and a budget. Must never know for how long an original is good: that is on record with the word of its source
(``records.py``). Nothing is copied: what is kept is one more descriptor of the same memory file.
"""

import resource
from collections import OrderedDict
from dataclasses import replace
from typing import Final

from pixmill.plan.source import SourceRef
from pixmill.ports import Event, Observer, Original, Unobserved

PAGE_BYTES: Final = 4_096
OVERHEAD_BYTES: Final = 2_048
"""Counted for each besides its pages: the file's inode, its descriptor, what is said of it."""

LARGEST_SHARE: Final = 4
"""What is larger than a quarter of the budget would push out too much else: it is not kept."""

_MOST: Final = 1_024
_SHARE_OF_DESCRIPTORS: Final = 4
"""Each holds a descriptor: a quarter of those that this process may have, the rest is for connections."""


class Originals:
    """The originals used last, within ``max_bytes`` of memory; 0 keeps none."""

    def __init__(self, max_bytes: int, observer: Observer) -> None:
        self._max_bytes = max_bytes
        self._most = min(_MOST, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // _SHARE_OF_DESCRIPTORS)
        self._observer = observer
        self._kept: OrderedDict[SourceRef, Original] = OrderedDict()
        self.used_bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, ref: SourceRef, original: Original) -> None:
        """In place of what was kept of this source, if it may be and has room."""
        self.forget(ref)
        cost = _cost(original)
        if not original.vouched.may_keep or cost > self._max_bytes // LARGEST_SHARE:
            return
        self._kept[ref] = replace(original, spool=original.spool.share())
        self.used_bytes += cost
        while self.used_bytes > self._max_bytes or len(self._kept) > self._most:
            self._evict()

    def find(self, ref: SourceRef) -> Original | None:
        """The original as it was kept. Its spool stays ours: whoever goes on with it shares it."""
        original = self._kept.get(ref)
        if self._max_bytes:
            self._observer.counted(Event.CACHE_LOOKUP, tier="originals", outcome="hit" if original else "miss")
        if original is not None:
            self._kept.move_to_end(ref)
        return original

    def forget(self, ref: SourceRef) -> None:
        """Let go of it; whoever works on it still has it."""
        original = self._kept.pop(ref, None)
        if original is not None:
            self._drop(original)

    def shrink(self, max_bytes: int) -> None:
        """Let go of the least recently used until no more than this is held."""
        while self.used_bytes > max_bytes:
            self._evict()

    def relieve(self, size: int) -> None:
        """Let go of so many bytes, those of what was used the longest ago; what is worked on still stays in memory until that is done."""
        self.shrink(max(0, self.used_bytes - size))

    def close(self) -> None:
        """Let go of everything."""
        for original in self._kept.values():
            original.spool.close()
        self._kept.clear()
        self.used_bytes = 0

    def _evict(self) -> None:
        _, original = self._kept.popitem(last=False)
        self._drop(original)
        self._observer.counted(Event.CACHE_EVICTION, tier="originals")

    def _drop(self, original: Original) -> None:
        self.used_bytes -= _cost(original)
        original.spool.close()


def _cost(original: Original) -> int:
    return -(-original.spool.size // PAGE_BYTES) * PAGE_BYTES + OVERHEAD_BYTES


NOWHERE: Final = Originals(0, Unobserved())
"""Keeps nothing."""
