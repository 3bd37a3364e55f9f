"""Disk cache of originals as the services see it: never fails, and has a fetch lock per original for servers that share
it.

Knows the tier with its circuit breaker and write-behind queue, and the keys of originals. The spool of a dropped
original is closed when its last reference goes: a queued original may be read meanwhile.
"""

from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from hashlib import sha256
from time import time

from pixmill.cache.locks.coordinator import LockCoordinator
from pixmill.cache.resilience.write_behind import WriteBehindTier
from pixmill.cache.tier import Miss
from pixmill.plan.key import SOURCE_DIGITS, Key, source_digits
from pixmill.plan.source import SourceRef
from pixmill.ports.observe import Event, Observer
from pixmill.ports.values import CachedOriginal


class DiskOriginalCache:
    """``ports.OriginalCache`` in a folder."""

    def __init__(self, tier: WriteBehindTier[CachedOriginal], locks: LockCoordinator, observer: Observer) -> None:
        self._tier = tier
        self._locks = locks
        self._observer = observer

    async def get(self, ref: SourceRef) -> CachedOriginal | None:
        try:
            found = await self._tier.get(original_key(ref))
        except Exception:  # noqa: BLE001  (whatever is wrong with the folder, the source is fetched)
            self._count_lookup("error")
            self._count_error("get")
            return None
        if isinstance(found, Miss):
            self._count_lookup(found.value)
            return None
        if found.retained_until <= time():
            self._count_lookup("miss")
            return None
        self._count_lookup("hit")
        return _with_shared_spool(found)

    async def put(self, ref: SourceRef, cached: CachedOriginal) -> None:
        if cached.size:
            await self._tier.put(original_key(ref), _with_shared_spool(cached))

    async def delete(self, ref: SourceRef) -> None:
        try:
            await self._tier.delete(original_key(ref))
        except Exception:  # noqa: BLE001  (purges and times are checked again at the next read)
            self._count_error("delete")

    def lock(self, ref: SourceRef) -> AbstractAsyncContextManager[bool]:
        return self._locks.acquire(original_key(ref))

    def _count_lookup(self, outcome: str) -> None:
        self._observer.increment(Event.CACHE_LOOKUP, tier=self._tier.name, outcome=outcome)

    def _count_error(self, operation: str) -> None:
        self._observer.increment(Event.CACHE_ERROR, tier=self._tier.name, operation=operation)


def original_key(ref: SourceRef) -> Key:
    """Returns the key of an original, which begins as those of its results do."""
    digits = sha256(f"{ref.kind}\n{ref.identity}".encode(errors="surrogatepass")).hexdigest()
    return Key(source_digits(ref.text) + digits[SOURCE_DIGITS:])


def _with_shared_spool(cached_original: CachedOriginal) -> CachedOriginal:
    return replace(
        cached_original, original=replace(cached_original.original, spool=cached_original.original.spool.share())
    )
