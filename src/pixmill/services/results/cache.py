"""The result cache as the service uses it: entries with request tags applied, and entries with their metadata stored.

Knows the cache, purges and the freshness policy. Must never know how an image is rendered.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from msgspec import structs

from pixmill.errors import Forbidden, ImageError, PixmillError, SourceDenied, SourceNotFound, SourceTooLarge
from pixmill.plan.freshness import CLIENT_SAME, FreshnessPolicy, Lifetime
from pixmill.plan.key import Key, entity_tag
from pixmill.ports.observe import Event, Observer, counter_of
from pixmill.ports.pipeline import Cache, Purges
from pixmill.ports.values import Entry, EntryMetadata, Hit, Original, OriginalVersion, PurgeMatch, Rendered

RequestTags = tuple[str, ...]
"""Tags of a request: a purge by one of them applies to it, though the entry may be stored without that tag."""

PERMANENT_FAILURES: Final = (SourceNotFound, SourceDenied, SourceTooLarge, Forbidden, ImageError)
"""Failures of the original itself: it is gone, forbidden or unusable now, and no older result of it may be served.
On any other failure stale results are served while they may be (RFC 5861 §4).
"""


class ResultCache:
    """Looks up and stores entries by key. ``clock`` is a wall clock."""

    def __init__(
        self,
        cache: Cache,
        freshness: FreshnessPolicy,
        observer: Observer,
        clock: Callable[[], float],
        purges: Purges,
        truncated_ttl_s: float = 0.0,
    ) -> None:
        """``truncated_ttl_s``: the lifetime of results of originals that are cut off, 0 for none."""
        self._cache = cache
        self._freshness = freshness
        self._count_bytes = counter_of(observer, Event.RESULT_BYTES)
        self._clock = clock
        self._purges = purges
        self._truncated_ttl_s = truncated_ttl_s
        self.count_hits = cache.record_hits

    def peek_fresh(self, key: Key, tags: RequestTags = ()) -> Hit | None:
        """Return a fresh entry from memory. Counts nothing: the caller reports hits by ``count_hits``."""
        hit = self._cache.peek_fresh(key)
        if hit is None or not tags:
            return hit
        meta = hit.entry.meta
        is_purged = self._purges.match(meta.sources, tags, meta.version.purge_watermark) is not PurgeMatch.NONE
        return None if is_purged else hit

    def peek(self, key: Key, tags: RequestTags) -> Hit | None:
        """Return the entry if memory has it."""
        hit = self._cache.peek(key)
        return self._apply_purges(hit, tags) if hit and tags else hit

    def get(self, key: Key, tags: RequestTags) -> Awaitable[Hit | None]:
        """Return the entry of any tier."""
        found = self._cache.get(key)
        return self._with_purges_applied(found, tags) if tags else found

    def get_newer(self, key: Key, stale: Entry, tags: RequestTags) -> Awaitable[Hit | None]:
        """Return a fresh entry that another server has stored since."""
        found = self._cache.get_newer(key, stale)
        return self._with_purges_applied(found, tags) if tags else found

    def match_purges(self, entry: Entry, tags: RequestTags) -> PurgeMatch:
        """Return the effect of purges since the entry was read."""
        meta = entry.meta
        return self._purges.match(meta.sources, (*meta.tags, *tags), meta.version.purge_watermark)

    def metadata_for(self, key: Key, version: OriginalVersion) -> EntryMetadata:
        """Return the metadata of a result of this version, which its source has validated just now."""
        return EntryMetadata(
            entity_tag(key, version.validator),
            version,
            self._freshness.lifetime(self._clock(), version.directives),
            self._freshness.client_caching(version.directives),
        )

    def is_storable(self, version: OriginalVersion) -> bool:
        """Whether results of this version may be stored."""
        return self._freshness.lifetime(0, version.directives).is_storable

    async def put(self, key: Key, rendered: Rendered, original: Original, tags: Iterable[str]) -> tuple[Entry, bool]:
        """Store a result with the request's tags and those of the original; returns it and whether it was stored."""
        self._count_bytes(len(rendered.body))
        meta = structs.replace(
            self.metadata_for(key, original.version),
            sources=original.sources,
            tags=tuple(dict.fromkeys((*tags, *original.tags))),
            source_size=rendered.source_size,
        )
        if rendered.truncated:
            meta = self._short_lived(key, meta)
        entry = _make_entry(rendered, meta)
        return entry, meta.lifetime.retained_until > meta.lifetime.stored_at and await self._cache.put(key, entry)

    def _short_lived(self, key: Key, meta: EntryMetadata) -> EntryMetadata:
        """Return the metadata of a result of an original that is cut off: most often its upload is still in progress.

        Nothing is retained after that: revalidation would extend the lifetime of the same truncated file. The entity
        tag is not that of the whole result, which a versioned URL may name as immutable.
        """
        version = meta.version
        directives = structs.replace(
            version.directives, immutable=False, must_revalidate=True, client_caching=CLIENT_SAME
        )
        return structs.replace(
            meta,
            etag=entity_tag(key, f"truncated {version.validator}"),
            version=structs.replace(version, directives=directives),
            lifetime=meta.lifetime.capped(meta.lifetime.stored_at + self._truncated_ttl_s),
            client_caching=CLIENT_SAME,
        )

    def uncacheable(self, rendered: Rendered) -> Entry:
        """Return the entry of a result that is not stored."""
        now = self._clock()
        lifetime = Lifetime(now, now, now, now, now)
        return _make_entry(rendered, EntryMetadata("", OriginalVersion(""), lifetime, source_size=rendered.source_size))

    async def put_revalidated(self, key: Key, stale: Entry, version: OriginalVersion) -> tuple[Entry, bool]:
        """Store the same image with a new lifetime, as its original has not changed; returns it as ``put`` does."""
        watermark = max(stale.meta.version.purge_watermark, version.purge_watermark)
        meta = structs.replace(
            self.metadata_for(key, structs.replace(version, purge_watermark=watermark)),
            etag=stale.meta.etag,
            sources=stale.meta.sources,
            tags=stale.meta.tags,
            source_size=stale.meta.source_size,
        )
        entry = replace(stale, meta=meta)
        return entry, await self._cache.put(key, entry)

    @asynccontextmanager
    async def expire_if_gone(self, key: Key, stale: Entry) -> AsyncIterator[None]:
        """Expire the stale entry if its revalidation, inside the block, fails permanently.

        It is not served any more then, whatever fails later, but retained: the original may come back unchanged.
        """
        try:
            yield
        except PixmillError as error:
            lifetime, now = stale.meta.lifetime, self._clock()
            if is_permanent(error) and now < max(lifetime.stale_until, lifetime.stale_if_error_until):
                await self._cache.put(key, stale.with_lifetime(lifetime.expired(now)))
            raise

    async def _with_purges_applied(self, found: Awaitable[Hit | None], tags: RequestTags) -> Hit | None:
        hit = await found
        return hit and self._apply_purges(hit, tags)

    def _apply_purges(self, hit: Hit, tags: RequestTags) -> Hit | None:
        if hit.entry.meta.version.purge_watermark >= self._purges.latest:
            return hit
        entry = self._purges.apply_to(hit.entry, tags)
        return None if entry is None else Hit(entry, hit.tier)


def is_permanent(error: PixmillError) -> bool:
    """Whether a failure is one of the original, so that no older result may be served."""
    return isinstance(error, PERMANENT_FAILURES)


def _make_entry(rendered: Rendered, meta: EntryMetadata) -> Entry:
    return Entry(rendered.body, rendered.format, rendered.width, rendered.height, meta)
