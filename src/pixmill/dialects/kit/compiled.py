"""A cache of what options mean: many images share a few texts of options. Knows keys, and must never know a dialect.

The text of a client is the key, so both the number of entries and the length of a key are bounded.
"""

from collections.abc import Hashable
from typing import Final, Generic, TypeVar

from pixmill.runtime.bounded import BoundedDict

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MAX_ENTRIES: Final = 1_024
MAX_KEY_LENGTH: Final = 512
"""Of the texts in a key, in characters or bytes: longer ones are compiled each time, and half a megabyte of keys is the
most that a mount keeps."""


class CompiledCache(Generic[K, V]):
    """Compiled options by their text, without what belongs to one request: its source, its signature, its expiry."""

    __slots__ = ("_entries", "get")

    def __init__(self, max_entries: int = MAX_ENTRIES) -> None:
        self._entries: BoundedDict[K, V] = BoundedDict(max_entries)
        self.get = self._entries.get
        """Return what was put under a key, or None."""

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, key: K, value: V, length: int) -> V:
        """Keep a value under a key whose texts have this length, if that is short enough, and return it."""
        if length <= MAX_KEY_LENGTH:
            self._entries[key] = value
        return value
