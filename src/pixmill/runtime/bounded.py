"""Ordered dictionaries with a limit: by number of entries, or by the sum of their sizes.

Must never know what the entries are. Not thread-safe: each belongs to one thread.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class BoundedDict(OrderedDict[K, V]):
    """A dictionary of at most ``max_entries``: a write makes its key the newest, and evicts the oldest when it is full.

    A read does not change the order, so it costs no more than with a plain dictionary.
    """

    def __init__(self, max_entries: int) -> None:
        super().__init__()
        self.max_entries = max_entries

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        while len(self) > self.max_entries:
            self.popitem(last=False)


class SizedDict(Generic[K, V]):
    """An ordered dictionary that adds up the sizes of its values. Its owner decides when to evict.

    ``entries`` is for reading, and for marking one as the newest (``move_to_end``); changes go through the methods.
    """

    __slots__ = ("_size_of", "entries", "total_bytes")

    def __init__(self, size_of: Callable[[V], int]) -> None:
        """``size_of`` returns the same size for a value as long as it is stored."""
        self.entries: OrderedDict[K, V] = OrderedDict()
        self.total_bytes = 0
        self._size_of = size_of

    def put(self, key: K, value: V) -> V | None:
        """Store as the newest entry, and return the value that ``key`` had before."""
        replaced = self.pop(key)
        self.entries[key] = value
        self.total_bytes += self._size_of(value)
        return replaced

    def pop(self, key: K) -> V | None:
        value = self.entries.pop(key, None)
        if value is not None:
            self.total_bytes -= self._size_of(value)
        return value

    def pop_oldest(self) -> tuple[K, V]:
        """Remove and return the oldest entry. Raises KeyError when empty."""
        key, value = self.entries.popitem(last=False)
        self.total_bytes -= self._size_of(value)
        return key, value
