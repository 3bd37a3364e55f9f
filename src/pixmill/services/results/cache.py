"""What has been made: found for whoever may have it, and put away with what is to be said of it.

Knows the cache, what was purged, and for how long anything is good. Must never know how a picture is made.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from pixmill.errors import PixmillError
from pixmill.plan.freshness import FreshnessPolicy
from pixmill.plan.key import Key
from pixmill.ports.observe import Event, Observer
from pixmill.ports.pipeline import Cache, Purges
from pixmill.ports.values import Entry, Hit, Original, OriginalVersion, PurgeMatch, Rendered
from pixmill.services.results.revalidation import (
    EntryMetadata,
    expired,
    is_permanent,
    make_entry,
    metadata_for,
    revalidated,
)

RequestTags = tuple[str, ...]
"""Of a request. What is purged by a tag is so for whoever asks with that tag, though it was made for somebody who asked without."""


class ResultCache:
    """Entries by key. ``clock`` gives seconds since the epoch."""

    def __init__(
        self, cache: Cache, freshness: FreshnessPolicy, observer: Observer, clock: Callable[[], float], purges: Purges
    ) -> None:
        self._cache = cache
        self._freshness = freshness
        self._observer = observer
        self._clock = clock
        self._purges = purges

    def peek_fresh(self, key: Key, tags: RequestTags = ()) -> Hit | None:
        """What memory has, at once, if it is fresh; to be told to ``used`` when it is an answer."""
        hit = self._cache.peek_fresh(key)
        if hit is None or not tags or hit.entry.purge_watermark >= self._purges.latest:
            return hit
        return (
            hit if self._purges.match(hit.entry.sources, tags, hit.entry.purge_watermark) is PurgeMatch.NONE else None
        )

    def count_hits(self, hits: int) -> None:
        """So many hits of ``fresh`` were answers."""
        self._cache.record_hits(hits)

    def peek(self, key: Key, tags: RequestTags) -> Hit | None:
        """What memory has, at once."""
        return self._apply_purges(self._cache.peek(key), tags)

    async def get(self, key: Key, tags: RequestTags) -> Hit | None:
        """What any tier of the cache has."""
        return self._apply_purges(await self._cache.get(key), tags)

    async def get_newer(self, key: Key, stale: Entry, tags: RequestTags) -> Hit | None:
        """What another server has made since."""
        return self._apply_purges(await self._cache.get_newer(key, stale), tags)

    def match_purges(self, entry: Entry, tags: RequestTags) -> PurgeMatch:
        """What purges leave of it."""
        return self._purges.match(entry.sources, (*entry.tags, *tags), entry.purge_watermark)

    def metadata_for(self, key: Key, version: Original | OriginalVersion) -> EntryMetadata:
        """What is to be said of a result of this version, for which its source has vouched just now."""
        return metadata_for(key, self._clock(), version, self._freshness)

    def is_storable(self, original: Original) -> bool:
        """Whether results of this original may be stored."""
        return self._freshness.lifetime(0, original.directives).retained_until > 0

    async def put(self, key: Key, rendered: Rendered, original: Original, tags: Iterable[str]) -> tuple[Entry, bool]:
        """What was rendered, with these tags and those of the original; and whether it was stored, which happens only if it may be."""
        self._observer.increment(Event.RESULT_BYTES, len(rendered.body))
        entry = make_entry(rendered, self.metadata_for(key, original), original, tags)
        return entry, entry.retained_until > entry.stored_at and await self._cache.put(key, entry)

    async def put_revalidated(self, key: Key, stale: Entry, version: OriginalVersion) -> tuple[Entry, bool]:
        """The same with new times, since its original is what it was; and whether it was stored."""
        entry = revalidated(stale, self.metadata_for(key, version), version.purge_watermark)
        return entry, await self._cache.put(key, entry)

    @asynccontextmanager
    async def expire_if_gone(self, key: Key, stale: Entry) -> AsyncIterator[None]:
        """While it is renewed: if its original is gone, what is stale is served to nobody any more, whatever fails later."""
        try:
            yield
        except PixmillError as error:
            now = self._clock()
            if is_permanent(error) and now < max(stale.stale_until, stale.stale_if_error_until):
                await self._cache.put(key, expired(stale, now))
            raise

    def _apply_purges(self, hit: Hit | None, tags: RequestTags) -> Hit | None:
        if hit is None or not tags or hit.entry.purge_watermark >= self._purges.latest:
            return hit
        entry = self._purges.apply_to(hit.entry, tags)
        return None if entry is None else Hit(entry, hit.tier)
