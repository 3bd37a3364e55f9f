"""The open stores of a server: each opened once, shared by whoever needs it, closed together.

Knows how a URL names a store; must never know what is kept in it.
"""

from collections import OrderedDict

from pixmill.ports.observe import Pingable
from pixmill.ports.storage import Store
from pixmill.storage.config import StorageConfig
from pixmill.storage.factory import locate, open_store

MAX_TRANSIENT = 64
"""Stores kept open that only requests have named (ambient buckets); the one unused for longest gives way."""


class StoreRegistry:
    """Opens stores by URL when they are first asked for."""

    def __init__(self, config: StorageConfig) -> None:
        self._config = config
        self._stores: dict[str, Store] = {}
        self._transient: OrderedDict[str, Store] = OrderedDict()

    def open(self, url: str, *, create: bool = False) -> Store:
        """The store at ``url``, open until ``close``; the same one each time. Raises StoreError."""
        if url not in self._stores:
            self._stores[url] = open_store(url, self._config, create=create)
        return self._stores[url]

    def locate(self, url: str) -> tuple[Store, str]:
        """The store of an object and the object's path in it. Raises StoreDenied for a bucket that is not allowed."""
        store_url, path = locate(url, self._config)
        return self._stores.get(store_url) or self._open_transient(store_url), path

    def pingables(self) -> dict[str, Pingable]:
        """The named stores, for readiness."""
        return {name: self.open(named_store.url) for name, named_store in self._config.stores.items()}

    async def close(self) -> None:
        """Close every store."""
        for stores in (self._stores, self._transient):
            while stores:
                _, store = stores.popitem()
                await store.close()

    def _open_transient(self, url: str) -> Store:
        store = self._transient.pop(url, None) or open_store(url, self._config)
        self._transient[url] = store
        if len(self._transient) > MAX_TRANSIENT:
            self._transient.popitem(last=False)
        return store
