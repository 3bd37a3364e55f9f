"""What has been made: found for whoever may have it, and put away with what is to be said of it.

Knows the cache, what was purged, and for how long anything is good. Must never know how a picture is made.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from pixmill.errors import PixmillError
from pixmill.plan.freshness import Freshness
from pixmill.plan.key import Key
from pixmill.ports import Cache, Entry, Event, Hit, Observer, Original, Purges, Rendered, Seen, Verdict
from pixmill.services.renewal import Unchanged, dated, expired, is_final, renewed, result

Tags = tuple[str, ...]
"""Of a request. What is purged by a tag is so for whoever asks with that tag, though it was made for somebody who asked without."""


class Results:
    """Entries by key. ``clock`` gives seconds since the epoch."""

    def __init__(
        self, cache: Cache, freshness: Freshness, observer: Observer, clock: Callable[[], float], purges: Purges
    ) -> None:
        self._cache = cache
        self._freshness = freshness
        self._observer = observer
        self._clock = clock
        self._purges = purges

    def fresh(self, key: Key, tags: Tags = ()) -> Hit | None:
        """What memory has, at once, if it is fresh; to be told to ``used`` when it is an answer."""
        hit = self._cache.fresh(key)
        if hit is None or not tags or hit.entry.heeds >= self._purges.newest:
            return hit
        return hit if self._purges.verdict(hit.entry.sources, tags, hit.entry.heeds) is Verdict.KEPT else None

    def used(self, hits: int) -> None:
        """So many hits of ``fresh`` were answers."""
        self._cache.used(hits)

    def peek(self, key: Key, tags: Tags) -> Hit | None:
        """What memory has, at once."""
        return self._heeding(self._cache.peek(key), tags)

    async def find(self, key: Key, tags: Tags) -> Hit | None:
        """What any tier of the cache has."""
        return self._heeding(await self._cache.get(key), tags)

    async def newer(self, key: Key, stale: Entry, tags: Tags) -> Hit | None:
        """What another server has made since."""
        return self._heeding(await self._cache.newer(key, stale), tags)

    def verdict(self, entry: Entry, tags: Tags) -> Verdict:
        """What purges leave of it."""
        return self._purges.verdict(entry.sources, (*entry.tags, *tags), entry.heeds)

    def dated(self, key: Key, now: Original | Seen) -> Unchanged:
        """What is to be said of a result of this version, for which its source has vouched just now."""
        return dated(key, self._clock(), now, self._freshness)

    def is_kept(self, original: Original) -> bool:
        """Whether results of this original may be stored."""
        return self._freshness.lifetime(0, original.vouched).kept_until > 0

    async def keep(self, key: Key, rendered: Rendered, original: Original, tags: Iterable[str]) -> tuple[Entry, bool]:
        """What was rendered, with these tags and those of the original; and whether it was stored, which happens only if it may be."""
        self._observer.counted(Event.RESULT_BYTES, len(rendered.body))
        entry = result(rendered, self.dated(key, original), original, tags)
        return entry, entry.kept_until > entry.stored_at and await self._cache.put(key, entry)

    async def renew(self, key: Key, stale: Entry, now: Seen) -> tuple[Entry, bool]:
        """The same with new times, since its original is what it was; and whether it was stored."""
        entry = renewed(stale, self.dated(key, now), now.heeds)
        return entry, await self._cache.put(key, entry)

    @asynccontextmanager
    async def ending(self, key: Key, stale: Entry) -> AsyncIterator[None]:
        """While it is renewed: if its original is gone, what is stale is served to nobody any more, whatever fails later."""
        try:
            yield
        except PixmillError as error:
            now = self._clock()
            if is_final(error) and now < max(stale.stale_until, stale.error_until):
                await self._cache.put(key, expired(stale, now))
            raise

    def _heeding(self, hit: Hit | None, tags: Tags) -> Hit | None:
        if hit is None or not tags or hit.entry.heeds >= self._purges.newest:
            return hit
        entry = self._purges.judged(hit.entry, tags)
        return None if entry is None else Hit(entry, hit.tier)
