"""Renders the originals of shards: read, render all variants from one decode, write.

Knows locations, engines and names. Must never know a list longer than a shard. Every original is made whole: all its
variants are rendered together, in the same jobs, whatever exists already, so that the bytes of a result depend on
nothing but its original and the job.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from typing import Final

from pixmill.batch.index import digest_of
from pixmill.batch.job import CompiledJob, Failure, ShardResult
from pixmill.batch.locations import Item, Locations, retried
from pixmill.batch.template import finished_path, shown_path, with_ending
from pixmill.batch.variants import Variant
from pixmill.errors import InternalError, ObjectNotFound, PixmillError, ResultTooLarge, release_frames
from pixmill.plan.freshness import FreshnessPolicy
from pixmill.plan.ops import Plan
from pixmill.plan.references import references
from pixmill.ports.observe import NullObserver
from pixmill.ports.pipeline import MAX_PLANS, Engine, Source
from pixmill.ports.storage import Store
from pixmill.ports.values import Rendered
from pixmill.runtime.spool import Spool
from pixmill.services.inputs.caches import InputCaches, VersionCache
from pixmill.services.inputs.loader import InputLoader
from pixmill.settings import Settings

IN_FLIGHT: Final = 4
"""Originals in progress for each worker: one is rendered, one waits, others are read and written."""

_AT_ENGINE: Final = 2
"""Of these, how many the engine has: the next one begins when its worker is free."""

FATAL_CODES: Final = frozenset(("store_full", "store_credentials", "source_credentials", "no_worker", "draining"))
"""Failures that every other original would meet too: the batch stops, also with ``on_error`` continue."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one original: its results by URL, with their sizes, or the failures."""

    item: Item
    written: tuple[tuple[str, int], ...] = ()
    failures: tuple[Failure, ...] = ()
    is_skipped: bool = False


@dataclass(slots=True)
class Totals:
    """What has been done so far."""

    originals: int = 0
    skipped: int = 0
    failed: int = 0
    outputs: int = 0
    output_bytes: int = 0
    stopped_by: Failure | None = None

    def add(self, outcome: Outcome) -> None:
        self.originals += 1
        self.skipped += outcome.is_skipped
        self.failed += bool(outcome.failures)
        self.outputs += len(outcome.written)
        self.output_bytes += sum(size for _, size in outcome.written)


@dataclass(slots=True)
class _ShardTotals(Totals):
    """The totals of a shard, with the originals that are done and the failures."""

    done: list[bytes] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        Totals.add(self, outcome)
        self.failures += outcome.failures
        if not outcome.failures:
            self.done.append(digest_of(outcome.item))

    def result(self) -> ShardResult:
        return ShardResult(
            tuple(self.done),
            tuple(self.failures),
            self.originals,
            self.skipped,
            self.failed,
            self.outputs,
            self.output_bytes,
            self.stopped_by,
        )


@asynccontextmanager
async def open_extras(compiled: CompiledJob, source: Source, engine: Engine) -> AsyncIterator[list["PlannedJob"]]:
    """Yield the jobs of every original, with the images that their plans refer to, loaded once for all."""
    freshness = FreshnessPolicy()
    loader = InputLoader(source, engine.announce, InputCaches(VersionCache(freshness)), freshness, NullObserver())
    async with AsyncExitStack() as stack:
        jobs = []
        for numbers in _jobs_of(compiled.variants):
            plans = [compiled.variants[number].plan for number in numbers]
            extras: list[Spool] = []
            for reference in references(*plans):
                original = await stack.enter_async_context(loader.load_original(reference.source))
                extras.append(original.spool)
            jobs.append(PlannedJob(numbers, extras))
        yield jobs


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """Variants, by number, that are rendered together, and the images that they refer to."""

    numbers: tuple[int, ...]
    extras: list[Spool]


