"""Leases among all servers that share a Redis: a key with a TTL, renewed while it is needed.

Knows the commands of a lease. A lease guarantees nothing: if it expires too early the same result is rendered twice,
and that is all. So one Redis is enough, and no assumption about clocks is needed.

    PREFIX:l:KEY     the token of the server that holds the lease; for a while after that, that it has stored the result

That mark spares the look-up behind every lease: only a server that looked before the result was stored looks again.
"""

import asyncio
from contextlib import suppress
from secrets import token_hex
from typing import Final

from pixmill.cache.resilience.guarded import GuardedTier
from pixmill.errors import StoreError, StoreFull, StoreUnavailable
from pixmill.plan.key import Key
from pixmill.ports.values import Entry
from pixmill.runtime.backoff import Backoff
from pixmill.storage.redis import LockClaim, RedisClient

LEASE_S: Final = 5.0
"""Other servers wait this long for one that died; a running render renews its lease three times in this time."""


STORED_MARK_S: Final = 10.0
"""Longer than a server takes from its look-up to its claim, which the timeouts of its tiers limit."""


class RedisLeases:
    """``LockBackend`` in the Redis of a tier, under the tier's circuit breaker: while that is open, acquiring fails."""

    kind = "redis"
    retry_backoff = Backoff(initial_s=0.01, max_s=0.1, growth=1.5, jitter=True)

    def __init__(self, client: RedisClient, guard: GuardedTier[Entry], *, lease_s: float = LEASE_S) -> None:
        self._client = client
        self._guard = guard
        self._lease_s = lease_s

    async def try_acquire(self, key: Key) -> "HeldRedisLease | None":
        """Returns the lease, or None while another server holds it. Raises StoreError, also on timeout."""
        if not self._guard.breaker.is_closed:
            raise StoreUnavailable(detail=f"{self._guard.name} is unavailable: circuit open")
        lease_key, token = f"{self._client.target.prefix}:l:{key}", token_hex(16)
        async with self._guard.guard_call(self._guard.timeout_s, tolerated=(StoreFull,)):
            claim = await self._client.acquire_lock(lease_key, token, int(self._lease_s * 1_000))
        if claim is LockClaim.HELD:
            return None
        lease = HeldRedisLease(self._client, self._guard, lease_key, token, self._lease_s)
        lease.may_be_stored = claim is LockClaim.ACQUIRED_AFTER_STORE
        return lease

    async def close(self) -> None:
        """Leaves the client open: it belongs to the tier."""


class HeldRedisLease:
    """A lease that renews itself until it is released."""

    def __init__(
        self, client: RedisClient, guard: GuardedTier[Entry], lease_key: str, token: str, lease_s: float
    ) -> None:
        self.may_be_stored = False
        self._client = client
        self._guard = guard
        self._lease_key = lease_key
        self._token = token
        self._lease_s = lease_s
        self._extension = asyncio.create_task(self._extend(), name="lease-extension")

    async def release(self, *, stored: bool) -> None:
        """Release the lease, and mark a stored result; a lease that cannot be released expires by itself."""
        self._extension.cancel()
        if self._guard.breaker.is_closed:
            with suppress(StoreError):
                async with self._guard.guard_call(self._guard.timeout_s):
                    mark_ms = int(STORED_MARK_S * 1_000) if stored else 0
                    await self._client.release_lock(self._lease_key, self._token, mark_ms)

    async def _extend(self) -> None:
        held = True
        while held:
            await asyncio.sleep(self._lease_s / 3)
            with suppress(StoreError):
                async with self._guard.guard_call(self._guard.timeout_s):
                    held = await self._client.extend_lock(self._lease_key, self._token, int(self._lease_s * 1_000))
