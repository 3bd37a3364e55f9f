"""The story of a request: key, cache, one flight per key, source, engine, cache, answer.

Knows ports; must never know HTTP, a storage backend or a pixel library.
"""

import time
from collections.abc import Callable, Container
from contextlib import AbstractAsyncContextManager, AbstractContextManager, AsyncExitStack
from dataclasses import replace

from pixmill.errors import PixmillError
from pixmill.plan.facts import HEADER_FACTS_ONLY, Facts, FactSelection
from pixmill.plan.freshness import NO_NEGATIVE_CACHING, FreshnessPolicy, NegativeTtl
from pixmill.plan.key import Key
from pixmill.plan.ops import Plan
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef
from pixmill.ports.observe import Event, Observer
from pixmill.ports.pipeline import NO_LOCKS, NO_PURGES, Cache, Engine, Purges, RenderLocks, Source
from pixmill.ports.values import Entry, Hit, Original, PurgeMatch
from pixmill.runtime.spool import Spool
from pixmill.services.inputs.fetch_failures import FetchFailureCache
from pixmill.services.inputs.loader import InputLoader
from pixmill.services.inputs.memory import MemoryOriginalCache
from pixmill.services.results.answer import CacheOutcome, ResizeResult
from pixmill.services.results.cache import ResultCache, is_permanent, make_entry, uncacheable_metadata
from pixmill.services.results.refresher import BackgroundRefresher, RefreshedElsewhere
from pixmill.services.results.render_failures import RenderFailureCache
from pixmill.services.singleflight import Flights
from pixmill.services.warm.batch import BatchWarmer