def _jobs_of(variants: Sequence[Variant]) -> Iterator[tuple[int, ...]]:
    """Split by references and ``MAX_PLANS``, always in the same way."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for number, variant in enumerate(variants):
        groups.setdefault(references(variant.plan), []).append(number)
    for numbers in groups.values():
        for first in range(0, len(numbers), MAX_PLANS):
            yield tuple(numbers[first : first + MAX_PLANS])


def engine_settings(settings: Settings, compiled: CompiledJob) -> Settings:
    """Return the settings of an engine: one worker, and for a job the time that its results would have alone."""
    plans = min(len(compiled.variants), MAX_PLANS)
    return settings.model_copy(
        update={
            "workers": 1,
            "queue": max(settings.queue, IN_FLIGHT),
            "queue_max_wait_s": max(settings.queue_max_wait_s, settings.deadline_s * plans),
            "deadline_s": settings.deadline_s * plans,
        }
    )


class ShardRunner:
    """One engine of one worker, and the originals that are on their way to and from it."""

    def __init__(
        self,
        compiled: CompiledJob,
        locations: Locations,
        engine: Engine,
        jobs: Sequence[PlannedJob],
        *,
        create: bool = True,
    ) -> None:
        self._compiled = compiled
        self._locations = locations
        self._engine = engine
        self._jobs = jobs
        self._store: Store = locations.open(compiled.target.location, create=create)
        self._url_prefix = compiled.target.location.rstrip("/") + "/"
        self._at_engine = asyncio.Semaphore(_AT_ENGINE)

    async def run(
        self,
        items: Sequence[Item],
        on_outcome: Callable[[Outcome], None] = lambda _outcome: None,
        stop: asyncio.Event | None = None,
    ) -> ShardResult:
        """Make the results of these originals; with ``stop`` set, only of those that are begun.

        Ends early for a failure that every other original would meet too, which the result then names.
        """
        pending, totals = iter(items), _ShardTotals()

        async def take_items() -> None:
            for item in pending:
                if totals.stopped_by or (stop is not None and stop.is_set()):
                    return
                outcome = await self.process(item)
                totals.add(outcome)
                on_outcome(outcome)
                totals.stopped_by = totals.stopped_by or _fatal(outcome)

        tasks = [asyncio.create_task(take_items()) for _ in range(min(IN_FLIGHT, len(items)))]
        try:
            await asyncio.gather(*tasks)
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise
        return totals.result()

    async def process(self, item: Item) -> Outcome:
        """Make all results of one original. Never raises a PixmillError: the outcome has it."""
        try:
            return await self._process(item)
        except PixmillError as error:
            release_frames(error)
            return Outcome(item, failures=(_failure(item, error),))
        except OSError as error:
            return Outcome(item, failures=(_failure(item, InternalError(detail=str(error))),))

    async def _process(self, item: Item) -> Outcome:
        paths = self._compiled.namer.paths(item.name)
        present: set[int] = set()
        if self._compiled.job.skip_existing:
            present = await self._present(paths)
            if len(present) == len(paths):
                return Outcome(item, is_skipped=True)
        written: list[tuple[str, int]] = []
        failures: list[Failure] = []
        taken: set[str] = set()
        with closing(await retried(lambda: self._locations.read(item))) as spool:
            for job in self._jobs:
                results = await self._render(spool, job)
                wanted = [
                    (paths[number], result)
                    for number, result in zip(job.numbers, results, strict=True)
                    if number not in present and _is_new(paths[number], result, taken)
                ]
                outcomes = await asyncio.gather(*(self._finish(item, path, result) for path, result in wanted))
                written += [one for one in outcomes if isinstance(one, tuple)]
                failures += [one for one in outcomes if isinstance(one, Failure)]
        return Outcome(item, tuple(written), tuple(failures))

    async def _present(self, paths: Sequence[str]) -> set[int]:
        async def exists(path: str) -> bool:
            try:
                await retried(lambda: self._store.stat(path))
            except ObjectNotFound:
                return False
            return True

        found = await asyncio.gather(*map(exists, paths))
        return {number for number, is_there in enumerate(found) if is_there}

    async def _render(self, spool: Spool, job: PlannedJob) -> list[Rendered | PixmillError]:
        plans = [self._compiled.variants[number].plan for number in job.numbers]
        async with self._at_engine:
            try:
                return await retried(lambda: self._engine.render_all(spool, plans, job.extras))
            except ResultTooLarge:
                if len(plans) == 1:
                    raise
            # Together they exceed the limit of one: each by itself, which is the same in every run.
            return [(await self._render_one(spool, plan, job.extras)) for plan in plans]

    async def _render_one(self, spool: Spool, plan: Plan, extras: Sequence[Spool]) -> Rendered | PixmillError:
        try:
            return (await retried(lambda: self._engine.render_all(spool, [plan], extras)))[0]
        except PixmillError as error:
            release_frames(error)
            return error

    async def _finish(self, item: Item, path: str, result: Rendered | PixmillError) -> tuple[str, int] | Failure:
        """Write one result, and return its URL and size; or why there is none."""
        if isinstance(result, PixmillError):
            return _failure(item, result, self._url_prefix + path)
        try:
            path = finished_path(path, result.format)
            await retried(lambda: self._store.put(path, result.body))
        except PixmillError as error:
            release_frames(error)
            return _failure(item, error, self._url_prefix + path)
        return self._url_prefix + path, len(result.body)


def _is_new(path: str, result: Rendered | PixmillError, taken: set[str]) -> bool:
    """Whether no other result has this name: with ``webp,original`` a WebP image has one for both, the first."""
    if isinstance(result, PixmillError):
        return True
    name = with_ending(path, result.format)
    is_new = name not in taken
    taken.add(name)
    return is_new


def _fatal(outcome: Outcome) -> Failure | None:
    return next((failure for failure in outcome.failures if failure.code in FATAL_CODES), None)


def _failure(item: Item, error: PixmillError, output: str = "") -> Failure:
    detail = "" if error.detail in error.message else error.detail
    return Failure(item.url, error.code, error.message, error.param, shown_path(output), detail)
