"""The story of a request: key, cache, one flight per key, source, engine, cache, answer.

Knows ports; must never know HTTP, a storage backend or a pixel library.
"""

import time
from collections.abc import Callable, Container
from contextlib import AbstractAsyncContextManager, AbstractContextManager, AsyncExitStack
from dataclasses import replace

from pixmill.errors import PixmillError
from pixmill.plan.freshness import NO_PATIENCE, Freshness, Patience
from pixmill.plan.key import Key
from pixmill.plan.ops import Plan
from pixmill.plan.question import NOTHING_MORE, Question
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef
from pixmill.ports import (
    ALONE,
    NEVER,
    Cache,
    Engine,
    Entry,
    Event,
    Facts,
    Hit,
    Observer,
    Original,
    Purges,
    Source,
    Turns,
    Verdict,
)
from pixmill.services.answers import Answer, Outcome
from pixmill.services.flaws import Flaws
from pixmill.services.materials import Materials
from pixmill.services.originals import Originals
from pixmill.services.refreshes import Elsewhere, Refreshes
from pixmill.services.refusals import Refusals
from pixmill.services.renewal import is_final, last_seen, passing, result, unchanged_of
from pixmill.services.results import Results
from pixmill.services.singleflight import Flights
from pixmill.services.warming import Warming
from pixmill.spool import Spool


