"""A tier of results on a file system. How a folder works is in ``room.py``, and what a blob says in ``entry.py``."""

from collections.abc import Callable

from pixmill.cache.entry import decode, encode, heading
from pixmill.cache.freshness import end_of
from pixmill.cache.room import Room
from pixmill.cache.tier import Absent
from pixmill.plan.key import Key
from pixmill.ports import Entry, Traced


class DiskCache(Room):
    """Entries as files, one each."""

    remote = False

    async def get(self, key: Key) -> Entry | Absent:
        return await self._read(lambda: self._entry(key)) or Absent.SKIPPED

    async def put(self, key: Key, entry: Entry) -> None:
        await self._store(key, lambda: (encode(key, entry),), end_of(entry))

    async def purge(self, is_gone: Callable[[Traced], bool]) -> int:
        def is_blob_gone(name: str, beginning: bytes) -> bool:
            entry = heading(name, beginning)
            return entry is not None and is_gone(entry)

        return await self.remove_if(is_blob_gone)

    def _entry(self, key: Key) -> Entry | Absent:
        blob = self._folder.read(key, self._ledger.margin + 1)
        if blob is None:
            return Absent.MISS
        return decode(key, blob) or self._damaged(key)
