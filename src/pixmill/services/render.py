"""Render: the part of a request that needs its original and the engine.

Knows inputs, the engine and where results are stored. Must never know HTTP or a pixel library.
"""

import time
from dataclasses import dataclass

from pixmill.errors import PixmillError
from pixmill.plan.facts import Facts, FactSelection
from pixmill.plan.key import Key
from pixmill.plan.ops import Plan
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef
from pixmill.ports.pipeline import Engine, RenderLocks
from pixmill.ports.values import Original
from pixmill.runtime.spool import Spool
from pixmill.services.inputs.loader import InputLoader
from pixmill.services.lookup import Lookup
from pixmill.services.results.answer import CacheOutcome, ResizeResult
from pixmill.services.results.cache import ResultCache
from pixmill.services.results.render_failures import RenderFailureCache


@dataclass(frozen=True, slots=True)
class Renderer:
    """Renders and inspects originals."""

    inputs: InputLoader
    engine: Engine
    results: ResultCache
    failures: RenderFailureCache
    locks: RenderLocks
    lookup: Lookup

    async def render_once(self, request: ImageRequest, key: Key) -> ResizeResult:
        """Hold the render lock and render, unless another server has rendered it while the lock was waited for."""
        async with self.locks.acquire(key) as waited:
            hit = await self.results.get(key, request.tags) if waited else None
            found = None if hit is None else self.lookup.serve(hit)
            return found or await self.render(request, key)

    async def render(self, request: ImageRequest, key: Key) -> ResizeResult:
        """Load the inputs, render, and store the result.

        Known failures are checked before the fetch, if the current version is known, and again for the bytes that came.
        """
        started = time.perf_counter()
        if self.failures.known and (fresh_version := self.inputs.fresh_version(request.source)):
            self.failures.check(request.source, key, fresh_version)
        async with self.inputs.load(request.source, request.plan) as original:
            fetched = time.perf_counter()
            self._check_failures(request.source, key, original)
            try:
                rendered = await self.engine.render(original.spool, request.plan, original.extras)
            except PixmillError as error:
                self.failures.record(request.source, key, original, error)
                raise
            seconds = {"fetch": fetched - started, "render": time.perf_counter() - fetched, **rendered.seconds}
        entry, stored = await self.results.put(key, rendered, original, request.tags)
        return ResizeResult(entry.meta, CacheOutcome.MISS, entry, seconds=seconds, stored=stored)

    async def render_upload(self, body: Spool, plan: Plan) -> ResizeResult:
        """Render an upload; the result is not stored."""
        async with self.inputs.load_references(plan) as references:
            rendered = await self.engine.render(body, plan, [reference.spool for reference in references])
        entry = self.results.uncacheable(rendered)
        return ResizeResult(entry.meta, CacheOutcome.UNCACHED, entry, seconds=rendered.seconds)

    async def inspect(self, ref: SourceRef, selection: FactSelection) -> Facts:
        """Return facts about an original."""
        async with self.inputs.load_original(ref) as original:
            self._check_failures(ref, None, original)
            try:
                return await self.engine.inspect(original.spool, selection)
            except PixmillError as error:
                self.failures.record(ref, None, original, error)
                raise

    def _check_failures(self, ref: SourceRef, key: Key | None, original: Original) -> None:
        if self.failures.known:
            self.failures.check(ref, key, original.version)
