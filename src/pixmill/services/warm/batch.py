"""Warms the cache with several results of one original, rendered from one decode while workers are idle.

Knows inputs, results and the engine. Must never know HTTP, render what is in flight already, nor keep a request waiting
for a batch that fails.
"""

import asyncio
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256

from pixmill.media import Format
from pixmill.plan.key import Key, result_key
from pixmill.plan.ops import Plan
from pixmill.plan.references import Reference, references
from pixmill.plan.source import SourceRef
from pixmill.ports.pipeline import MAX_PLANS, Engine
from pixmill.ports.values import Entry, Original, Rendered
from pixmill.services.background_tasks import BackgroundTasks
from pixmill.services.inputs.loader import InputLoader
from pixmill.services.results.cache import ResultCache
from pixmill.services.results.render_failures import RenderFailureCache

MAX_BATCHES = 4
"""Batches whose originals are held while they wait for an idle worker."""


class BatchWarmer:
    """Runs batches in the background. ``in_flight`` holds the keys that requests are rendering."""

    def __init__(
        self,
        engine: Engine,
        results: ResultCache,
        inputs: InputLoader,
        in_flight: Container[Key],
        failures: RenderFailureCache,
    ) -> None:
        self._engine = engine
        self._results = results
        self._inputs = inputs
        self._failures = failures
        self._in_flight = in_flight
        self.pending: dict[Key, asyncio.Future[Entry | None]] = {}
        """The entries that batches are rendering now; None for one that failed."""
        self._tasks = BackgroundTasks(MAX_BATCHES)

    def start(self, ref: SourceRef, plans: Iterable[Plan], tags: Iterable[str] = ()) -> bool:
        """Start a batch in the background; False if ``MAX_BATCHES`` run already and it is dropped."""
        plans_by_key = {result_key(ref.identity, plan): plan for plan in plans}
        return self._tasks.start(lambda: self.render_missing(ref, plans_by_key, tuple(tags)))

    async def close(self) -> None:
        """Cancel all batches; requests that wait for one of their results render it themselves."""
        await self._tasks.close()

    async def render_missing(
        self, ref: SourceRef, plans_by_key: Mapping[Key, Plan], tags: tuple[str, ...]
    ) -> Counter[str]:
        """Render what the cache does not have, each job on an idle worker.

        Returns how many were ``rendered``, were ``already_cached`` or in flight, are ``not_cacheable`` because their
        source forbids storing, or failed, by error code. Raises what affects all of them: SourceError, Forbidden,
        EngineError, ImageError.
        """
        missing = {key: plan for key, plan in plans_by_key.items() if await self._results.get(key, tags) is None}
        counts = Counter(already_cached=len(plans_by_key) - len(missing))
        if not missing:
            return counts
        async with self._inputs.load_original(ref) as original:
            if not self._results.is_storable(original.version):
                return counts + Counter(not_cacheable=len(missing))
            for batch in _batches(missing):
                async with self._inputs.load(ref, *batch.values()) as inputs:
                    plans, failed = self._split_by_failures(ref, batch, inputs, tags)
                    counts += failed
                    if plans:
                        with self._failures.guard(ref, _batch_key(plans), inputs, tags):
                            async with self._engine.idle_slot():
                                counts += await self._render_batch(ref, inputs, plans, tags)
        return counts

    def _split_by_failures(
        self, ref: SourceRef, batch: dict[Key, Plan], original: Original, tags: tuple[str, ...]
    ) -> tuple[dict[Key, Plan], Counter[str]]:
        """Return the plans without those that the negative cache has a failure of, and counts of these."""
        plans, failed = {}, Counter[str]()
        for key, plan in batch.items():
            error = self._failures.find(ref, key, original, tags)
            if error is None:
                plans[key] = plan
            else:
                failed[error.code] += 1
        return plans, failed

    async def _render_batch(
        self, ref: SourceRef, original: Original, batch: dict[Key, Plan], tags: tuple[str, ...]
    ) -> Counter[str]:
        """Render those of the batch that no request has begun to render while an idle worker was waited for."""
        plans = {key: plan for key, plan in batch.items() if key not in self.pending and key not in self._in_flight}
        counts = Counter(already_cached=len(batch) - len(plans))
        if not plans:
            return counts
        with self._reserve(plans) as futures:
            results = await self._engine.render_all(original.spool, list(plans.values()), original.extras)
            for (key, future), result in zip(futures.items(), results, strict=True):
                if isinstance(result, Rendered):
                    future.set_result((await self._results.put(key, result, original, tags))[0])
                else:
                    self._failures.record(ref, key, original, result)
                counts["rendered" if isinstance(result, Rendered) else result.code] += 1
        return counts

    @contextmanager
    def _reserve(self, keys: Iterable[Key]) -> Iterator[dict[Key, "asyncio.Future[Entry | None]"]]:
        """Let requests wait for these keys; those without an entry at the end of the block get None."""
        loop = asyncio.get_running_loop()
        futures: dict[Key, asyncio.Future[Entry | None]] = {key: loop.create_future() for key in keys}
        self.pending |= futures
        try:
            yield futures
        finally:
            for key, future in futures.items():
                del self.pending[key]
                if not future.done():
                    future.set_result(None)


def _batch_key(keys: Iterable[Key]) -> Key:
    """Return the key of the failures of a whole batch: which of its results took the time is not known."""
    return Key(sha256("\n".join(("batch", *keys)).encode()).hexdigest())


def _batches(plans: dict[Key, Plan]) -> Iterator[dict[Key, Plan]]:
    """Split by format, references and ``MAX_PLANS``.

    By format, so that a slow encoder does not occupy a worker for as long as all formats would. By references, since
    the validator of a result depends on those of its inputs.
    """
    groups: dict[tuple[tuple[Format, ...], tuple[Reference, ...]], list[Key]] = {}
    for key, plan in plans.items():
        groups.setdefault((plan.output.formats, references(plan)), []).append(key)
    for keys in groups.values():
        for first in range(0, len(keys), MAX_PLANS):
            yield {key: plans[key] for key in keys[first : first + MAX_PLANS]}
