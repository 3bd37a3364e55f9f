"""Lookup: the part of a request that the cache answers.

Knows results, warm batches and the clock. Must never know sources or the engine.

    fresh               served
    stale               served; ``revalidate.py`` refreshes it in the background
    stale if error      served only if its revalidation fails
    retained            revalidated first
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from pixmill.plan.key import Key
from pixmill.plan.request import ImageRequest
from pixmill.ports.values import Hit, PurgeMatch
from pixmill.services.results.answer import CacheOutcome, ResizeResult
from pixmill.services.results.cache import ResultCache
from pixmill.services.warm.batch import BatchWarmer


@dataclass(frozen=True, slots=True)
class Lookup:
    """Finds results, and decides by their lifetime whether they are served. ``clock`` is a wall clock."""

    results: ResultCache
    batch_warmer: BatchWarmer
    clock: Callable[[], float]

    async def wait_for_batch(self, request: ImageRequest, key: Key) -> ResizeResult | None:
        """Wait for the result that a warm batch is rendering now; None if that fails."""
        entry = await asyncio.shield(self.batch_warmer.pending[key])
        if entry is None or self.results.match_purges(entry, request.tags) is not PurgeMatch.NONE:
            return None
        return ResizeResult(entry.meta, CacheOutcome.COALESCED, entry)

    def serve(self, hit: Hit) -> ResizeResult | None:
        """Return the hit as a result if it may be served before its source is asked."""
        meta, now = hit.entry.meta, self.clock()
        if now < meta.lifetime.fresh_until:
            return ResizeResult(meta, CacheOutcome.HIT, hit.entry, hit.tier)
        return ResizeResult(meta, CacheOutcome.STALE, hit.entry, hit.tier) if now < meta.lifetime.stale_until else None

    def serve_on_error(self, hit: Hit) -> ResizeResult | None:
        """Return the hit as a result if it may be served after its revalidation has failed (RFC 5861 §4)."""
        meta = hit.entry.meta
        if self.clock() >= meta.lifetime.stale_if_error_until:
            return None
        return ResizeResult(meta, CacheOutcome.STALE_IF_ERROR, hit.entry, hit.tier)
