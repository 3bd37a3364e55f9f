"""A source in front of another one: what was fetched is laid down in a depot, and asked for there first.

Knows a depot, words of sources and how old they are by the clock of the wall, since other servers wrote them down. Must never know where the
depot is. What it has heeds the purges that it heeded when it was fetched, and no others.
"""

import time
from collections.abc import AsyncIterator, Callable, Container
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from pixmill.plan.freshness import (
    NO_DIRECTIVES,
    CacheDirectives,
    FreshnessPolicy,
    directives_for_version,
    merge_directives,
)
from pixmill.plan.source import SourceRef
from pixmill.ports.pipeline import OriginalCache, Purges, Source
from pixmill.ports.values import CachedOriginal, Original, PurgeMatch

MAX_CLOCK_SKEW_S: Final = 60.0
"""Clocks of servers that share a depot may differ by this much; what is said to be of later has no age that could be told."""


class CachingSource:
    """``ports.Source``. Of the sources that are not worth it (``kinds``) nothing is laid down."""

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
        """From the depot if its source vouches for it still, or says that it has no other; else anew, once for all servers."""
        if ref.kind not in self._cached_kinds:
            return await self._source.fetch(ref)
        async with self._lookup(ref) as cached:
            if cached is not None and self._is_fresh(cached):
                return self._with_age(cached)
            async with self._cache.lock(ref) as waited:
                return await (self._lookup_or_fetch(ref) if waited else self._fetch_or_revalidate(ref, cached))

    async def revalidate(self, ref: SourceRef, validator: str) -> Original | CacheDirectives:
        """As the source says; what comes is laid down, and what has not changed is good for longer there."""
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
        """Lay down once more what its source has just vouched for, so that other servers need not ask. What is asked about every time is not
        worth it: each answer would cost a file.
        """
        if directives != NO_DIRECTIVES and directives.storable and not self._freshness.effective_ttl_s(directives):
            return
        async with self._lookup(ref) as cached:
            if cached is None or cached.original.validator != validator:
                return
            merged = merge_directives(cached.original.directives, directives)
            if not merged.storable or self._freshness.effective_ttl_s(merged):
                await self._store(ref, replace(cached.original, directives=merged), purge_watermark)

    async def _lookup_or_fetch(self, ref: SourceRef) -> Original:
        """What somebody has laid down for whom we waited; if that came to nothing it is for us to ask."""
        async with self._lookup(ref) as cached:
            if cached is not None and self._is_fresh(cached):
                return self._with_age(cached)
            return await self._fetch_or_revalidate(ref, cached)

    @asynccontextmanager
    async def _lookup(self, ref: SourceRef) -> AsyncIterator[CachedOriginal | None]:
        """What no purge concerns; whoever goes on with its bytes shares them."""
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
        """Whether its source vouches for it still, and no purge has made that doubtful since."""
        age_s = self._clock() - cached.validated_at
        return (
            cached.purge_watermark >= self._purges.latest
            and -MAX_CLOCK_SKEW_S < age_s < self._freshness.effective_ttl_s(cached.original.directives)
        )

    def _with_age(self, cached: CachedOriginal) -> Original:
        """With what remains of its source's word."""
        age_s = max(0.0, self._clock() - cached.validated_at)
        original = cached.original
        directives = self._freshness.age_directives(original.directives, age_s)
        return replace(original, spool=original.spool.share(), directives=directives)

    async def _fetch_or_revalidate(self, ref: SourceRef, cached: CachedOriginal | None) -> Original:
        purge_watermark = self._purges.current_watermark()
        if cached is None or self._is_purged(cached):  # it may have been purged while its turn was waited for
            return await self._store(ref, await self._source.fetch(ref), purge_watermark)
        stored = cached.original
        found = await self._source.revalidate(ref, stored.validator)
        if isinstance(found, Original):
            return await self._store(ref, found, purge_watermark)
        directives = merge_directives(stored.directives, found)
        return await self._store(
            ref, replace(stored, spool=stored.spool.share(), directives=directives), purge_watermark
        )

    async def _store(self, ref: SourceRef, original: Original, purge_watermark: float) -> Original:
        """Laid down if it may be, and not there any more if it may not."""
        directives = directives_for_version(ref.version, original.directives)
        original = replace(original, directives=directives, sources=(ref.text,), purge_watermark=purge_watermark)
        if not original.directives.storable:
            await self._cache.delete(ref)
            return original
        now = self._clock()
        retained_until = self._freshness.lifetime(now, original.directives).retained_until
        await self._cache.put(ref, CachedOriginal(original, now, retained_until))
        return original
