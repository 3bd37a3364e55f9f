"""Leases among all servers that share a Redis: a key with an end, renewed while it is needed.

Knows the commands of a lease. A lease is no lock: if it ends too early the same is made twice, and that is all. So one Redis
is enough, and nothing is proven about clocks.

    PREFIX:l:KEY     the token of whoever makes what belongs under the key
"""

import asyncio
from contextlib import suppress
from secrets import token_hex
from typing import Final

from pixmill.cache.guarded import Guarded
from pixmill.errors import StoreError, StoreFull, StoreUnavailable
from pixmill.plan.key import Key
from pixmill.ports import Entry
from pixmill.storage.redis import RedisClient

LEASE_S: Final = 5.0
"""For so long others wait for a server that died; a render under way renews it three times in this time."""


class RedisLeases:
    """Leases in the Redis of a tier, under the tier's breaker: while that rests there are none."""

    kind = "redis"
    first_pause_s = 0.01
    longest_pause_s = 0.1

    def __init__(self, client: RedisClient, guard: Guarded[Entry], *, lease_s: float = LEASE_S) -> None:
        self._client = client
        self._guard = guard
        self._lease_s = lease_s

    async def claim(self, key: Key) -> "RedisClaim | None":
        """Ours if nobody else has it. Raises StoreError when that cannot be told in time."""
        if not self._guard.breaker.admits:
            raise StoreUnavailable(detail=f"{self._guard.name} rests")
        place, token = f"{self._client.place.prefix}:l:{key}", token_hex(16)
        async with self._guard.watched(self._guard.timeout_s, tolerated=(StoreFull,)):
            if not await self._client.claim(place, token, int(self._lease_s * 1_000)):
                return None
        return RedisClaim(self._client, self._guard, place, token, self._lease_s)

    async def close(self) -> None:
        """The client belongs to the tier."""


class RedisClaim:
    """A lease that renews itself until it is released."""

    def __init__(self, client: RedisClient, guard: Guarded[Entry], place: str, token: str, lease_s: float) -> None:
        self._client = client
        self._guard = guard
        self._place = place
        self._token = token
        self._lease_s = lease_s
        self._renewal = asyncio.create_task(self._renew(), name="lease-renewal")

    async def release(self) -> None:
        """Others may have it now; what cannot be released ends by itself."""
        self._renewal.cancel()
        if self._guard.breaker.admits:
            with suppress(StoreError):
                async with self._guard.watched(self._guard.timeout_s):
                    await self._client.release(self._place, self._token)

    async def _renew(self) -> None:
        ours = True
        while ours:
            await asyncio.sleep(self._lease_s / 3)
            with suppress(StoreError):
                async with self._guard.watched(self._guard.timeout_s):
                    ours = await self._client.renew(self._place, self._token, int(self._lease_s * 1_000))
