"""A tier in a Redis that servers share.

Knows keys and times; must never know the client library. Each entry goes when its time is over, and what else must go
is up to the Redis: with ``maxmemory`` and an eviction policy such as ``allkeys-lfu`` it bounds itself.

    PREFIX:e:KEY     a blob, by its key
    PREFIX:purges    what was purged: ``redis_board.py``
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from time import time
from typing import Final, Literal

from pixmill.cache.blobs import packed, unpacked
from pixmill.cache.entry import heading
from pixmill.cache.envelope import header_end
from pixmill.cache.freshness import end_of
from pixmill.cache.guarded import Guarded
from pixmill.cache.redis_board import RedisBoard
from pixmill.cache.redis_leases import RedisLeases
from pixmill.cache.slips import Board
from pixmill.cache.store import HEADER_BYTES
from pixmill.cache.tier import Absent, round_trip
from pixmill.plan.key import Key
from pixmill.ports import Entry, Traced
from pixmill.storage.redis import RedisClient

PAUSE_S: Final = 0.002
"""Between two entries that a purge looks at: at most 500 small reads a second."""

BEGINNING_BYTES: Final = 4 * 1024
"""Enough of most blobs to see what they are."""


class RedisCache:
    """A tier of keys with ends; the client is closed with it."""

    remote = True

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

    def board(self) -> Board:
        """Where purges are written up: in the same Redis."""
        return RedisBoard(self._client, name=self.name)

    async def purge(self, is_gone: Callable[[Traced], bool]) -> int:
        """One key after the other; of each entry the beginning is read."""
        removed = 0
        async with aclosing(self._client.names(self._place(""))) as names:
            async for name in names:
                key = Key(name.removeprefix(self._place("")))
                entry = heading(key, await self._beginning(name))
                if entry is not None and is_gone(entry):
                    await self.delete(key)
                    removed += 1
                await asyncio.sleep(PAUSE_S)
        return removed

    async def _beginning(self, name: str) -> bytes:
        """As much as its header takes."""
        beginning = await self._client.get(name, BEGINNING_BYTES)
        whole = len(beginning) < BEGINNING_BYTES or header_end(beginning) <= BEGINNING_BYTES
        return beginning if whole else await self._client.get(name, HEADER_BYTES)

    def leases(self, guard: Guarded[Entry]) -> RedisLeases:
        """Leases in the same Redis."""
        return RedisLeases(self._client, guard)

    async def close(self) -> None:
        await self._client.close()

    def _place(self, key: Key | Literal[""]) -> str:
        return f"{self._prefix}:e:{key}"
