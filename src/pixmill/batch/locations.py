"""Opens the stores of a batch by URL, and reads originals from them.

Knows stores and sources. Must never know images.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar

from msgspec import Struct

from pixmill.batch.patterns import MEMORY_SCHEME
from pixmill.errors import InternalError, PixmillError, StoreError, release_frames
from pixmill.plan.source import parse_source
from pixmill.ports.pipeline import Source
from pixmill.ports.storage import Store
from pixmill.runtime.backoff import Backoff
from pixmill.runtime.memory_budget import UNLIMITED_BUDGET
from pixmill.runtime.spool import Spool
from pixmill.settings import Settings
from pixmill.sources.stores import fetch_object
from pixmill.storage.factory import open_store
from pixmill.storage.files import FileStore

T = TypeVar("T")

TRANSIENT_CODES: Final = frozenset(
    ("store_unavailable", "source_unreachable", "source_timeout", "source_busy", "queue_full")
)
"""Failures that may have passed a moment later."""

ATTEMPTS: Final = 6
BACKOFF: Final = Backoff(initial_s=0.5, max_s=15.0, jitter=True)
"""About half a minute in all: the time in which object stores scale out when they answer 503 Slow Down."""


class Item(Struct, frozen=True):
    """An original: the URL of its store and its path there; on the web, ``location`` is empty and ``path`` the URL.

    ``name`` is its path for placeholders. ``validator`` changes with its bytes, where the listing says so.
    """

    location: str
    path: str
    name: str
    validator: str = ""

    @property
    def url(self) -> str:
        return f"{self.location.rstrip('/')}/{self.path}" if self.location else self.path


class Locations:
    """Stores by URL, each opened once. ``opened`` are stores of memory, by URL, for tests."""

    def __init__(
        self, settings: Settings, source: Source | None = None, opened: dict[str, Store] | None = None
    ) -> None:
        self._settings = settings
        self._source = source
        self._stores: dict[str, Store] = dict(opened or {})
        self._borrowed = frozenset(self._stores)
        self._prefixes = tuple(f"{named.url.rstrip('/')}/" for named in settings.stores.values())

    def open(self, url: str, *, create: bool = False, on_unlisted: Callable[[str, str], None] | None = None) -> Store:
        """Return the store at ``url``. ``on_unlisted`` is called with what a listing leaves out. Raises StoreError."""
        store = self._stores.get(url)
        if store is None:
            store = self._stores[url] = self._open(url, create=create)
        if on_unlisted is not None and hasattr(store, "on_unlisted"):
            store.on_unlisted = on_unlisted
        return store

    def _open(self, url: str, *, create: bool) -> Store:
        if url.startswith("/"):
            return FileStore(Path(url), self._settings.store_timeout_s, create=create)
        if url.startswith(f"{MEMORY_SCHEME}://"):
            raise StoreError("There is no such store in memory", detail=url)
        return open_store(url, self._settings, create=create)

    def narrowed(self, item: Item) -> Item:
        """Return an object of a bucket in the named store that has it, whose credentials may be for its prefix only."""
        if not self._prefixes or not item.location or item.location.startswith("/"):
            return item
        url, least = item.url, len(item.location) + 1
        found = max((one for one in self._prefixes if len(one) > least and url.startswith(one)), key=len, default="")
        return Item(found[:-1], url[len(found) :], item.name, item.validator) if found else item

    async def read(self, item: Item) -> Spool:
        """Read an original into a spool that the caller closes. Raises SourceError, Forbidden, InvalidParameter."""
        if item.location:
            store = self.open(item.location)
            return (await fetch_object(store, item.path, self._settings, UNLIMITED_BUDGET)).spool
        if self._source is None:
            raise InternalError(detail="no source")
        return (await self._source.fetch(parse_source(item.path))).spool

    async def close(self) -> None:
        for url, store in self._stores.items():
            if url not in self._borrowed:
                await store.close()


async def retried(attempt: Callable[[], Awaitable[T]]) -> T:
    """Await ``attempt()``, again after failures that may have passed. Raises what the last one raises."""
    for number in range(ATTEMPTS - 1):
        try:
            return await attempt()
        except PixmillError as error:
            if error.code not in TRANSIENT_CODES:
                raise
            wait_s = max(BACKOFF.delay_s(number), min(error.retry_after_s or 0.0, BACKOFF.max_s))
            release_frames(error)
        await asyncio.sleep(wait_s)
    return await attempt()
