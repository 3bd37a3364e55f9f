"""Originals from the web, by a client that is loaded when it is first asked: it takes 8 MB and 0.15 s, for nothing where all pictures are our own.

Must not import what imports aiohttp, but when it has to.
"""

import asyncio
from typing import TYPE_CHECKING

from pixmill.budget import UNBOUNDED, Budget
from pixmill.plan.freshness import Vouched
from pixmill.plan.source import SourceRef
from pixmill.ports import Original
from pixmill.sources.allowlist import AllowList
from pixmill.sources.config import SourcesConfig
from pixmill.sources.lookup import Lookup

if TYPE_CHECKING:
    from pixmill.sources.http import HttpSource


class WebSource:
    """``HttpSource`` from the first fetch on."""

    def __init__(self, config: SourcesConfig, allowed: AllowList, lookup: Lookup, budget: Budget = UNBOUNDED) -> None:
        self._config = config
        self._budget = budget
        self._allowed = allowed
        self._lookup = lookup
        self._http: HttpSource | None = None
        self._loading = asyncio.Lock()

    async def fetch(self, ref: SourceRef) -> Original:
        """As ``HttpSource`` does."""
        return await (self._http or await self._loaded()).fetch(ref)

    async def refetch(self, ref: SourceRef, known: str) -> Original | Vouched:
        """As ``HttpSource`` does."""
        return await (self._http or await self._loaded()).refetch(ref, known)

    async def close(self) -> None:
        """Close every connection; closing twice is harmless."""
        if self._http is not None:
            await self._http.close()

    async def _loaded(self) -> "HttpSource":
        async with self._loading:
            if self._http is None:
                kind = await asyncio.to_thread(_load)
                http = kind(self._config, self._allowed.check, self._lookup, self._budget)
                await http.open()
                self._http = http
            return self._http


def _load() -> "type[HttpSource]":
    from pixmill.sources.http import HttpSource  # noqa: PLC0415 - this is what is put off

    return HttpSource
