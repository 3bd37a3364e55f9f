"""The batch as a function of plain data, for Ray, Dask and other engines.

``open_batch`` lists and cuts on one machine; ``run_shard`` does one shard on any, and notes it in the journal. Both
read their settings, such as credentials of buckets, from the environment of their machine.
"""

import asyncio
import atexit
import os
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import AsyncExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from pixmill.batch.index import Index
from pixmill.batch.job import DEFAULT_SHARD_SIZE, CompiledJob, Failure, Job, Shard, ShardResult
from pixmill.batch.journal import Journal
from pixmill.batch.locations import Locations
from pixmill.batch.planning import WHOLE, Plan
from pixmill.batch.run import open_journal, read_journal
from pixmill.batch.runner import ShardRunner, engine_settings, open_extras
from pixmill.parts import build_engine, build_sources
from pixmill.settings import Settings, is_default, load

T = TypeVar("T")
Value = str | int | float | bool

MAX_IN_FLIGHT: Final = 1_000
"""Shards that a cluster has at a time: enough for a thousand workers, and a few megabytes of names."""

_MAX_OPEN: Final = 2
"""Jobs whose engines a process keeps: the one at work and the one before."""


def make_job(
    inputs: str | Sequence[str],
    to: str,
    *,
    exclude: Sequence[str] = (),
    files_from: str = "",
    skip_existing: bool = False,
    journal: str = "",
    shard_size: int = DEFAULT_SHARD_SIZE,
    **params: Value | Sequence[Value],
) -> Job:
    """Return a job as ``pixmill batch`` makes it of its options; ``params`` are those of images, such as ``width``.

    Relative paths begin in the current folder of this machine.
    """
    return Job(
        target=_absolute(to, is_template=True),
        inputs=(inputs,) if isinstance(inputs, str) else tuple(inputs),
        params={name: _texts(value) for name, value in params.items()},
        exclude=tuple(exclude),
        files_from=files_from,
        skip_existing=skip_existing,
        journal=_absolute(journal) if journal else "",
        shard_size=shard_size,
    )


def _absolute(path: str, *, is_template: bool = False) -> str:
    """Return a URL as it is, and a path from the root: processes of a cluster have other current folders."""
    if "://" in path or path.startswith(("/", "~")):
        return path
    here = str(Path.cwd())
    return f"{here.replace('{', '{{').replace('}', '}}') if is_template else here}/{path}"


def _texts(value: Value | Sequence[Value]) -> tuple[str, ...]:
    values = (value,) if isinstance(value, str | int | float) else tuple(value)
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in values)


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch that is listed and checked. ``total`` originals, of which ``done_before`` need nothing any more."""

    total: int
    done_before: int
    failures: tuple[Failure, ...]
    """Of originals that could not be listed."""
    plan: Plan

    def shards(self) -> Iterator[Shard]:
        """Yield what is left to do, for ``run_shard``."""
        job = self.plan.compiled.job
        return (Shard(job, items) for items in self.plan.shards(job.shard_size))

    def results(
        self, submit: Callable[[Shard], "Future[ShardResult]"], in_flight: int = MAX_IN_FLIGHT
    ) -> Iterator[ShardResult]:
        """Submit shards, at most ``in_flight`` at a time, and yield results as they come.

        ``submit`` hands a shard to ``run_shard`` on a cluster. After a failure that every other original would meet
        too, no more are submitted. Raises what ``run_shard`` raises.
        """
        shards, waiting, stopped = self.shards(), set[Future[ShardResult]](), False
        while True:
            while not stopped and len(waiting) < in_flight and (shard := next(shards, None)):
                waiting.add(submit(shard))
            if not waiting:
                return
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                result = future.result()
                stopped = stopped or result.stopped_by is not None
                yield result


@contextmanager
def open_batch(job: Job, settings: Settings | None = None) -> Iterator[OpenBatch]:
    """List the originals of a job, check the names of its results, and read its journal. Raises PixmillError."""
    settings = settings or batch_settings()
    compiled, failures = CompiledJob(job, settings), list[Failure]()
    with closing(Index()) as index:
        plan = Plan(compiled, index, WHOLE)
        _process()[0].run(_list(plan, settings, failures))
        yield OpenBatch(plan.total, plan.done_before, tuple(failures), plan)


async def _list(plan: Plan, settings: Settings, failures: list[Failure]) -> None:
    locations = Locations(settings)
    try:
        await plan.list(locations, failures.append)
        await read_journal(open_journal(plan.compiled, locations), plan)
    finally:
        await locations.close()


def run_shard(shard: Shard) -> ShardResult:
    """Make all results of a shard, and note it in the journal. Failures of originals are in the result.

    The process keeps one confined worker for it until it ends. Raises PixmillError for what concerns the whole job.
    """
    loop, runners = _process()
    return loop.run(runners.run(shard))


def batch_settings(flags: Mapping[str, object] | None = None) -> Settings:
    """Return the settings of this machine.

    Buckets need not be listed, unless a setting says so: who runs a batch has their credentials.
    """
    flags = flags or {}
    return load({"stores_allow_unnamed": True, **flags} if is_default("stores_allow_unnamed", flags) else flags)


class _Runners:
    """A runner of each job that this process works on."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[ShardRunner, Journal, AsyncExitStack]] = {}
        self._lock = asyncio.Lock()

    async def run(self, shard: Shard) -> ShardResult:
        async with self._lock:  # one worker does one shard at a time
            runner, journal, _ = await self._runner_of(shard.job)
            result = await runner.run(shard.items)
            await journal.record(result.done)
            return result

    async def close(self) -> None:
        while self._open:
            _, (_, _, stack) = self._open.popitem()
            await stack.aclose()

    async def _runner_of(self, job: Job) -> tuple[ShardRunner, Journal, AsyncExitStack]:
        key = repr(job)
        if key not in self._open:
            while len(self._open) >= _MAX_OPEN:
                _, _, stack = self._open.pop(next(iter(self._open)))
                await stack.aclose()
            self._open[key] = await _open_runner(job)
        return self._open[key]


async def _open_runner(job: Job) -> tuple[ShardRunner, Journal, AsyncExitStack]:
    settings = batch_settings()
    compiled = CompiledJob(job, settings)
    async with AsyncExitStack() as stack:
        _, source = await stack.enter_async_context(build_sources(settings))
        locations = Locations(settings, source)
        stack.push_async_callback(locations.close)
        engine = await stack.enter_async_context(build_engine(engine_settings(settings, compiled)))
        jobs = await stack.enter_async_context(open_extras(compiled, source, engine))
        journal = open_journal(compiled, locations)
        return ShardRunner(compiled, locations, engine, jobs), journal, stack.pop_all()


class _Loop:
    """An event loop in a thread of its own: the caller may have one, or none, and its threads come and go."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="pixmill-batch", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


_OPENING: Final = threading.Lock()
_opened: tuple[int, _Loop, _Runners] | None = None


def _process() -> tuple[_Loop, _Runners]:
    """Return the loop and the runners of this process: a fork must not use those of its parent."""
    global _opened  # noqa: PLW0603 - one worker for each process
    with _OPENING:
        if _opened is None or _opened[0] != os.getpid():
            loop, runners = _Loop(), _Runners()
            _opened = os.getpid(), loop, runners
            atexit.register(_close, os.getpid(), loop, runners)
        return _opened[1], _opened[2]


def _close(owner: int, loop: _Loop, runners: _Runners) -> None:
    if owner != os.getpid():  # a fork has no such thread
        return
    loop.run(runners.close())
    loop.close()
