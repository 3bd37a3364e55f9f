"""Originals from stores: ``s3://bucket/key`` and its like, and paths below the image root.

Knows the Store port. Must never know which backend is behind it, nor credentials: whoever wires it gives open stores.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from pixmill.budget import UNBOUNDED, Budget
from pixmill.errors import SourceBroken, SourceForbidden, SourceTooLarge, StoreDenied
from pixmill.plan.freshness import SILENT, Vouched
from pixmill.plan.source import SourceRef
from pixmill.ports import Original, Stat, Stater, Streamer
from pixmill.sources.config import SourcesConfig
from pixmill.sources.faults import STORE_FAULTS, named_here
from pixmill.spool import Spool


class Supply(Streamer, Stater, Protocol):
    """What of a store is needed here."""


Locate = Callable[[str], tuple[Supply, str]]
"""From the URL of an object, such as ``s3://photos/2026/a.jpg``, to its store, open, and its path in there.

Raises SourceForbidden or StoreDenied for a bucket that nobody configured: its credentials are the server's, not the client's.
"""


class PathSource:
    """Fetches paths below the image root."""

    def __init__(self, config: SourcesConfig, images: Supply, budget: Budget = UNBOUNDED) -> None:
        self._config = config
        self._budget = budget
        self._images = images

    async def fetch(self, ref: SourceRef) -> Original:
        """Raises SourceError."""
        return await _taken(self._images, ref.text, self._config, self._budget)

    async def refetch(self, ref: SourceRef, known: str) -> Original | Vouched:
        """Raises SourceError."""
        return await _retaken(self._images, ref.text, self._config, self._budget, known)


class StoreSource:
    """Fetches store URLs, each from the store that ``locate`` has for it."""

    def __init__(self, config: SourcesConfig, locate: Locate, budget: Budget = UNBOUNDED) -> None:
        self._config = config
        self._budget = budget
        self._locate = locate

    async def fetch(self, ref: SourceRef) -> Original:
        """Raises SourceError, SourceForbidden."""
        return await _taken(*self._find(ref.text), self._config, self._budget)

    async def refetch(self, ref: SourceRef, known: str) -> Original | Vouched:
        """Raises SourceError, SourceForbidden."""
        return await _retaken(*self._find(ref.text), self._config, self._budget, known)

    def _find(self, url: str) -> tuple[Supply, str]:
        with named_here(STORE_FAULTS):
            try:
                return self._locate(url)
            except StoreDenied as error:
                raise SourceForbidden(detail=error.message) from error


def nowhere(url: str) -> tuple[Supply, str]:
    """The places of an installation without stores."""
    raise SourceForbidden(detail=f"no store is configured for {url}")


async def _retaken(store: Supply, path: str, config: SourcesConfig, budget: Budget, known: str) -> Original | Vouched:
    with named_here(STORE_FAULTS):
        async with asyncio.timeout(config.source_timeout_s):
            stat = await store.stat(path)
    return SILENT if _validator(stat) == known else await _taken(store, path, config, budget)


async def _taken(store: Supply, path: str, config: SourcesConfig, budget: Budget) -> Original:
    with named_here(STORE_FAULTS):
        async with asyncio.timeout(config.source_timeout_s):
            stat, chunks = await store.stream(path)
            try:
                return await _original(stat, chunks, config.max_source_bytes, budget)
            finally:
                await _end(chunks)


async def _original(stat: Stat, chunks: AsyncIterator[bytes], max_bytes: int, budget: Budget) -> Original:
    if stat.size > max_bytes:
        raise SourceTooLarge(detail=f"{stat.size} bytes are stored")
    spool = Spool(max_bytes, claim=budget.claim())
    try:
        spool.expect(stat.size)
        async for chunk in chunks:
            await spool.append(chunk)
        _check_whole(spool, stat.size)
    except BaseException:
        spool.close()
        raise
    return Original(spool, _validator(stat), modified=max(0.0, stat.modified))


def _validator(stat: Stat) -> str:
    return f"store:{stat.validator}"


def _check_whole(spool: Spool, size: int) -> None:
    if spool.size != size:
        raise SourceBroken(detail=f"{spool.size} of {size} bytes came")


async def _end(chunks: AsyncIterator[bytes]) -> None:
    """Let a generator give back what it holds now, not when it is collected."""
    close = getattr(chunks, "aclose", None)
    if close is not None:
        await close()
