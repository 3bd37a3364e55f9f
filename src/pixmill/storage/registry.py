"""Store registry: opens each store once, shares it, and closes all together.

Knows URLs of stores; must never know what is stored in them.
"""

from pixmill.ports.observe import Pingable
from pixmill.ports.storage import Store
from pixmill.runtime.bounded import BoundedDict
from pixmill.storage.config import StorageConfig
from pixmill.storage.factory import locate, open_store
from pixmill.storage.rooted_fs import ALL_FILES, ServedFiles

MAX_TRANSIENT = 64
"""Stores open for requests only (buckets with ambient credentials); the least recently used is evicted."""


class StoreRegistry:
    """Opens stores by URL on first use."""

    def __init__(self, config: StorageConfig) -> None:
        self._config = config
        self._stores: dict[str, Store] = {}
        self._transient: BoundedDict[str, Store] = BoundedDict(MAX_TRANSIENT)

    def open(self, url: str, *, create: bool = False, served: ServedFiles = ALL_FILES) -> Store:
        """Return the store at ``url``, always the same one, open until ``close``. Raises StoreError.

        ``create`` and ``served`` count for the call that opens it.
        """
        if url not in self._stores:
            self._stores[url] = open_store(url, self._config, create=create, served=served)
        return self._stores[url]

    def locate(self, url: str) -> tuple[Store, str]:
        """Return the store of an object and its path there. Raises StoreDenied for a bucket that is not allowed."""
        store_url, path = locate(url, self._config)
        return self._stores.get(store_url) or self._open_transient(store_url), path

    def pingables(self) -> dict[str, Pingable]:
        """Return the named stores, for the readiness probe."""
        return {name: self.open(named_store.url) for name, named_store in self._config.stores.items()}

    async def close(self) -> None:
        """Close every store."""
        for stores in (self._stores, self._transient):
            while stores:
                _, store = stores.popitem()
                await store.close()

    def _open_transient(self, url: str) -> Store:
        store = self._transient.get(url) or open_store(url, self._config)
        self._transient[url] = store
        return store