class ResizeService:
    """Answers image requests from cache, source and engine."""

    def __init__(  # noqa: PLR0913 - one of each part, and its rules
        self,
        source: Source,
        engine: Engine,
        cache: Cache,
        freshness: Freshness,
        observer: Observer,
        clock: Callable[[], float] = time.time,
        purges: Purges = NEVER,
        *,
        patience: Patience = NO_PATIENCE,
        max_originals_bytes: int = 0,
        monotonic: Callable[[], float] = time.monotonic,
        turns: Turns = ALONE,
    ) -> None:
        """So many bytes of originals are kept; ``patience`` is for sources that have refused."""
        self.originals = Originals(max_originals_bytes, observer)
        self._materials = Materials(
            source,
            freshness,
            observer,
            engine.coming,
            purges=purges,
            originals=self.originals,
            refusals=Refusals(patience, monotonic, observer),
            clock=monotonic,
        )
        self._flaws = Flaws(patience.unusable_s, freshness, observer, monotonic)
        self.results = Results(cache, freshness, observer, clock, purges)
        self._engine = engine
        self._observer = observer
        self._clock = clock
        self._purges = purges
        self._turns = turns
        self._renders: Flights[tuple[Key, float], Answer] = Flights()
        self._refreshes = Refreshes(clock=monotonic)
        self.warming = Warming(engine, self.results, self)

    async def close(self) -> None:
        """End what runs behind answers."""
        await self._refreshes.close()
        await self.warming.close()
        self.originals.close()

    def cached(self, request: ImageRequest, known: Container[str], key: Key) -> Answer | None:
        """The answer if memory has it under ``key``, that of the request, at once.

        ``known`` are the entity tags of which the client still has the bytes.
        """
        hit = self.results.peek(key, request.tags)
        return None if hit is None else self._from_cache(request, key, hit, known)

    async def resize(self, request: ImageRequest, known: Container[str], key: Key) -> Answer:
        """The answer to a request that memory cannot answer at once; ``known`` and ``key`` as for ``cached``."""
        if not known:
            return await self._make_once(request, key)
        hit = await self.results.find(key, request.tags)
        if hit is None:
            return await self._unless_unchanged(request, key, known)
        return self._from_cache(request, key, hit, known) or (await self._make_once(request, key)).spared(known)

    def _from_cache(self, request: ImageRequest, key: Key, hit: Hit, known: Container[str]) -> Answer | None:
        """What the cache has, if it may be served before its source is asked."""
        entry, outcome, now = hit.entry, Outcome.HIT, self._clock()
        if now >= entry.fresh_until:
            if now >= entry.stale_until:
                return None
            outcome = Outcome.STALE
            self._refreshes.start(self._flight(key), lambda: self._refresh(request, key, entry))
        return Answer(unchanged_of(entry) if entry.etag in known else entry, outcome, hit.tier)

    async def _unless_unchanged(self, request: ImageRequest, key: Key, known: Container[str]) -> Answer:
        """Ask first, and render only if the original is not the one that the client's copy was made of."""
        async with self._materials.version(request.source, request.plan) as now:
            dated = self.results.dated(key, now)
            if dated.etag in known:
                return Answer(dated, Outcome.MISS)
            return await self._make_once(request, key)

    async def _make_once(self, request: ImageRequest, key: Key) -> Answer:
        async with self._renders.join(self._flight(key), lambda: self._make(request, key)) as (answer, shared):
            if shared:
                self._observer.counted(Event.FLIGHT_SHARED, kind="render")
            return answer.shared() if shared else answer

    async def _make(self, request: ImageRequest, key: Key) -> Answer:
        """From a set that is being made, from the slower tiers of the cache, else anew."""
        entry = await self.warming.made(key)
        if entry is not None and self.results.verdict(entry, request.tags) is Verdict.KEPT:
            return Answer(entry, Outcome.SHARED)
        hit = await self.results.find(key, request.tags)
        if hit is None:
            return await self._render_in_turn(request, key)
        return self._from_cache(request, key, hit, ()) or await self._renew_or_keep(request, key, hit)

    async def _render_in_turn(self, request: ImageRequest, key: Key) -> Answer:
        """Anew, or what another server has made while we waited for it."""
        async with self._turns.turn(key) as waited:
            hit = await self.results.find(key, request.tags) if waited else None
            found = None if hit is None else self._from_cache(request, key, hit, ())
            return found or await self._render(request, key)

    async def _render(self, request: ImageRequest, key: Key) -> Answer:
        began = time.perf_counter()
        known = self._materials.good(request.source)
        if known is not None:
            self._flaws.check(request.source, key, known)
        async with self.materials(request.source, request.plan) as original:
            fetched = time.perf_counter()
            with self._flaws.heeded(request.source, key, original):
                rendered = await self._engine.render(original.spool, request.plan, original.extras)
            seconds = {"fetch": fetched - began, "render": time.perf_counter() - fetched, **rendered.seconds}
        entry, stored = await self.results.keep(key, rendered, original, request.tags)
        return Answer(entry, Outcome.MISS, seconds=seconds, stored=stored)

    async def _renew_or_keep(self, request: ImageRequest, key: Key, hit: Hit) -> Answer:
        """Renewed; if that fails what the cache has, where it may be served even so."""
        try:
            async with self.results.ending(key, hit.entry):
                return await self._renew_in_turn(request, key, hit.entry)
        except PixmillError as error:
            if is_final(error) or self._clock() >= hit.entry.error_until:
                raise
            return Answer(hit.entry, Outcome.SAVED, hit.tier)

    async def _renew_in_turn(self, request: ImageRequest, key: Key, stale: Entry) -> Answer:
        """Renewed here, or by another server while we waited for it. What is never fresh is nothing to wait for: each has to ask."""
        if stale.fresh_until <= stale.stored_at:
            return await self._renew(request, key, stale)
        async with self._turns.turn(key):
            newer = await self.results.newer(key, stale, request.tags)
            found = None if newer is None else self._from_cache(request, key, newer, ())
            return found or await self._renew(request, key, stale)

    async def _renew(self, request: ImageRequest, key: Key, stale: Entry) -> Answer:
        """The same with new times if its original is what it was, else made anew; so is what was purged since it was found."""
        async with self._materials.version(request.source, request.plan, last_seen(stale)) as now:
            is_gone = self.results.verdict(stale, request.tags) is Verdict.GONE
            if now.validator != stale.source_validator or is_gone:
                return replace(await self._render(request, key), outcome=Outcome.REPLACED)
            entry, stored = await self.results.renew(key, stale, now)
            return Answer(entry, Outcome.RENEWED, stored=stored)

    async def _refresh(self, request: ImageRequest, key: Key, stale: Entry) -> None:
        """Behind an answer, and behind all who wait for one: what must be rendered is when a worker has time to spare."""
        if await self.results.newer(key, stale, request.tags):
            return  # another server has done it
        version = self._materials.version(request.source, request.plan, last_seen(stale))
        async with self.results.ending(key, stale), AsyncExitStack() as held:
            async with self._turns.at_once(key) as ours:
                if not ours:
                    raise Elsewhere
                now = await held.enter_async_context(version)
                if now.validator == stale.source_validator:
                    await self._renew(request, key, stale)
                    return
            async with self._engine.spare_time():
                if self.results.fresh(key, request.tags):
                    return  # somebody could not wait for it
                async with self._renders.join(self._flight(key), lambda: self._renew_in_turn(request, key, stale)):
                    pass

    def _flight(self, key: Key) -> tuple[Key, float]:
        """The name of a flight: whoever asks after a purge does not join one that began before it."""
        return key, self._purges.newest

    def is_under_way(self, key: Key) -> bool:
        """Whether this is being made for somebody."""
        return self._flight(key) in self._renders

    def original(self, ref: SourceRef) -> AbstractAsyncContextManager[Original]:
        """The original, fetched once for all who ask for it at the same time, and held while anybody does."""
        return self._materials.original(ref)

    def materials(self, ref: SourceRef, *plans: Plan) -> AbstractAsyncContextManager[Original]:
        """The same, with all that these plans refer to."""
        return self._materials.of(ref, *plans)

    async def inspect(self, ref: SourceRef, question: Question = NOTHING_MORE) -> Facts:
        """The facts of an original."""
        async with self.original(ref) as original:
            with self._flaws.heeded(ref, None, original):
                return await self._engine.inspect(original.spool, question)

    def coming(self) -> AbstractContextManager[None]:
        """Held while a client sends its picture. Raises QueueFull when there is no use in sending it."""
        return self._engine.coming()

    async def resize_upload(self, body: Spool, plan: Plan) -> Answer:
        """Render bytes that the client sent; nothing of it is stored."""
        async with self._materials.beside(plan) as others:
            rendered = await self._engine.render(body, plan, [other.spool for other in others])
        return Answer(result(rendered, passing(self._clock())), Outcome.UNCACHED, seconds=rendered.seconds)
