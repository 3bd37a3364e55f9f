"""The open stores of a server: each opened once, shared by whoever needs it, closed together.

Knows how a URL names a store; must never know what is kept in it.
"""

from collections import OrderedDict

from pixmill.ports import Pingable, Store
from pixmill.storage.config import StorageConfig
from pixmill.storage.open import locate, open_store

MAX_PASSING = 64
"""Stores kept open that only requests have named (ambient buckets); the one unused for longest gives way."""


class Shelf:
    """Opens stores by URL when they are first asked for."""

    def __init__(self, config: StorageConfig) -> None:
        self._config = config
        self._kept: dict[str, Store] = {}
        self._passing: OrderedDict[str, Store] = OrderedDict()

    def open(self, url: str, *, create: bool = False) -> Store:
        """The store at ``url``, open until ``close``; the same one each time. Raises StoreError."""
        if url not in self._kept:
            self._kept[url] = open_store(url, self._config, create=create)
        return self._kept[url]

    def locate(self, url: str) -> tuple[Store, str]:
        """The store of an object and the object's path in it. Raises StoreDenied for a bucket that is not allowed."""
        place, path = locate(url, self._config)
        return self._kept.get(place) or self._pass(place), path

    def pingables(self) -> dict[str, Pingable]:
        """The named stores, for readiness."""
        return {name: self.open(named.url) for name, named in self._config.stores.items()}

    async def close(self) -> None:
        """Close every store."""
        for stores in (self._kept, self._passing):
            while stores:
                _, store = stores.popitem()
                await store.close()

    def _pass(self, url: str) -> Store:
        store = self._passing.pop(url, None) or open_store(url, self._config)
        self._passing[url] = store
        if len(self._passing) > MAX_PASSING:
            self._passing.popitem(last=False)
        return store
