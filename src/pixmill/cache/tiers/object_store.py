"""Tier in an object store (S3, GCS, Azure), shared by all servers that use the bucket.

Knows paths in the store. Evicts nothing: a lifecycle rule of the bucket that expires objects some days after they were
written limits it (an entry that is requested again is written again).

    0123456789abcdef/…          a blob, by its key, in the folder of its source; below the prefix of the store
    i/0123456789abcdef/KEY      empty: the entry KEY has this tag, or this source as an overlay or mask

So a purge of a source or a tag lists two folders and deletes what is in them, a thousand objects a request. The index
is written before the entry. Objects newer than the purge stay, unread: a rule keeps those from being served that were
made of an older original.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, suppress
from math import inf
from typing import Final

from pixmill.cache.format.entry import MAX_OVERHEAD_BYTES, decode_header
from pixmill.cache.format.offload import decode_async, encode_async
from pixmill.cache.purge.file_log import SegmentedPurgeLog
from pixmill.cache.purge.segments import ObjectSegments
from pixmill.cache.purge_log import PurgeLog
from pixmill.cache.tier import Miss, Selection, check_round_trip
from pixmill.errors import ObjectNotFound, ObjectTooLarge
from pixmill.plan.key import SOURCE_DIGITS, Key, source_digits
from pixmill.plan.purge import PurgeScope
from pixmill.plan.purge_rule import text_digest
from pixmill.ports.storage import BulkDeleter, Store
from pixmill.ports.values import Entry, EntryMetadata, Stat

PURGE_LOG_POLL_S: Final = 5.0
"""Costs 520,000 small requests a month."""

PURGE_PAUSE_S: Final = 0.02
"""Pause between two objects that a purge reads: it may take long, and must not disturb requests."""

INDEX_FOLDER: Final = "i"
_KEY_DIGITS: Final = 64
_MAX_BATCH: Final = 1_000


class ObjectStoreTier:
    """``ResultTier`` of objects."""

    remote = True

    def __init__(self, store: Store, *, name: str, max_entry_bytes: int) -> None:
        self.name = name
        self._store = store
        self._max_entry_bytes = max_entry_bytes

    async def get(self, key: Key) -> Entry | Miss:
        try:
            blob = await self._store.get(_path(key), self._max_entry_bytes + MAX_OVERHEAD_BYTES)
        except ObjectNotFound:
            return Miss.ABSENT
        except ObjectTooLarge:
            return Miss.DAMAGED
        return await decode_async(key, blob)

    async def put(self, key: Key, entry: Entry) -> None:
        await asyncio.gather(*(self._store.put(path, b"") for path in _index_paths(key, entry.meta)))
        await self._store.put(_path(key), await encode_async(key, entry))

    async def delete(self, key: Key) -> None:
        await self._store.delete(_path(key))

    async def purge(self, selection: Selection) -> int:
        """Delete what is named; objects are read only where a prefix or all rules in force are looked for."""
        if selection.is_narrow:
            return await self._purge_named(selection)
        if selection.new is None:
            return await self._delete_each(self._purged_objects(selection))
        everything = max((rule.at for rule in selection.new if rule.scope is PurgeScope.ALL), default=0.0)
        removed = await self._delete_each(self._objects_until(everything)) if everything else 0
        removed += await self._purge_named(selection)
        if any(rule.scope is PurgeScope.PREFIX for rule in selection.new):
            removed += await self._delete_each(self._objects_of_purged_sources(selection))
        return removed

    def purge_log(self) -> PurgeLog:
        """Returns the purge log in the same bucket."""
        return SegmentedPurgeLog(ObjectSegments(self._store), name=self.name, poll_s=PURGE_LOG_POLL_S)

    async def ping(self) -> None:
        await check_round_trip(self)

    async def close(self) -> None:
        """Leaves the store open: it belongs to the caller, and originals may come from it too."""

    async def _purge_named(self, selection: Selection) -> int:
        """Delete the objects of named sources, and those that the index has of named sources and tags."""
        removed = 0
        for digits, at in selection.times_by_source.items():
            removed += await self._delete_each(self._objects_until(at, digits))
        named: Mapping[str, float] = {**selection.times_by_source, **selection.times_by_tag}
        for digits, at in named.items():
            removed += await self._delete_each(self._indexed_objects(digits, at))
        return removed

    async def _delete_each(self, paths: AsyncIterator[str]) -> int:
        """Delete these objects; returns the number of entries among them."""
        removed, batch = 0, []
        async for path in paths:
            removed += not path.startswith(f"{INDEX_FOLDER}/")
            batch.append(path)
            if len(batch) >= _MAX_BATCH:
                await self._delete_all(batch)
                batch = []
        if batch:
            await self._delete_all(batch)
        return removed

    async def _delete_all(self, paths: list[str]) -> None:
        if isinstance(self._store, BulkDeleter):
            await self._store.delete_all(paths)
            return
        for path in paths:
            await self._store.delete(path)

    async def _objects(self, folder: str = "") -> AsyncIterator[tuple[Key, Stat]]:
        async for stat in self._store.list(folder):
            key = Key(stat.path.replace("/", ""))
            if len(key) == _KEY_DIGITS and stat.path == _path(key):
                yield key, stat

    async def _objects_until(self, at: float, folder: str = "") -> AsyncIterator[str]:
        async for _, stat in self._objects(folder):
            if stat.modified <= at:
                yield stat.path

    async def _indexed_objects(self, digits: str, at: float) -> AsyncIterator[str]:
        """Yield the entries of an index, and then its objects."""
        async for stat in self._store.list(f"{INDEX_FOLDER}/{digits}"):
            if stat.modified <= at:
                yield _path(Key(stat.path.rpartition("/")[2]))
                yield stat.path

    async def _objects_of_purged_sources(self, selection: Selection) -> AsyncIterator[str]:
        """Yield all objects of a source if the first one that is read is purged."""
        latest = max((rule.at for rule in selection.new or ()), default=inf)
        purged: dict[str, bool] = {}
        async for key, stat in self._objects():
            folder = key[:SOURCE_DIGITS]
            if folder not in purged:
                purged[folder] = await self._is_purged(key, selection)
                await asyncio.sleep(PURGE_PAUSE_S)
            if purged[folder] and stat.modified <= latest:
                yield stat.path

    async def _purged_objects(self, selection: Selection) -> AsyncIterator[str]:
        async for key, stat in self._objects():
            if await self._is_purged(key, selection):
                yield stat.path
            await asyncio.sleep(PURGE_PAUSE_S)

    async def _is_purged(self, key: Key, selection: Selection) -> bool:
        with suppress(ObjectNotFound):
            entry = decode_header(key, await self._read_head(_path(key)))
            return entry is not None and selection.is_purged(entry.meta)
        return False

    async def _read_head(self, path: str) -> bytes:
        _, chunks = await self._store.stream(path)
        async with aclosing(chunks):  # type: ignore[type-var]  # every implementation is a generator
            return await anext(chunks, b"")


def _path(key: Key) -> str:
    return f"{key[:SOURCE_DIGITS]}/{key[SOURCE_DIGITS:]}"


def _index_paths(key: Key, meta: EntryMetadata) -> list[str]:
    """Return the paths of the index of an entry: its tags, and its sources but the one that its key begins with."""
    digits = {source_digits(source) for source in meta.sources} - {key[:SOURCE_DIGITS]}
    digits.update(text_digest(tag).hex() for tag in meta.tags)
    return [f"{INDEX_FOLDER}/{one}/{key}" for one in sorted(digits)]
