"""Disk tier of results: entries as files. ``tier.py`` runs the folder, ``format/entry.py`` defines the blob."""

from collections.abc import Callable, Coroutine
from functools import partial

from pixmill.cache.disk.tier import DiskTier
from pixmill.cache.format.entry import decode, decode_header, encode
from pixmill.cache.tier import Miss
from pixmill.plan.key import Key
from pixmill.ports.values import Entry, HasPurgeKeys


class DiskResultTier(DiskTier):
    """``ResultTier`` in a folder."""

    remote = False

    def get(self, key: Key) -> Coroutine[object, object, Entry | Miss]:
        return self._read(partial(self._read_entry, key))

    async def put(self, key: Key, entry: Entry) -> None:
        await self._store(key, lambda: (encode(key, entry),), entry.meta.lifetime.ends_at)

    async def purge(self, is_purged: Callable[[HasPurgeKeys], bool]) -> int:
        def is_blob_purged(name: str, head: bytes) -> bool:
            entry = decode_header(name, head)
            return entry is not None and is_purged(entry.meta)

        return await self.remove_if(is_blob_purged)

    def _read_entry(self, key: Key) -> Entry | Miss:
        blob = self._folder.read(key, self._quota.margin_bytes + 1)
        if blob is None:
            return Miss.ABSENT
        return decode(key, blob) or self._remove_damaged(key)
