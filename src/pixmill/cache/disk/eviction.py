"""Selects the least recently used files of a scan. Knows ages and sizes; must never open a file."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush


@dataclass(slots=True)
class EvictionHeap:
    """Holds the oldest files seen so far, as many as make up ``wanted_bytes``."""

    wanted_bytes: int
    heap: list[tuple[int, int, int, str]] = field(default_factory=list)
    held_bytes: int = 0

    def add(self, age_ns: int, mtime_ns: int, cost_bytes: int, path: str) -> None:
        if self.held_bytes >= self.wanted_bytes and self.heap and age_ns <= self.heap[0][0]:
            return  # it would be the first to go
        heappush(self.heap, (age_ns, mtime_ns, cost_bytes, path))
        self.held_bytes += cost_bytes
        while self.held_bytes - self.heap[0][2] >= self.wanted_bytes:
            self.held_bytes -= heappop(self.heap)[2]

    def oldest_first(self) -> Iterator[tuple[int, str]]:
        """Yields modification time and path. Uses a heap: sorting would hold the GIL for tens of milliseconds."""
        oldest = [(-age_ns, mtime_ns, path) for age_ns, mtime_ns, _, path in self.heap]
        heapify(oldest)
        while oldest:
            _, mtime_ns, path = heappop(oldest)
            yield mtime_ns, path
