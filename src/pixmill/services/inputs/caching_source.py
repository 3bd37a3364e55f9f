"""A source that caches originals: decorates another source with an ``OriginalCache``.

Knows cache directives and their age by the wall clock, since other servers store originals too. Must never know where
they are stored. A cached original keeps the purge watermark of its fetch.
"""

import time
from collections.abc import AsyncIterator, Callable, Container
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from msgspec import structs

from pixmill.plan.freshness import (
    NO_DIRECTIVES,
    CacheDirectives,
    FreshnessPolicy,
    merge_directives,
)
from pixmill.plan.source import SourceRef
from pixmill.ports.pipeline import OriginalCache, Purges, Source
from pixmill.ports.values import CachedOriginal, Original, PurgeMatch

MAX_CLOCK_SKEW_S: Final = 60.0
"""The clocks of servers that share a cache may differ by this much; an original from later than that is not fresh."""


class CachingSource:
    """Implements ``Source``. Caches originals of ``cached_kinds`` only."""

    def __init__(
        self,
        source: Source,
        cache: OriginalCache,
        freshness: FreshnessPolicy,
        purges: Purges,
        cached_kinds: Container[str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._source = source
        self._cache = cache
        self._freshness = freshness
        self._purges = purges
        self._cached_kinds = cached_kinds
        self._clock = clock

    async def fetch(self, ref: SourceRef) -> Original:
        """Return the cached original if it is fresh or revalidated; else fetch it, once for all servers."""
        if ref.kind not in self._cached_kinds:
            return await self._source.fetch(ref)
        async with self._lookup(ref) as cached:
            if cached is not None and self._is_fresh(cached):
                return self._with_age(cached)
            async with self._cache.lock(ref) as look_again:
                return await (self._lookup_or_fetch(ref) if look_again else self._fetch_or_revalidate(ref, cached))

    async def revalidate(self, ref: SourceRef, validator: str) -> Original | CacheDirectives:
        """Revalidate at the source; store a new original, or the longer lifetime of the cached one."""
        purge_watermark = self._purges.current_watermark()
        found = await self._source.revalidate(ref, validator)
        if ref.kind not in self._cached_kinds:
            return found
        if isinstance(found, Original):
            return await self._store(ref, found, purge_watermark)
        await self._freshen_stored(ref, validator, found, purge_watermark)
        return found

    async def _freshen_stored(
        self, ref: SourceRef, validator: str, directives: CacheDirectives, purge_watermark: float
    ) -> None:
        """Store the cached original with new directives, so that other servers need not ask.

        Not if it is never fresh: each revalidation would write a file.
        """
        if directives != NO_DIRECTIVES and directives.storable and not self._freshness.effective_ttl_s(directives):
            return
        async with self._lookup(ref) as cached:
            if cached is None or cached.original.version.validator != validator:
                return
            merged = merge_directives(cached.original.version.directives, directives)
            if not merged.storable or self._freshness.effective_ttl_s(merged):
                await self._store(ref, _with_directives(cached.original, merged), purge_watermark)

    async def _lookup_or_fetch(self, ref: SourceRef) -> Original:
        """Return what the previous holder of the lock has stored; else ask the source."""
        async with self._lookup(ref) as cached:
            if cached is not None and self._is_fresh(cached):
                return self._with_age(cached)
            return await self._fetch_or_revalidate(ref, cached)

    @asynccontextmanager
    async def _lookup(self, ref: SourceRef) -> AsyncIterator[CachedOriginal | None]:
        """Yield the cached original unless it is purged; its spool is closed at the end, so the caller shares it."""
        cached = await self._cache.get(ref)
        if cached is None:
            yield None
            return
        with cached.original.spool:
            if not self._is_purged(cached):
                yield cached
                return
        await self._cache.delete(ref)
        yield None

    def _is_purged(self, cached: CachedOriginal) -> bool:
        return self._purges.match(cached.sources, cached.tags, cached.purge_watermark) is PurgeMatch.HARD

    def _is_fresh(self, cached: CachedOriginal) -> bool:
        """Whether it is fresh, and no purge has happened since."""
        age_s = self._clock() - cached.validated_at
        return (
            cached.purge_watermark >= self._purges.latest
            and -MAX_CLOCK_SKEW_S < age_s < self._freshness.effective_ttl_s(cached.original.version.directives)
        )

    def _with_age(self, cached: CachedOriginal) -> Original:
        """Share the cached original, with its directives aged."""
        age_s = max(0.0, self._clock() - cached.validated_at)
        directives = self._freshness.age_directives(cached.original.version.directives, age_s)
        return _with_directives(_shared(cached.original), directives)

    async def _fetch_or_revalidate(self, ref: SourceRef, cached: CachedOriginal | None) -> Original:
        purge_watermark = self._purges.current_watermark()
        if cached is None or self._is_purged(cached):  # perhaps while the lock was waited for
            return await self._store(ref, await self._source.fetch(ref), purge_watermark)
        stored = cached.original
        found = await self._source.revalidate(ref, stored.version.validator)
        if isinstance(found, Original):
            return await self._store(ref, found, purge_watermark)
        directives = merge_directives(stored.version.directives, found)
        return await self._store(ref, _with_directives(_shared(stored), directives), purge_watermark)

    async def _store(self, ref: SourceRef, original: Original, purge_watermark: float) -> Original:
        """Complete the original and store it; delete the stored one if it is not storable."""
        directives = original.version.directives
        if ref.version:
            directives = self._freshness.versioned(directives, is_signed=ref.is_version_signed)
        version = structs.replace(original.version, directives=directives, purge_watermark=purge_watermark)
        original = replace(original, version=version, sources=(ref.text,))
        if not directives.storable:
            await self._cache.delete(ref)
            return original
        now = self._clock()
        retained_until = self._freshness.lifetime(now, directives).retained_until
        await self._cache.put(ref, CachedOriginal(original, now, retained_until))
        return original


def _with_directives(original: Original, directives: CacheDirectives) -> Original:
    return replace(original, version=structs.replace(original.version, directives=directives))


def _shared(original: Original) -> Original:
    return replace(original, spool=original.spool.share())
