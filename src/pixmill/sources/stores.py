"""Fetches originals from stores: URLs such as ``s3://bucket/key``, and paths below the image root.

Knows the Store port. Must never know its backend, nor credentials: it receives open stores.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Protocol

from pixmill.errors import SourceBadResponse, SourceForbidden, SourceNotFound, SourceTooLarge, StoreDenied
from pixmill.plan.freshness import NO_DIRECTIVES, CacheDirectives
from pixmill.plan.source import SourceRef
from pixmill.ports.storage import Lister, Stater, Streamer
from pixmill.ports.values import Original, OriginalVersion, Stat
from pixmill.runtime.memory_budget import UNLIMITED_BUDGET, MemoryBudget
from pixmill.runtime.spool import Spool
from pixmill.sources.causes import missing_path, near_names
from pixmill.sources.config import SourcesConfig
from pixmill.sources.errors import STORE_ERROR_TYPES, STORE_ERRORS, source_error
from pixmill.storage.paths import HIDDEN_NAME


class ReadableStore(Streamer, Stater, Protocol):
    """A store to read from."""


LocateObject = Callable[[str], tuple[ReadableStore, str]]
"""Returns the open store of an object URL such as ``s3://photos/2026/a.jpg``, and the path in it.

Raises SourceForbidden or StoreDenied for a bucket that is not configured: credentials are the server's, not the
client's.
"""


class PathSource:
    """Fetches paths below the image root."""

    def __init__(
        self,
        config: SourcesConfig,
        images: ReadableStore,
        budget: MemoryBudget = UNLIMITED_BUDGET,
        listed: Lister | None = None,
    ) -> None:
        """``listed`` is the same store if missing files are to be explained by those that are there."""
        self._listed = listed
        self._config = config
        self._budget = budget
        self._images = images

    async def fetch(self, ref: SourceRef) -> Original:
        """Raises SourceError."""
        self._check(ref)
        try:
            return await fetch_object(self._images, ref.text, self._config, self._budget)
        except SourceNotFound as error:
            hint = await near_names(self._listed, ref.text) if self._listed else ""
            raise missing_path(error, ref.text, hint) from error

    def revalidate(self, ref: SourceRef, validator: str) -> Coroutine[Any, Any, Original | CacheDirectives]:
        """Raises SourceError."""
        self._check(ref)
        return _revalidate(self._images, ref.text, self._config, self._budget, validator)

    def _check(self, ref: SourceRef) -> None:
        """Raise SourceNotFound for a hidden path, in a bucket too."""
        if not self._config.images_hidden and HIDDEN_NAME.search(ref.text):
            raise missing_path(SourceNotFound(detail=f"hidden: {ref.text}"), ref.text)


class StoreSource:
    """Fetches store URLs, each from the store that ``locate`` returns."""

    def __init__(self, config: SourcesConfig, locate: LocateObject, budget: MemoryBudget = UNLIMITED_BUDGET) -> None:
        self._config = config
        self._budget = budget
        self._locate = locate

    async def fetch(self, ref: SourceRef) -> Original:
        """Raises SourceError, SourceForbidden."""
        return await fetch_object(*self._locate_translated(ref.text), self._config, self._budget)

    async def revalidate(self, ref: SourceRef, validator: str) -> Original | CacheDirectives:
        """Raises SourceError, SourceForbidden."""
        return await _revalidate(*self._locate_translated(ref.text), self._config, self._budget, validator)

    def _locate_translated(self, url: str) -> tuple[ReadableStore, str]:
        try:
            return self._locate(url)
        except StoreDenied as error:
            raise SourceForbidden(detail=error.message) from error
        except STORE_ERRORS as error:
            raise source_error(error, STORE_ERROR_TYPES) from error


def no_stores(url: str) -> tuple[ReadableStore, str]:
    """Reject every URL: for an installation without stores."""
    raise SourceForbidden(detail=f"no store is configured for {url}")


async def _revalidate(
    store: ReadableStore, path: str, config: SourcesConfig, budget: MemoryBudget, validator: str
) -> Original | CacheDirectives:
    try:
        async with asyncio.timeout(config.source_timeout_s):
            stat = await store.stat(path)
    except STORE_ERRORS as error:
        raise source_error(error, STORE_ERROR_TYPES) from error
    return NO_DIRECTIVES if _validator(stat) == validator else await fetch_object(store, path, config, budget)


async def fetch_object(store: ReadableStore, path: str, config: SourcesConfig, budget: MemoryBudget) -> Original:
    """Read an object into a spool that the caller closes. Raises SourceError."""
    try:
        async with asyncio.timeout(config.source_timeout_s):
            stat, chunks = await store.stream(path)
            try:
                return await _read_original(stat, chunks, config.max_source_bytes, budget)
            finally:
                await _close_chunks(chunks)
    except STORE_ERRORS as error:
        raise source_error(error, STORE_ERROR_TYPES) from error


async def _read_original(stat: Stat, chunks: AsyncIterator[bytes], max_bytes: int, budget: MemoryBudget) -> Original:
    if stat.size > max_bytes:
        raise SourceTooLarge(detail=f"{stat.size} bytes are stored")
    spool = Spool(max_bytes, reservation=budget.new_reservation())
    try:
        spool.expect(stat.size)
        async for chunk in chunks:
            await spool.append(chunk)
        _check_complete(spool, stat.size)
    except BaseException:
        spool.close()
        raise
    return Original(spool, OriginalVersion(_validator(stat), modified=max(0.0, stat.modified)))


def _validator(stat: Stat) -> str:
    return f"store:{stat.validator}"


def _check_complete(spool: Spool, size: int) -> None:
    if spool.size != size:
        raise SourceBadResponse(detail=f"{spool.size} of {size} bytes received")


async def _close_chunks(chunks: AsyncIterator[bytes]) -> None:
    """Close a generator at once, not when it is collected."""
    close = getattr(chunks, "aclose", None)
    if close is not None:
        await close()
