"""Renders that nobody waits for yet: several of one original at once, in spare time, each kept under its own key.

Knows ports. Must never know HTTP, nor make anything that is being made already, nor keep a request waiting for a set that fails.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Protocol

from pixmill.media import Format
from pixmill.plan.key import Key, result_key
from pixmill.plan.ops import Plan
from pixmill.plan.references import Reference, references
from pixmill.plan.source import SourceRef
from pixmill.ports.pipeline import MAX_PLANS, Engine
from pixmill.ports.values import Entry, Original, Rendered
from pixmill.services.results.cache import ResultCache
from pixmill.services.singleflight import BackgroundTasks

MAX_BATCHES = 4
"""Originals that are held for sets which wait for spare time."""


class InputProvider(Protocol):
    """Who serves the requests that sets are made for."""

    def load_original(self, ref: SourceRef) -> AbstractAsyncContextManager[Original]:
        """The original, held while this is open. Raises SourceError, Forbidden."""

    def load_inputs(self, ref: SourceRef, *plans: Plan) -> AbstractAsyncContextManager[Original]:
        """The same, with all that these plans refer to."""

    def is_in_flight(self, key: Key) -> bool:
        """Whether this is being made for somebody."""


class BatchWarmer:
    """Sets of renders on their way. ``made`` lets a request have what a set is making for it anyway."""

    def __init__(self, engine: Engine, results: ResultCache, provider: InputProvider) -> None:
        self._engine = engine
        self._results = results
        self._provider = provider
        self._pending: dict[Key, asyncio.Future[Entry | None]] = {}
        self._tasks = BackgroundTasks(MAX_BATCHES)

    def start(self, ref: SourceRef, plans: Iterable[Plan], tags: Iterable[str] = ()) -> bool:
        """Make all of these when there is time; False when so many sets are under way that this one is dropped."""
        plans_by_key = {result_key(ref.identity, plan): plan for plan in plans}
        return self._tasks.start(lambda: self.render_missing(ref, plans_by_key, tuple(tags)))

    async def close(self) -> None:
        """End all sets; who waits for one of their results makes it alone."""
        await self._tasks.close()

    async def wait_for(self, key: Key) -> Entry | None:
        """What a set at work makes under this key; None when none does, or it could not."""
        pending = self._pending.get(key)
        return None if pending is None else await asyncio.shield(pending)

    async def render_missing(
        self, ref: SourceRef, plans_by_key: Mapping[Key, Plan], tags: tuple[str, ...]
    ) -> Counter[str]:
        """Make what is missing, each job when there is time. How many were ``made``, were ``already_cached`` or on their way, are ``not_cacheable`` because their
        source forbids to keep them, or failed, by code. Raises what befalls all of them: SourceError, Forbidden, EngineError, ImageError.
        """
        missing = {key: plan for key, plan in plans_by_key.items() if await self._results.get(key, tags) is None}
        counts = Counter(already_cached=len(plans_by_key) - len(missing))
        if not missing:
            return counts
        async with self._provider.load_original(ref) as original:
            if not self._results.is_storable(original.version):
                return counts + Counter(not_cacheable=len(missing))
            for batch in _batches(missing):
                async with self._provider.load_inputs(ref, *batch.values()) as inputs, self._engine.idle_slot():
                    counts += await self._render_batch(inputs, batch, tags)
        return counts

    async def _render_batch(self, original: Original, batch: dict[Key, Plan], tags: tuple[str, ...]) -> Counter[str]:
        """Spare time has come: from now on these keys are ours, but for those that somebody has asked for by now."""
        plans = {key: plan for key, plan in batch.items() if self._is_available(key)}
        counts = Counter(already_cached=len(batch) - len(plans))
        if not plans:
            return counts
        with self._reserve(plans) as futures:
            results = await self._engine.render_all(original.spool, list(plans.values()), original.extras)
            for (key, future), result in zip(futures.items(), results, strict=True):
                if isinstance(result, Rendered):
                    future.set_result((await self._results.put(key, result, original, tags))[0])
                counts["rendered" if isinstance(result, Rendered) else result.code] += 1
        return counts

    def _is_available(self, key: Key) -> bool:
        return key not in self._pending and not self._provider.is_in_flight(key)

    @contextmanager
    def _reserve(self, keys: Iterable[Key]) -> Iterator[dict[Key, "asyncio.Future[Entry | None]"]]:
        """What is not there at the end will not come."""
        loop = asyncio.get_running_loop()
        futures: dict[Key, asyncio.Future[Entry | None]] = {key: loop.create_future() for key in keys}
        self._pending |= futures
        try:
            yield futures
        finally:
            for key, future in futures.items():
                del self._pending[key]
                if not future.done():
                    future.set_result(None)


def _batches(plans: dict[Key, Plan]) -> Iterator[dict[Key, Plan]]:
    """One job for each format, so that one with a slow encoder does not keep a worker for as long as all of them would; and
    one for those that need the same pictures, since the validator of each result is made of those of its pictures.
    """
    groups: dict[tuple[tuple[Format, ...], tuple[Reference, ...]], list[Key]] = {}
    for key, plan in plans.items():
        groups.setdefault((plan.output.formats, references(plan)), []).append(key)
    for keys in groups.values():
        for first in range(0, len(keys), MAX_PLANS):
            yield {key: plans[key] for key in keys[first : first + MAX_PLANS]}
