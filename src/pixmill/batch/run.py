"""Runs a batch on this machine: one confined worker for each shard in progress, and a journal.

Knows all parts of a batch; the command line, tests and functions of clusters call it.
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pixmill.batch.index import Index
from pixmill.batch.job import CompiledJob, Failure, Job
from pixmill.batch.journal import FOLDER, Journal
from pixmill.batch.locations import Item, Locations
from pixmill.batch.planning import WHOLE, Part, Plan
from pixmill.batch.runner import Outcome, ShardRunner, Totals, engine_settings, open_extras
from pixmill.batch.template import parse_target, shown_path
from pixmill.errors import InvalidParameter, PixmillError
from pixmill.parts import build_engine, build_sources
from pixmill.ports.pipeline import Source
from pixmill.ports.storage import Store
from pixmill.settings import Settings, SettingsError

MAX_CONSECUTIVE_FAILURES: Final = 32
"""Of stores and sources, with no original made between them: then the batch stops, and can be resumed."""

_STORE_CODES: Final = ("store_", "source_unreachable", "source_timeout", "source_denied", "source_forbidden")


@dataclass(slots=True)
class Observers:
    """Callbacks for progress and reports."""

    on_listed: Callable[[int], None] = lambda _count: None
    on_planned: Callable[[Plan, bool], None] = lambda _plan, _resumed: None
    on_outcome: Callable[[Outcome], None] = lambda _outcome: None
    on_failure: Callable[[Failure], None] = lambda _failure: None
    on_started: Callable[[], None] = lambda: None


@dataclass(slots=True)
class Options:
    """How a batch runs; none of it changes a result. ``stop`` ends it after what has begun."""

    workers: int = 1
    stop_on_error: bool = False
    restart: bool = False
    part: Part = WHOLE
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    opened: dict[str, Store] = field(default_factory=dict)
    """Stores of memory by URL."""


async def run_batch(job: Job, settings: Settings, options: Options, observers: Observers) -> Totals:
    """Make what is missing. Raises BadRequest, StoreError, EngineError for what concerns the batch as a whole."""
    if options.restart and options.part.machines > 1:
        raise InvalidParameter(
            "Of one part of many it would forget what the other machines have done too: give all of them another "
            "--journal instead",
            param="restart",
        )
    compiled = CompiledJob(job, settings)
    async with AsyncExitStack() as stack:
        _, source = await stack.enter_async_context(build_sources(settings))
        locations = Locations(settings, source, options.opened)
        stack.push_async_callback(locations.close)
        plan = Plan(compiled, stack.enter_context(closing(Index())), options.part)
        await plan.list(locations, observers.on_failure, observers.on_listed)
        journal = stack.enter_context(_locked_journal(compiled, locations, options.part))
        if options.restart:
            await journal.clear()
        is_resumed = await read_journal(journal, plan)
        observers.on_planned(plan, is_resumed)
        totals = await _Run(plan, settings, options, observers, journal, locations, source).run()
        is_complete = totals.originals == plan.remaining and not totals.failed
        if is_complete and not (job.journal or options.part.machines > 1):
            with suppress(PixmillError):
                await journal.clear()
        _remove_empty_folders(compiled, options.part)
        return totals


async def plan_batch(
    job: Job, settings: Settings, options: Options, observers: Observers, on_item: Callable[[Item, list[str]], None]
) -> Plan:
    """List and check without writing anything; ``on_item`` gets each original and the URLs of its results."""
    compiled = CompiledJob(job, settings)
    async with AsyncExitStack() as stack:
        locations = Locations(settings, None, options.opened)
        stack.push_async_callback(locations.close)
        plan = Plan(compiled, stack.enter_context(closing(Index())), options.part)
        await plan.list(locations, observers.on_failure, observers.on_listed)
        prefix = compiled.target.location.rstrip("/") + "/"
        for item in plan.items():
            on_item(item, [f"{prefix}{shown_path(path)}" for path in compiled.namer.paths(item.name)])
        return plan


def _describe(compiled: CompiledJob) -> dict[str, str]:
    """Return what a message about another job shows."""
    job = compiled.job
    options = {f"--{name.replace('_', '-')}": ",".join(values) for name, values in job.params.items()}
    given = {"inputs": " ".join(job.inputs), "--files-from": job.files_from, "--exclude": " ".join(job.exclude)}
    return {name: value for name, value in given.items() if value} | {"--to": compiled.target.text} | options


def _journal_location(compiled: CompiledJob) -> tuple[str, str]:
    """Return the store of the journal and its folder there."""
    job = compiled.job
    if job.journal:
        target = parse_target(job.journal.replace("{", "{{").replace("}", "}}").rstrip("/") + "/")
        return target.location, ""
    return compiled.target.location, f"{FOLDER}/{compiled.fingerprint()}"


def open_journal(compiled: CompiledJob, locations: Locations) -> Journal:
    """Return the journal of a batch, in its store, which is created if need be."""
    location, folder = _journal_location(compiled)
    return Journal(locations.open(location, create=True), folder, compiled.fingerprint())


async def read_journal(journal: Journal, plan: Plan) -> bool:
    """Leave out of the plan what the journal has as done; return whether the batch was begun before.

    Raises InvalidParameter if the journal is that of another job.
    """
    if not await journal.open(_describe(plan.compiled)):
        return False
    async for digests in journal.done():
        plan.index.add_done(digests)
    plan.count_done()
    return True


@contextmanager
def _locked_journal(compiled: CompiledJob, locations: Locations, part: Part) -> Iterator[Journal]:
    """Yield the journal; a local one is locked, so that no other run of this machine does the same work."""
    location, folder = _journal_location(compiled)
    journal = open_journal(compiled, locations)
    if not location.startswith("/"):
        yield journal
        return
    path = Path(location, folder, _lock_name(part))
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InvalidParameter(f"Another run of this batch works on {path.parent}", param="journal") from error
        yield journal
        with suppress(OSError):
            path.unlink()
    finally:
        os.close(fd)


def _lock_name(part: Part) -> str:
    return f"lock-{part.number}-of-{part.machines}"


def _remove_empty_folders(compiled: CompiledJob, part: Part) -> None:
    """Remove what a batch leaves beside its results in a local folder, as far as it is empty."""
    location, folder = _journal_location(compiled)
    if not location.startswith("/") or compiled.job.journal:
        return
    base = Path(location)
    (base / folder / _lock_name(part)).unlink(missing_ok=True)
    for path in (base / folder / "done", base / folder, base / FOLDER, base / ".pixmill-staging"):
        with suppress(OSError):
            path.rmdir()


class _Run:
    """One run: each worker takes a shard when it has done the last one."""

    def __init__(
        self,
        plan: Plan,
        settings: Settings,
        options: Options,
        observers: Observers,
        journal: Journal,
        locations: Locations,
        source: Source,
    ) -> None:
        self._plan = plan
        self._settings = settings
        self._options = options
        self._observers = observers
        self._journal = journal
        self._locations = locations
        self._source = source
        self._consecutive_failures = 0
        self._totals = Totals()

    async def run(self) -> Totals:
        remaining = self._plan.remaining
        if not remaining:
            return self._totals
        runners = max(1, min(self._options.workers, remaining))
        size = max(1, min(self._plan.compiled.job.shard_size, -(-remaining // (runners * 4))))
        shards = self._plan.shards(size)
        async with self._open_runners(runners) as opened:
            self._observers.on_started()
            tasks = [asyncio.create_task(self._work(runner, shards)) for runner in opened]
            try:
                await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        return self._totals

    @asynccontextmanager
    async def _open_runners(self, count: int) -> AsyncIterator[list[ShardRunner]]:
        compiled, settings = self._plan.compiled, engine_settings(self._settings, self._plan.compiled)
        async with AsyncExitStack() as stack:
            try:
                engines = await asyncio.gather(
                    *(stack.enter_async_context(build_engine(settings)) for _ in range(count))
                )
            except ValueError as error:  # it names the setting
                raise SettingsError(str(error)) from error
            jobs = await stack.enter_async_context(open_extras(compiled, self._source, engines[0]))
            yield [ShardRunner(compiled, self._locations, engine, jobs) for engine in engines]

    async def _work(self, runner: ShardRunner, shards: Iterator[tuple[Item, ...]]) -> None:
        for shard in shards:
            if self._options.stop.is_set():
                return
            result = await runner.run(shard, self._on_outcome, self._options.stop)
            await self._journal.record(result.done)
            if result.stopped_by:
                self._stop(result.stopped_by)

    def _on_outcome(self, outcome: Outcome) -> None:
        self._totals.add(outcome)
        self._observers.on_outcome(outcome)
        if not outcome.failures:
            self._consecutive_failures = 0
            return
        first = outcome.failures[0]
        self._consecutive_failures += first.code.startswith(_STORE_CODES)
        if self._options.stop_on_error or self._consecutive_failures >= MAX_CONSECUTIVE_FAILURES:
            self._stop(first)

    def _stop(self, failure: Failure) -> None:
        self._totals.stopped_by = self._totals.stopped_by or failure
        self._options.stop.set()
