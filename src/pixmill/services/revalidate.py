"""Revalidation: what becomes of a cached result that is not fresh any more.

Knows inputs, results and locks. Must never know HTTP or a pixel library.

An unchanged original costs one conditional request and no render: the entry gets a new lifetime. Only one server
revalidates; the others wait for its lock and reuse what it has stored.
"""

from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from pixmill.errors import PixmillError, release_frames
from pixmill.plan.key import Key
from pixmill.plan.request import ImageRequest
from pixmill.ports.pipeline import RenderLocks
from pixmill.ports.values import Entry, Hit, PurgeMatch
from pixmill.services.inputs.loader import InputLoader
from pixmill.services.lookup import Lookup
from pixmill.services.render import Renderer
from pixmill.services.results.answer import CacheOutcome, ResizeResult
from pixmill.services.results.cache import ResultCache, is_permanent
from pixmill.services.results.refresher import BackgroundRefresher, RefreshedElsewhere
from pixmill.services.singleflight import PurgeAwareFlights


@dataclass(frozen=True, slots=True)
class Revalidator:
    """Revalidates entries, before they are served or in the background. ``flights`` are those of ``ResizeService``."""

    inputs: InputLoader
    results: ResultCache
    locks: RenderLocks
    lookup: Lookup
    renderer: Renderer
    refresher: BackgroundRefresher
    flights: PurgeAwareFlights[Key, ResizeResult]

    async def revalidate_or_stale(self, request: ImageRequest, key: Key, hit: Hit) -> ResizeResult:
        """Return the revalidated result; the stale one if that fails and stale-if-error allows it."""
        try:
            async with self.results.expire_if_gone(key, hit.entry):
                return await self._revalidate_once(request, key, hit.entry)
        except PixmillError as error:
            stale = None if is_permanent(error) else self.lookup.serve_on_error(hit)
            if stale is None:
                raise
            release_frames(error)
            return stale

    async def _revalidate_once(self, request: ImageRequest, key: Key, stale: Entry) -> ResizeResult:
        """Hold the render lock and revalidate, unless another server has done it while the lock was waited for.

        An entry that is never fresh needs no lock: no server can reuse what another has revalidated.
        """
        lifetime = stale.meta.lifetime
        if lifetime.fresh_until <= lifetime.stored_at:
            return await self._revalidate(request, key, stale)
        async with self.locks.acquire(key):
            newer = await self.results.get_newer(key, stale, request.tags)
            found = None if newer is None else self.lookup.serve(newer)
            return found or await self._revalidate(request, key, stale)

    async def _revalidate(self, request: ImageRequest, key: Key, stale: Entry) -> ResizeResult:
        """Store the entry with a new lifetime if its original has not changed; else, or if it is purged, render."""
        made_of = stale.meta.version
        async with self.inputs.current_version(request.source, request.plan, made_of) as current_version:
            is_purged = self.results.match_purges(stale, request.tags) is PurgeMatch.HARD
            if current_version.validator != made_of.validator or is_purged:
                return replace(await self.renderer.render(request, key), outcome=CacheOutcome.REPLACED)
            entry, stored = await self.results.put_revalidated(key, stale, current_version)
            return ResizeResult(entry.meta, CacheOutcome.REVALIDATED, entry, stored=stored)

    def refresh_in_background(self, request: ImageRequest, key: Key, stale: Entry) -> None:
        """Refresh an entry after it was served stale (stale-while-revalidate)."""
        self.refresher.start(self.flights.purge_aware_key(key), lambda: self._refresh(request, key, stale))

    async def _refresh(self, request: ImageRequest, key: Key, stale: Entry) -> None:
        """Revalidate if no other server does; what must be rendered waits until a worker is idle."""
        if await self.results.get_newer(key, stale, request.tags):
            return  # another server has done it
        made_of = stale.meta.version
        version_context = self.inputs.current_version(request.source, request.plan, made_of)
        async with self.results.expire_if_gone(key, stale), AsyncExitStack() as stack:
            async with self.locks.try_acquire(key) as acquired:
                if not acquired:
                    raise RefreshedElsewhere
                current_version = await stack.enter_async_context(version_context)
                if current_version.validator == made_of.validator:
                    await self._revalidate(request, key, stale)
                    return
            async with self.renderer.engine.idle_slot():
                if self.results.peek_fresh(key, request.tags):
                    return  # a request could not wait for it
                async with self.flights.join(key, self._revalidate_once, request, key, stale):
                    pass
