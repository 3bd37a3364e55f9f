"""The story of a request: key, cache, one flight per key, source, engine, cache, answer.

Knows ports; must never know HTTP, a storage backend or a pixel library.
"""

import time
from collections.abc import Callable, Container, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pixmill.plan.freshness import Freshness
from pixmill.plan.key import Key, entity_tag, result_key
from pixmill.plan.ops import Plan
from pixmill.plan.question import NOTHING_MORE, Question
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef
from pixmill.ports import (
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
    Rendered,
    Source,
    Verdict,
)
from pixmill.services.materials import Materials
from pixmill.services.singleflight import Background, Flights
from pixmill.services.warming import Warming
from pixmill.spool import Spool

MAX_REFRESHES = 64
"""Stale entries that may be refreshed behind answers at one time; beyond, they stay stale a little longer."""


class Outcome(StrEnum):
    """Where an answer came from."""

    HIT = "hit"
    STALE = "stale"
    MISS = "miss"
    SHARED = "shared"
    UNCACHED = "uncached"


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Stands for an entry whose bytes the client has: what a 304 must say. Times are seconds since the epoch."""

    etag: str
    stored_at: float
    fresh_until: float
    stale_until: float


@dataclass(frozen=True, slots=True)
class Answer:
    """An entry and where it came from. ``seconds`` tells the duration of what was done for it, by stage."""

    entry: Entry | Unchanged
    outcome: Outcome
    tier: str = ""
    seconds: dict[str, float] = field(default_factory=dict)


class ResizeService:
    """Answers image requests from cache, source and engine."""

    def __init__(
        self,
        source: Source,
        engine: Engine,
        cache: Cache,
        freshness: Freshness,
        observer: Observer,
        clock: Callable[[], float] = time.time,
        purges: Purges = NEVER,
    ) -> None:
        self._materials = Materials(source, freshness, observer, engine.coming, purges)
        self._engine = engine
        self._cache = cache
        self._freshness = freshness
        self._observer = observer
        self._clock = clock
        self._purges = purges
        self._renders: Flights[tuple[Key, float], Answer] = Flights()
        self._refreshes = Background(MAX_REFRESHES)
        self.warming = Warming(engine, cache, self)

    async def close(self) -> None:
        """End what runs behind answers."""
        await self._refreshes.close()
        await self.warming.close()

    def fresh(self, key: Key) -> Hit | None:
        """What memory has under ``key``, at once, if it is fresh."""
        return self._cache.peek(key, fresh_only=True)

    def cached(self, request: ImageRequest, known: Container[str], key: Key) -> Answer | None:
        """The answer if memory has it under ``key``, that of the request, at once.

        ``known`` are the entity tags of which the client still has the bytes.
        """
        hit = self._cache.peek(key)
        return None if hit is None else self._from_cache(request, key, hit, known)

    async def resize(self, request: ImageRequest, known: Container[str] = ()) -> Answer:
        """The answer to a request that memory does not have."""
        key = result_key(request.source.text, request.plan)
        if not known:
            return await self._render_once(request, key)
        hit = await self._cache.get(key)
        if hit is not None:
            return self._from_cache(request, key, hit, known)
        return await self._unless_unchanged(request, key, known)

    async def resize_upload(self, body: Spool, plan: Plan) -> Answer:
        """Render bytes that the client sent; nothing of it is stored."""
        async with self._materials.beside(plan) as others:
            rendered = await self._engine.render(body, plan, [other.spool for other in others])
        now = self._clock()
        return Answer(_entry(rendered, Unchanged("", now, now, now), ""), Outcome.UNCACHED, seconds=rendered.seconds)

    async def inspect(self, ref: SourceRef, question: Question = NOTHING_MORE) -> Facts:
        """The facts of an original."""
        async with self.original(ref) as original:
            return await self._engine.inspect(original.spool, question)

    def _from_cache(self, request: ImageRequest, key: Key, hit: Hit, known: Container[str]) -> Answer:
        outcome = Outcome.HIT
        if self._clock() >= hit.entry.fresh_until:
            outcome = Outcome.STALE
            self._refreshes.start(lambda: self._refresh(request, key))
        if hit.entry.etag in known:
            return Answer(unchanged_of(hit.entry), outcome, hit.tier)
        return Answer(hit.entry, outcome, hit.tier)

    async def _unless_unchanged(self, request: ImageRequest, key: Key, known: Container[str]) -> Answer:
        """Fetch first, and render only if the original is not the one that the client's copy was made of."""
        async with self.materials(request.source, request.plan) as original:
            dated = self._dated(key, original)
            if dated.etag in known:
                return Answer(dated, Outcome.MISS)
            return await self._render_once(request, key)

    async def _render_once(self, request: ImageRequest, key: Key) -> Answer:
        async with self._renders.join(self._flight(key), lambda: self._produce(request, key)) as (answer, shared):
            if shared:
                self._observer.counted(Event.FLIGHT_SHARED, kind="render")
                if answer.outcome is Outcome.MISS:
                    return replace(answer, outcome=Outcome.SHARED)
            return answer

    def _flight(self, key: Key) -> tuple[Key, float]:
        """The name of a flight: whoever asks after a purge does not join one that began before it."""
        return key, self._purges.newest

    async def _refresh(self, request: ImageRequest, key: Key) -> None:
        async with self._renders.join(self._flight(key), lambda: self._render(request, key)):
            pass

    async def _produce(self, request: ImageRequest, key: Key) -> Answer:
        """From a set that is being made, from the slower tiers of the cache, else made anew."""
        entry = await self.warming.made(key)
        if entry is not None and self._purges.verdict(entry.sources, entry.tags, entry.heeds) is Verdict.KEPT:
            return Answer(entry, Outcome.SHARED)
        hit = await self._cache.get(key)
        if hit is not None:
            return self._from_cache(request, key, hit, ())
        return await self._render(request, key)

    async def _render(self, request: ImageRequest, key: Key) -> Answer:
        began = time.perf_counter()
        async with self.materials(request.source, request.plan) as original:
            fetched = time.perf_counter()
            rendered = await self._engine.render(original.spool, request.plan, original.extras)
            seconds = {"fetch": fetched - began, "render": time.perf_counter() - fetched, **rendered.seconds}
        entry = await self.keep(key, rendered, original, request.tags)
        return Answer(entry, Outcome.MISS, seconds=seconds)

    async def keep(self, key: Key, rendered: Rendered, original: Original, tags: Iterable[str] = ()) -> Entry:
        """A result as it is stored, if it may be, with these tags and those of the original."""
        entry = replace(
            _entry(rendered, self._dated(key, original), original.validator),
            sources=original.sources,
            tags=tuple(dict.fromkeys((*tags, *original.tags))),
            heeds=original.heeds,
        )
        self._observer.counted(Event.RESULT_BYTES, len(entry.body))
        if entry.stale_until > entry.stored_at:
            await self._cache.put(key, entry)
        return entry

    def is_kept(self, original: Original) -> bool:
        """Whether results of this original may be stored."""
        return self._freshness.lifetime(0, original.fresh_s).stale_until > 0

    def is_under_way(self, key: Key) -> bool:
        """Whether this is being made for somebody."""
        return self._flight(key) in self._renders

    def original(self, ref: SourceRef) -> AbstractAsyncContextManager[Original]:
        """The original, fetched once for all who ask for it at the same time, and held while anybody does."""
        return self._materials.original(ref)

    def materials(self, ref: SourceRef, *plans: Plan) -> AbstractAsyncContextManager[Original]:
        """The same, with all that these plans refer to."""
        return self._materials.of(ref, *plans)

    def _dated(self, key: Key, original: Original) -> Unchanged:
        now = self._clock()
        lifetime = self._freshness.lifetime(now, original.fresh_s)
        return Unchanged(entity_tag(key, original.validator), now, lifetime.fresh_until, lifetime.stale_until)


def _entry(rendered: Rendered, dated: Unchanged, validator: str) -> Entry:
    return Entry(
        body=rendered.body,
        format=rendered.format,
        width=rendered.width,
        height=rendered.height,
        etag=dated.etag,
        source_validator=validator,
        stored_at=dated.stored_at,
        fresh_until=dated.fresh_until,
        stale_until=dated.stale_until,
    )


def unchanged_of(entry: Entry) -> Unchanged:
    """What is said of it to a client that has its bytes."""
    return Unchanged(entry.etag, entry.stored_at, entry.fresh_until, entry.stale_until)
