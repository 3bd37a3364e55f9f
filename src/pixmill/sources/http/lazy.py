"""Loads the HTTP client on the first fetch: it takes 8 MB and 0.15 s, in vain where all originals come from stores.

Must not import aiohttp, even indirectly, before that.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from pixmill.plan.freshness import CacheDirectives
from pixmill.plan.source import SourceRef
from pixmill.ports.observe import Observer
from pixmill.ports.values import Original
from pixmill.runtime.memory_budget import MemoryBudget
from pixmill.sources.allowlist import AllowList
from pixmill.sources.config import SourcesConfig
from pixmill.sources.names.lookup import Lookup

if TYPE_CHECKING:
    from pixmill.sources.http.source import HttpSource


class LazyHttpSource:
    """An ``HttpSource`` that is created on the first fetch."""

    def __init__(
        self,
        config: SourcesConfig,
        allow_list: AllowList,
        lookup: Lookup | None,
        budget: MemoryBudget,
        charge_redirect: Callable[[SourceRef], Awaitable[None]],
        observer: Observer,
    ) -> None:
        self._config = config
        self._budget = budget
        self._allow_list = allow_list
        self._charge_redirect = charge_redirect
        self._observer = observer
        self._lookup = lookup
        self._http: HttpSource | None = None
        self._load_lock = asyncio.Lock()

    @property
    def lookups_in_flight(self) -> int:
        """Look-ups of host names in progress."""
        return self._http.lookups_in_flight if self._http else 0

    async def prepare(self, ref: SourceRef) -> None:
        """See ``HttpSource``."""
        await (self._http or await self._load_once()).prepare(ref)

    async def fetch(self, ref: SourceRef) -> Original:
        """See ``HttpSource``."""
        return await (self._http or await self._load_once()).fetch(ref)

    async def revalidate(self, ref: SourceRef, validator: str) -> Original | CacheDirectives:
        """See ``HttpSource``."""
        return await (self._http or await self._load_once()).revalidate(ref, validator)

    async def close(self) -> None:
        """Close every connection; closing twice is harmless."""
        if self._http is not None:
            await self._http.close()

    async def _load_once(self) -> "HttpSource":
        async with self._load_lock:
            if self._http is None:
                source_class = await asyncio.to_thread(_import_http_source)
                http = source_class(
                    self._config,
                    self._allow_list.check,
                    self._lookup,
                    self._budget,
                    self._charge_redirect,
                    self._observer,
                )
                await http.open()
                self._http = http
            return self._http


def _import_http_source() -> "type[HttpSource]":
    from pixmill.sources.http.source import HttpSource  # noqa: PLC0415 - deferred on purpose

    return HttpSource
