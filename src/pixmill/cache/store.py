"""A tier over a store (S3 and the like), shared by all servers that use the bucket.

Knows paths in the store. Nothing is evicted here: a lifecycle rule of the bucket that expires objects
some days after they were written bounds it (whatever is asked for again is simply written again).

    ab/abcdef…     a blob, by its key; the store's own prefix comes before
"""

from typing import Final

from pixmill.cache.blobs import packed, unpacked
from pixmill.cache.tier import Absent, round_trip
from pixmill.errors import ObjectNotFound, ObjectTooLarge
from pixmill.plan.key import Key
from pixmill.ports import Entry, Store

HEADER_BYTES: Final = 64 * 1024
"""More than the rest of a blob ever takes."""


class StoreCache:
    """A tier of objects."""

    def __init__(self, store: Store, *, name: str, max_entry_bytes: int) -> None:
        self.name = name
        self._store = store
        self._max_entry_bytes = max_entry_bytes

    async def get(self, key: Key) -> Entry | Absent:
        try:
            blob = await self._store.get(self._path(key), self._max_entry_bytes + HEADER_BYTES)
        except ObjectNotFound:
            return Absent.MISS
        except ObjectTooLarge:
            return Absent.DAMAGED
        return await unpacked(key, blob)

    async def put(self, key: Key, entry: Entry) -> None:
        await self._store.put(self._path(key), await packed(key, entry))

    async def delete(self, key: Key) -> None:
        await self._store.delete(self._path(key))

    async def ping(self) -> None:
        await round_trip(self)

    async def close(self) -> None:
        """The store belongs to whoever opened it: originals may come from it too."""

    @staticmethod
    def _path(key: Key) -> str:
        return f"{key[:2]}/{key}"
