"""A tier in a Redis that servers share.

Knows keys and times; must never know the client library. Each entry goes when its time is over, and what else must go
is up to the Redis: with ``maxmemory`` and an eviction policy such as ``allkeys-lfu`` it bounds itself.

    PREFIX:e:KEY     a blob, by its key
"""

from time import time

from pixmill.cache.blobs import packed, unpacked
from pixmill.cache.freshness import end_of
from pixmill.cache.guarded import Guarded
from pixmill.cache.redis_leases import RedisLeases
from pixmill.cache.store import HEADER_BYTES
from pixmill.cache.tier import Absent, round_trip
from pixmill.plan.key import Key
from pixmill.ports import Entry
from pixmill.storage.redis import RedisClient


class RedisCache:
    """A tier of keys with ends; the client is closed with it."""

    def __init__(self, client: RedisClient, *, name: str, max_entry_bytes: int) -> None:
        self.name = name
        self._client = client
        self._prefix = client.place.prefix
        self._most_bytes = max_entry_bytes + HEADER_BYTES

    async def get(self, key: Key) -> Entry | Absent:
        blob = await self._client.get(self._place(key), self._most_bytes + 1)
        if not blob:
            return Absent.MISS
        return await unpacked(key, blob) if len(blob) <= self._most_bytes else Absent.DAMAGED

    async def put(self, key: Key, entry: Entry) -> None:
        """An entry whose time is over is no entry any more."""
        ttl_ms = int((end_of(entry) - time()) * 1_000)
        if ttl_ms > 0:
            await self._client.put(self._place(key), await packed(key, entry), ttl_ms)
        else:
            await self.delete(key)

    async def delete(self, key: Key) -> None:
        await self._client.delete(self._place(key))

    async def ping(self) -> None:
        await round_trip(self)

    def leases(self, guard: Guarded) -> RedisLeases:
        """Leases in the same Redis."""
        return RedisLeases(self._client, guard)

    async def close(self) -> None:
        await self._client.close()

    def _place(self, key: Key) -> str:
        return f"{self._prefix}:e:{key}"