class ResizeService:
    """Answers image requests from cache, source and engine."""

    def __init__(  # noqa: PLR0913 - one of each part, and its rules
        self,
        source: Source,
        engine: Engine,
        cache: Cache,
        freshness: FreshnessPolicy,
        observer: Observer,
        clock: Callable[[], float] = time.time,
        purges: Purges = NO_PURGES,
        *,
        negative_ttl: NegativeTtl = NO_NEGATIVE_CACHING,
        max_originals_bytes: int = 0,
        monotonic: Callable[[], float] = time.monotonic,
        locks: RenderLocks = NO_LOCKS,
    ) -> None:
        """So many bytes of originals are kept; ``patience`` is for sources that have refused."""
        self.originals = MemoryOriginalCache(max_originals_bytes, observer)
        self._inputs = InputLoader(
            source,
            freshness,
            observer,
            engine.announce,
            purges=purges,
            originals=self.originals,
            fetch_failures=FetchFailureCache(negative_ttl, monotonic, observer),
            clock=monotonic,
        )
        self._render_failures = RenderFailureCache(negative_ttl.undecodable_s, freshness, observer, monotonic)
        self.results = ResultCache(cache, freshness, observer, clock, purges)
        self._engine = engine
        self._observer = observer
        self._clock = clock
        self._purges = purges
        self._locks = locks
        self._render_flights: Flights[tuple[Key, float], ResizeResult] = Flights()
        self._refresher = BackgroundRefresher(clock=monotonic)
        self.batch_warmer = BatchWarmer(engine, self.results, self)

    async def close(self) -> None:
        """End what runs behind answers."""
        await self._refresher.close()
        await self.batch_warmer.close()
        self.originals.close()

    def peek(self, request: ImageRequest, known_etags: Container[str], key: Key) -> ResizeResult | None:
        """The answer if memory has it under ``key``, that of the request, at once.

        ``known`` are the entity tags of which the client still has the bytes.
        """
        hit = self.results.peek(key, request.tags)
        return None if hit is None else self._serve_cached(request, key, hit, known_etags)

    async def resize(self, request: ImageRequest, known_etags: Container[str], key: Key) -> ResizeResult:
        """The answer to a request that memory cannot answer at once; ``known`` and ``key`` as for ``cached``."""
        if not known_etags:
            return await self._make_coalesced(request, key)
        hit = await self.results.get(key, request.tags)
        if hit is None:
            return await self._not_modified_or_make(request, key, known_etags)
        return self._serve_cached(request, key, hit, known_etags) or (
            await self._make_coalesced(request, key)
        ).without_known_body(known_etags)

    def _serve_cached(
        self, request: ImageRequest, key: Key, hit: Hit, known_etags: Container[str]
    ) -> ResizeResult | None:
        """What the cache has, if it may be served before its source is asked."""
        entry, outcome, now = hit.entry, CacheOutcome.HIT, self._clock()
        meta = entry.meta
        if now >= meta.lifetime.fresh_until:
            if now >= meta.lifetime.stale_until:
                return None
            outcome = CacheOutcome.STALE
            self._refresher.start(self._flight_key(key), lambda: self._refresh(request, key, entry))
        return ResizeResult(meta, outcome, None if meta.etag in known_etags else entry, hit.tier)

    async def _not_modified_or_make(self, request: ImageRequest, key: Key, known_etags: Container[str]) -> ResizeResult:
        """Ask first, and render only if the original is not the one that the client's copy was made of."""
        async with self._inputs.current_version(request.source, request.plan) as current_version:
            metadata = self.results.metadata_for(key, current_version)
            if metadata.etag in known_etags:
                return ResizeResult(metadata, CacheOutcome.MISS)
            return await self._make_coalesced(request, key)

    async def _make_coalesced(self, request: ImageRequest, key: Key) -> ResizeResult:
        async with self._render_flights.join(self._flight_key(key), lambda: self._lookup_or_render(request, key)) as (
            answer,
            shared,
        ):
            if shared:
                self._observer.increment(Event.COALESCED, kind="render")
            return answer.as_coalesced() if shared else answer

    async def _lookup_or_render(self, request: ImageRequest, key: Key) -> ResizeResult:
        """From a set that is being made, from the slower tiers of the cache, else anew."""
        entry = await self.batch_warmer.wait_for(key)
        if entry is not None and self.results.match_purges(entry, request.tags) is PurgeMatch.NONE:
            return ResizeResult(entry.meta, CacheOutcome.COALESCED, entry)
        hit = await self.results.get(key, request.tags)
        if hit is None:
            return await self._render_holding_lock(request, key)
        return self._serve_cached(request, key, hit, ()) or await self._revalidate_or_stale(request, key, hit)

    async def _render_holding_lock(self, request: ImageRequest, key: Key) -> ResizeResult:
        """Anew, or what another server has made while we waited for it."""
        async with self._locks.acquire(key) as waited:
            hit = await self.results.get(key, request.tags) if waited else None
            found = None if hit is None else self._serve_cached(request, key, hit, ())
            return found or await self._render(request, key)

    async def _render(self, request: ImageRequest, key: Key) -> ResizeResult:
        started = time.perf_counter()
        fresh_version = self._inputs.fresh_version(request.source)
        if fresh_version is not None:
            self._render_failures.check(request.source, key, fresh_version)
        async with self.load_inputs(request.source, request.plan) as original:
            fetched = time.perf_counter()
            with self._render_failures.guard(request.source, key, original):
                rendered = await self._engine.render(original.spool, request.plan, original.extras)
            seconds = {"fetch": fetched - started, "render": time.perf_counter() - fetched, **rendered.seconds}
        entry, stored = await self.results.put(key, rendered, original, request.tags)
        return ResizeResult(entry.meta, CacheOutcome.MISS, entry, seconds=seconds, stored=stored)

    async def _revalidate_or_stale(self, request: ImageRequest, key: Key, hit: Hit) -> ResizeResult:
        """Renewed; if that fails what the cache has, where it may be served even so."""
        try:
            async with self.results.expire_if_gone(key, hit.entry):
                return await self._revalidate_holding_lock(request, key, hit.entry)
        except PixmillError as error:
            if is_permanent(error) or self._clock() >= hit.entry.meta.lifetime.stale_if_error_until:
                raise
            return ResizeResult(hit.entry.meta, CacheOutcome.STALE_IF_ERROR, hit.entry, hit.tier)

    async def _revalidate_holding_lock(self, request: ImageRequest, key: Key, stale: Entry) -> ResizeResult:
        """Renewed here, or by another server while we waited for it. What is never fresh is nothing to wait for: each has to ask."""
        if stale.meta.lifetime.fresh_until <= stale.meta.lifetime.stored_at:
            return await self._revalidate(request, key, stale)
        async with self._locks.acquire(key):
            newer = await self.results.get_newer(key, stale, request.tags)
            found = None if newer is None else self._serve_cached(request, key, newer, ())
            return found or await self._revalidate(request, key, stale)

    async def _revalidate(self, request: ImageRequest, key: Key, stale: Entry) -> ResizeResult:
        """The same with new times if its original is what it was, else made anew; so is what was purged since it was found."""
        async with self._inputs.current_version(request.source, request.plan, stale.meta.version) as current_version:
            is_purged = self.results.match_purges(stale, request.tags) is PurgeMatch.HARD
            if current_version.validator != stale.meta.version.validator or is_purged:
                return replace(await self._render(request, key), outcome=CacheOutcome.REPLACED)
            entry, stored = await self.results.put_revalidated(key, stale, current_version)
            return ResizeResult(entry.meta, CacheOutcome.REVALIDATED, entry, stored=stored)

    async def _refresh(self, request: ImageRequest, key: Key, stale: Entry) -> None:
        """Behind an answer, and behind all who wait for one: what must be rendered is when a worker has time to spare."""
        if await self.results.get_newer(key, stale, request.tags):
            return  # another server has done it
        version_context = self._inputs.current_version(request.source, request.plan, stale.meta.version)
        async with self.results.expire_if_gone(key, stale), AsyncExitStack() as stack:
            async with self._locks.try_acquire(key) as acquired:
                if not acquired:
                    raise RefreshedElsewhere
                current_version = await stack.enter_async_context(version_context)
                if current_version.validator == stale.meta.version.validator:
                    await self._revalidate(request, key, stale)
                    return
            async with self._engine.idle_slot():
                if self.results.peek_fresh(key, request.tags):
                    return  # somebody could not wait for it
                async with self._render_flights.join(
                    self._flight_key(key), lambda: self._revalidate_holding_lock(request, key, stale)
                ):
                    pass

    def _flight_key(self, key: Key) -> tuple[Key, float]:
        """The name of a flight: whoever asks after a purge does not join one that began before it."""
        return key, self._purges.latest

    def is_in_flight(self, key: Key) -> bool:
        """Whether this is being made for somebody."""
        return self._flight_key(key) in self._render_flights

    def load_original(self, ref: SourceRef) -> AbstractAsyncContextManager[Original]:
        """The original, fetched once for all who ask for it at the same time, and held while anybody does."""
        return self._inputs.load_original(ref)

    def load_inputs(self, ref: SourceRef, *plans: Plan) -> AbstractAsyncContextManager[Original]:
        """The same, with all that these plans refer to."""
        return self._inputs.load(ref, *plans)

    async def inspect(self, ref: SourceRef, selection: FactSelection = HEADER_FACTS_ONLY) -> Facts:
        """The facts of an original."""
        async with self.load_original(ref) as original:
            with self._render_failures.guard(ref, None, original):
                return await self._engine.inspect(original.spool, selection)

    def announce_upload(self) -> AbstractContextManager[None]:
        """Held while a client sends its picture. Raises QueueFull when there is no use in sending it."""
        return self._engine.announce()

    async def resize_upload(self, body: Spool, plan: Plan) -> ResizeResult:
        """Render bytes that the client sent; nothing of it is stored."""
        async with self._inputs.load_references(plan) as referenced:
            rendered = await self._engine.render(body, plan, [other.spool for other in referenced])
        entry = make_entry(rendered, uncacheable_metadata(self._clock()))
        return ResizeResult(entry.meta, CacheOutcome.UNCACHED, entry, seconds=rendered.seconds)
