"""A tier over a store (S3 and the like), shared by all servers that use the bucket.

Knows paths in the store. Nothing is evicted here: a lifecycle rule of the bucket that expires objects
some days after they were written bounds it (whatever is asked for again is simply written again).

    ab/abcdef…     a blob, by its key; the store's own prefix comes before
"""

import asyncio
from typing import Final

from pixmill.cache.entry import decode, encode
from pixmill.cache.tier import Absent, round_trip
from pixmill.errors import ObjectNotFound, ObjectTooLarge
from pixmill.plan.key import Key
from pixmill.ports import Entry, Store

HEADER_BYTES: Final = 64 * 1024
"""More than the rest of a blob ever takes."""

_INLINE_BYTES = 256 * 1024
"""Up to here the checksum takes less than 0.15 ms and is not worth a thread."""


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
        entry = decode(key, blob) if len(blob) <= _INLINE_BYTES else await asyncio.to_thread(decode, key, blob)
        return entry or Absent.DAMAGED

    async def put(self, key: Key, entry: Entry) -> None:
        blob = await asyncio.to_thread(encode, key, entry)
        await self._store.put(self._path(key), blob)

    async def delete(self, key: Key) -> None:
        await self._store.delete(self._path(key))

    async def ping(self) -> None:
        await round_trip(self)

    async def close(self) -> None:
        """The store belongs to whoever opened it: originals may come from it too."""

    @staticmethod
    def _path(key: Key) -> str:
        return f"{key[:2]}/{key}"
