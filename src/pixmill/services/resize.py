"""The story of an image request in three: lookup, else render, or revalidation of what is stale.

Knows only the order of the three and coalesces requests; must never know HTTP, a storage backend or a pixel library.
"""

from collections.abc import Container, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from typing import Any

from pixmill.plan.facts import HEADER_FACTS_ONLY, Facts, FactSelection
from pixmill.plan.key import Key
from pixmill.plan.ops import Plan
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef
from pixmill.ports.observe import Event, Observer
from pixmill.ports.values import Hit, Original
from pixmill.runtime.spool import Spool
from pixmill.services.lookup import Lookup
from pixmill.services.render import Renderer
from pixmill.services.results.answer import CacheOutcome, ResizeResult
from pixmill.services.revalidate import Revalidator
from pixmill.services.singleflight import PurgeAwareFlights


@dataclass(frozen=True, slots=True)
class ResizeService:
    """Answers image requests. ``flights`` coalesces requests for the same result, ``lookups`` reads of the cache."""

    lookup: Lookup
    renderer: Renderer
    revalidator: Revalidator
    flights: PurgeAwareFlights[Key, ResizeResult]
    observer: Observer
    lookups: PurgeAwareFlights[tuple[Key, tuple[str, ...]], Hit | None]

    async def close(self) -> None:
        """Cancel background work."""
        await self.revalidator.refresher.close()
        await self.lookup.batch_warmer.close()

    def peek(self, request: ImageRequest, known_etags: Container[str], key: Key) -> ResizeResult | None:
        """Return the result without waiting if memory has it under ``key``, that of the request.

        Callers that would start a task for ``resize`` may try this first. ``known_etags`` are those of the copies that
        the client has.
        """
        hit = self.lookup.results.peek(key, request.tags)
        result = None if hit is None else self.lookup.serve(hit)
        return None if result is None else self._served(request, key, result, known_etags)

    async def resize(self, request: ImageRequest, known_etags: Container[str], key: Key) -> ResizeResult:
        """Return the result; arguments as for ``peek``."""
        if known_etags:
            async with self.lookups.join((key, request.tags), self._read, request, key) as (hit, _):
                pass
            if hit is None:
                return await self._not_modified_or_make(request, key, known_etags)
            if found := self.lookup.serve(hit):
                return self._served(request, key, found, known_etags)
        result = await self._make_coalesced(request, key)
        if result.outcome is CacheOutcome.STALE or known_etags:
            return self._served(request, key, result, known_etags)
        return result

    def _served(
        self, request: ImageRequest, key: Key, result: ResizeResult, known_etags: Container[str]
    ) -> ResizeResult:
        """Start the background refresh of a stale result, and leave out the body that the client has."""
        if result.outcome is CacheOutcome.STALE and result.entry:
            self.revalidator.refresh_in_background(request, key, result.entry)
        return result.without_known_body(known_etags) if known_etags else result

    async def _not_modified_or_make(self, request: ImageRequest, key: Key, known_etags: Container[str]) -> ResizeResult:
        """Validate first, and render only if the original is not the one that the client's copy was made of."""
        async with self.renderer.inputs.current_version(request.source, request.plan) as current_version:
            meta = self.lookup.results.metadata_for(key, current_version)
            if meta.etag in known_etags:
                return ResizeResult(meta, CacheOutcome.MISS)
            return self._served(request, key, await self._make_coalesced(request, key), ())

    async def _read(self, request: ImageRequest, key: Key) -> Hit | None:
        return await self.lookup.results.get(key, request.tags)

    async def _make_coalesced(self, request: ImageRequest, key: Key) -> ResizeResult:
        async with self.flights.join(key, self._lookup_or_make, request, key) as (result, shared):
            if shared:
                self.observer.increment(Event.COALESCED, kind="render")
            return result.as_coalesced() if shared else result

    async def _lookup_or_make(self, request: ImageRequest, key: Key) -> ResizeResult:
        if key in self.lookup.batch_warmer.pending and (result := await self.lookup.wait_for_batch(request, key)):
            return result
        hit = await self.lookup.results.get(key, request.tags)
        if hit is None:
            return await self.renderer.render_once(request, key)
        return self.lookup.serve(hit) or await self.revalidator.revalidate_or_stale(request, key, hit)

    def warm(self, ref: SourceRef, plans: Iterable[Plan], tags: Iterable[str] = ()) -> bool:
        """Render these plans in the background; False if too many batches run already."""
        return self.lookup.batch_warmer.start(ref, plans, tags)

    def load_original(self, ref: SourceRef) -> AbstractAsyncContextManager[Original]:
        """Fetch an original, once for all who load it at the same time, and hold it inside the block."""
        return self.renderer.inputs.load_original(ref)

    def inspect(self, ref: SourceRef, selection: FactSelection = HEADER_FACTS_ONLY) -> Coroutine[Any, Any, Facts]:
        """Return facts about an original."""
        return self.renderer.inspect(ref, selection)

    def inspect_upload(self, body: Spool, selection: FactSelection = HEADER_FACTS_ONLY) -> Coroutine[Any, Any, Facts]:
        """Return facts about an upload."""
        return self.renderer.engine.inspect(body, selection)

    def announce_upload(self) -> AbstractContextManager[None]:
        """Announce a render while a client uploads its image. Raises QueueFull if it would be rejected anyway."""
        return self.renderer.engine.announce()

    def resize_upload(self, body: Spool, plan: Plan) -> Coroutine[Any, Any, ResizeResult]:
        """Render an upload; the result is not stored."""
        return self.renderer.render_upload(body, plan)
