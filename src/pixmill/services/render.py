"""Render: the part of a request that needs its original and the engine.

Knows inputs, the engine and where results are stored. Must never know HTTP or a pixel library.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import inf
from typing import Final

from pixmill.plan.cost import minimum_cost
from pixmill.plan.facts import Facts, FactSelection
from pixmill.plan.key import Key, facts_key, result_key
from pixmill.plan.limits import DEFAULT_LIMITS, Limits
from pixmill.plan.ops import Plan
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef, upload_ref
from pixmill.ports.pipeline import Engine, RenderLocks
from pixmill.ports.values import Original, OriginalVersion
from pixmill.runtime.spool import Spool
from pixmill.services.inputs.loader import InputLoader
from pixmill.services.lookup import Lookup
from pixmill.services.results.answer import CacheOutcome, ResizeResult
from pixmill.services.results.cache import ResultCache
from pixmill.services.results.render_failures import REPEATED_ERRORS, RenderFailureCache

_MAX_INLINE_DIGEST_BYTES: Final = 256 * 1024
"""SHA-256 takes about a millisecond for this; more is hashed by a thread."""


@dataclass(frozen=True, slots=True)
class Renderer:
    """Renders and inspects originals."""

    inputs: InputLoader
    engine: Engine
    results: ResultCache
    failures: RenderFailureCache
    locks: RenderLocks
    lookup: Lookup
    limits: Limits = DEFAULT_LIMITS

    async def render_once(self, request: ImageRequest, key: Key) -> ResizeResult:
        """Hold the render lock and render, unless another server has rendered it since the look-up."""
        async with self.locks.acquire(key) as look_again:
            hit = await self.results.get(key, request.tags) if look_again else None
            found = None if hit is None else self.lookup.serve(hit)
            return found or await self.render(request, key)

    async def render(self, request: ImageRequest, key: Key) -> ResizeResult:
        """Load the inputs, render, and store the result.

        Known failures are checked before the fetch, if the current version is known, and again for the bytes that came.
        So is the cost: here by what the plan alone says, in the worker when the size of the original is known.
        """
        started = time.perf_counter()
        minimum_cost(request.plan, self.limits).check(self.limits.max_cost_s)
        if self.failures.known and (fresh_version := self.inputs.fresh_version(request.source)):
            self.failures.check_version(request.source, key, fresh_version)
        async with self.inputs.load(request.source, request.plan) as original:
            fetched = time.perf_counter()
            with self.failures.guard(request.source, key, original, request.tags):
                rendered = await self.engine.render(original.spool, request.plan, original.extras)
            seconds = {"fetch": fetched - started, "render": time.perf_counter() - fetched, **rendered.seconds}
        entry, stored = await self.results.put(key, rendered, original, request.tags)
        return ResizeResult(entry.meta, CacheOutcome.MISS, entry, seconds=seconds, stored=stored)

    async def render_upload(self, body: Spool, plan: Plan) -> ResizeResult:
        """Render an upload; the result is not stored."""
        minimum_cost(plan, self.limits).check(self.limits.max_cost_s)
        async with self.inputs.load_references(plan) as references:
            original = _uploaded(body, references)
            if body.size in self.failures.known_upload_sizes:
                ref = await _upload_ref(body)
                if known_error := self.failures.find(ref, result_key(ref.identity, plan), original):
                    raise known_error
            try:
                rendered = await self.engine.render(body, plan, original.extras)
            except REPEATED_ERRORS as error:
                ref = await _upload_ref(body)
                if self.failures.record(ref, result_key(ref.identity, plan), original, error):
                    self.failures.known_upload_sizes[body.size] = None
                raise
        entry = self.results.uncacheable(rendered)
        return ResizeResult(entry.meta, CacheOutcome.UNCACHED, entry, seconds=rendered.seconds)

    async def inspect(self, ref: SourceRef, selection: FactSelection) -> Facts:
        """Return facts about an original."""
        async with self.inputs.load_original(ref) as original:
            with self.failures.guard(ref, facts_key(ref.identity, selection), original):
                return await self.engine.inspect(original.spool, selection)


def _uploaded(body: Spool, references: Sequence[Original]) -> Original:
    """Return an upload with its references: its version is theirs, and purges do not concern what is not stored."""
    validators = "\n".join(reference.version.validator for reference in references)
    return Original(
        body,
        OriginalVersion(
            sha256(validators.encode(errors="surrogatepass")).hexdigest() if references else "",
            purge_watermark=inf,
        ),
        tuple(reference.spool for reference in references),
    )


async def _upload_ref(body: Spool) -> SourceRef:
    is_small = body.size <= _MAX_INLINE_DIGEST_BYTES
    return upload_ref(body.digest() if is_small else await asyncio.to_thread(body.digest))
