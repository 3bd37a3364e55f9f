"""Tier in a Redis that servers share.

Knows keys and times; must never know the client library. Every entry has a TTL, and Redis evicts the rest: with
``maxmemory`` and a policy such as ``allkeys-lfu`` it limits itself.

    PREFIX:e:KEY        a blob, by its key
    PREFIX:purge-log    the purge log: ``purge/redis_log.py``
"""

import asyncio
from contextlib import aclosing
from time import time
from typing import Final, Literal

from pixmill.cache.format.entry import MAX_OVERHEAD_BYTES, decode_header
from pixmill.cache.format.envelope import header_end
from pixmill.cache.format.offload import decode_async, encode_async
from pixmill.cache.locks.redis_leases import RedisLeases
from pixmill.cache.purge.redis_log import RedisPurgeLog
from pixmill.cache.purge_log import PurgeLog
from pixmill.cache.resilience.guarded import GuardedTier
from pixmill.cache.tier import Miss, Selection, check_round_trip
from pixmill.plan.key import SOURCE_DIGITS, Key
from pixmill.ports.values import Entry
from pixmill.storage.redis import RedisClient

PURGE_PAUSE_S: Final = 0.002
"""Pause between two entries that a purge reads: at most 500 small reads a second."""

NAMES_BETWEEN_PAUSES: Final = 200
PURGE_NAMES_PAUSE_S: Final = 0.01
"""Pause after 200 keys that are only looked at: at most 20,000 a second."""

HEAD_BYTES: Final = 4 * 1024
"""Holds the header of most blobs."""


class RedisTier:
    """``ResultTier`` of keys with a TTL; closes its client."""

    remote = True

    def __init__(self, client: RedisClient, *, name: str, max_entry_bytes: int) -> None:
        self.name = name
        self._client = client
        self._prefix = client.target.prefix
        self._max_blob_bytes = max_entry_bytes + MAX_OVERHEAD_BYTES

    async def get(self, key: Key) -> Entry | Miss:
        blob = await self._client.get(self._redis_key(key), self._max_blob_bytes + 1)
        if not blob:
            return Miss.ABSENT
        return await decode_async(key, blob) if len(blob) <= self._max_blob_bytes else Miss.DAMAGED

    async def put(self, key: Key, entry: Entry) -> None:
        """Store the entry until it expires; one that has expired only removes what was under its key."""
        ttl_ms = int((entry.meta.lifetime.ends_at - time()) * 1_000)
        if ttl_ms > 0:
            await self._client.put(self._redis_key(key), await encode_async(key, entry), ttl_ms)
        else:
            await self.delete(key)

    async def delete(self, key: Key) -> None:
        await self._client.delete(self._redis_key(key))

    async def ping(self) -> None:
        await check_round_trip(self)

    def purge_log(self) -> PurgeLog:
        """Returns the purge log in the same Redis."""
        return RedisPurgeLog(self._client, name=self.name)

    async def purge(self, selection: Selection) -> int:
        """Read the beginning of one entry after the other, and remove the purged ones.

        If sources are named only those whose keys begin with them are read; a result that has one as an overlay or mask
        stays until it expires, and is not served.
        """
        removed = scanned = 0
        async with aclosing(self._client.scan_keys(self._redis_key(""))) as names:
            async for name in names:
                key = Key(name.removeprefix(self._redis_key("")))
                scanned += 1
                if selection.names_sources_only and key[:SOURCE_DIGITS] not in selection.times_by_source:
                    if scanned % NAMES_BETWEEN_PAUSES == 0:
                        await asyncio.sleep(PURGE_NAMES_PAUSE_S)
                    continue
                entry = decode_header(key, await self._read_head(name))
                if entry is not None and selection.is_purged(entry.meta):
                    await self.delete(key)
                    removed += 1
                await asyncio.sleep(PURGE_PAUSE_S)
        return removed

    async def _read_head(self, name: str) -> bytes:
        """Returns at least the header of the blob."""
        head = await self._client.get(name, HEAD_BYTES)
        is_complete = len(head) < HEAD_BYTES or header_end(head) <= HEAD_BYTES
        return head if is_complete else await self._client.get(name, MAX_OVERHEAD_BYTES)

    def lock_backend(self, guard: GuardedTier[Entry]) -> RedisLeases:
        """Returns leases in the same Redis."""
        return RedisLeases(self._client, guard)

    async def close(self) -> None:
        await self._client.close()

    def _redis_key(self, key: Key | Literal[""]) -> str:
        return f"{self._prefix}:e:{key}"
