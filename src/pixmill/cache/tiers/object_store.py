"""Tier in an object store (S3, GCS, Azure), shared by all servers that use the bucket.

Knows paths in the store. Evicts nothing: a lifecycle rule of the bucket that expires objects some days after they were
written limits it (an entry that is requested again is written again).

    ab/abcdef…     a blob, by its key; below the prefix of the store
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress
from typing import Final

from pixmill.cache.format.entry import MAX_OVERHEAD_BYTES, decode_header
from pixmill.cache.format.offload import decode_async, encode_async
from pixmill.cache.purge.file_log import ObjectSegments, SegmentedPurgeLog
from pixmill.cache.purge_log import PurgeLog
from pixmill.cache.tier import Miss, check_round_trip
from pixmill.errors import ObjectNotFound, ObjectTooLarge
from pixmill.plan.key import Key
from pixmill.ports.storage import Store
from pixmill.ports.values import Entry, HasPurgeKeys

PURGE_LOG_POLL_S: Final = 5.0
"""Costs 520,000 small requests a month."""

PURGE_PAUSE_S: Final = 0.02
"""Pause between two objects that a purge reads: it may take long, and must not disturb requests."""


class ObjectStoreTier:
    """``ResultTier`` of objects."""

    remote = True

    def __init__(self, store: Store, *, name: str, max_entry_bytes: int) -> None:
        self.name = name
        self._store = store
        self._max_entry_bytes = max_entry_bytes

    async def get(self, key: Key) -> Entry | Miss:
        try:
            blob = await self._store.get(self._path(key), self._max_entry_bytes + MAX_OVERHEAD_BYTES)
        except ObjectNotFound:
            return Miss.ABSENT
        except ObjectTooLarge:
            return Miss.DAMAGED
        return await decode_async(key, blob)

    async def put(self, key: Key, entry: Entry) -> None:
        await self._store.put(self._path(key), await encode_async(key, entry))

    async def delete(self, key: Key) -> None:
        await self._store.delete(self._path(key))

    async def purge(self, is_purged: Callable[[HasPurgeKeys], bool]) -> int:
        """Read the beginning of one object after the other, and remove the purged ones."""
        removed = 0
        async for stat in self._store.list():
            key = Key(stat.path.rpartition("/")[2])
            if stat.path != self._path(key):
                continue
            with suppress(ObjectNotFound):
                entry = decode_header(key, await self._read_head(stat.path))
                if entry is not None and is_purged(entry.meta):
                    await self.delete(key)
                    removed += 1
            await asyncio.sleep(PURGE_PAUSE_S)
        return removed

    def purge_log(self) -> PurgeLog:
        """Returns the purge log in the same bucket."""
        return SegmentedPurgeLog(ObjectSegments(self._store), name=self.name, poll_s=PURGE_LOG_POLL_S)

    async def _read_head(self, path: str) -> bytes:
        _, chunks = await self._store.stream(path)
        async with aclosing(chunks):  # type: ignore[type-var]  # every implementation is a generator
            return await anext(chunks, b"")

    async def ping(self) -> None:
        await check_round_trip(self)

    async def close(self) -> None:
        """Leaves the store open: it belongs to the caller, and originals may come from it too."""

    @staticmethod
    def _path(key: Key) -> str:
        return f"{key[:2]}/{key}"
