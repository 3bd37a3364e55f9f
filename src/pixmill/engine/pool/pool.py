"""The engine port: renders images in worker processes.

Knows calls, outcomes and metrics. Must never know pixels or a pixel library.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from pixmill.engine import protocol
from pixmill.engine.config import EngineConfig
from pixmill.engine.pool.admission import RejectionReason, Reservation
from pixmill.engine.pool.call import Call, CallResult, ResultFile
from pixmill.engine.pool.dispatcher import Dispatcher
from pixmill.engine.pool.process import Process, ProcessEvents
from pixmill.engine.pool.rasters import RasterCache
from pixmill.engine.self_test import SELF_TEST_PLAN, self_test_image
from pixmill.errors import InternalError, PixmillError, QueueFull, RenderCrashed, RequestTooLarge
from pixmill.plan.facts import HEADER_FACTS_ONLY, Facts, FactSelection
from pixmill.plan.ops import Plan
from pixmill.ports.observe import BoundCounters, Event, Observer, RequestStage, measure_of, timer_of
from pixmill.ports.pipeline import MAX_PLANS
from pixmill.ports.values import Rendered
from pixmill.runtime.client import CURRENT_CLIENT
from pixmill.runtime.spool import Spool

_MAX_INLINE_READ_BYTES: Final = 2**20
"""A larger result is copied by a thread, so that the event loop is not blocked for more than about a millisecond."""
_CPU_TIME_PER_DEADLINE: Final = 2
"""A decoder may use a thread of its own; more CPU time than this means that work goes on after its deadline."""
_WORKER_STAGES: Final = (RequestStage.DECODE, RequestStage.PROCESS, RequestStage.ENCODE)
_LOG: Final = logging.getLogger(__name__)
_REPLACEMENTS: Final = {
    "crash": "it crashed, or the system killed it (is there enough memory?)",
    "deadline": "a render took longer than PIXMILL_DEADLINE_S",
}
"""Reasons that an operator should know of; the others belong to a day's work."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PoolStats:
    """The state of the pool."""

    workers: int
    busy: int
    queued: int
    expected_wait_s: float
    """Of a call that arrives now."""


class EnginePool:
    """Renders in processes: a crash costs one call, a missed deadline one worker, which is replaced at once."""

    def __init__(
        self,
        config: EngineConfig,
        observer: Observer,
        handlers_module: str | None = None,
        *,
        is_shared: bool = True,
    ) -> None:
        """``handlers_module`` names a module whose ``render`` and ``inspect`` replace the real ones.

        ``is_shared``: many clients send calls, so long ones leave a worker to short ones, and are stopped for them.
        Otherwise all calls are of one program, which wants them done in the order in which it made them.
        """
        self._deadline_s = config.deadline_s
        self._observer = observer
        self._count_render = BoundCounters(observer, Event.RENDER, "outcome")
        self._time = {stage: timer_of(observer, stage) for stage in (RequestStage.QUEUE, *_WORKER_STAGES)}
        self._measure_render = measure_of(observer, RequestStage.RENDER)
        self._handlers_module = handlers_module
        self._memory_bytes = int(config.worker_memory_bytes)
        self._sandbox_mode = config.sandbox
        self._limits = config.limits()
        self.rasters = RasterCache(int(config.raster_memory_bytes), observer)
        self._dispatcher = Dispatcher(
            config, self._start_process, self._on_worker_replaced, self._on_rejected, is_shared=is_shared
        )
        admission = self._dispatcher.admission
        self.announce: Callable[[], AbstractContextManager[None]] = admission.announce
        self.reserve: Callable[[], AbstractContextManager[None]] = partial(Reservation, admission)
        self.retry_after_s: Callable[[], float | None] = admission.retry_after_s

    async def open(self) -> None:
        """Start the workers and return when they are ready. Raises NoWorker when none can be started."""
        await self._dispatcher.open()

    async def close(self) -> None:
        """Kill all workers at once and return when they are gone; calls in progress raise Draining."""
        self.rasters.close()
        await self._dispatcher.close()

    async def render(self, original: Spool, plan: Plan, extras: Sequence[Spool] = ()) -> Rendered:
        call = self._new_call(original, plan)
        if extras:
            self._attach_extras(call, extras)
        try:
            rendered = await self.rasters.render(call, self._render)
        except PixmillError as error:
            self._count_render[error.code,](1)
            raise
        self._count_render["ok",](1)
        return rendered

    async def render_all(
        self, original: Spool, plans: Sequence[Plan], extras: Sequence[Spool] = ()
    ) -> list[Rendered | PixmillError]:
        call = self._new_call(original, tuple(plans))
        self._attach_extras(call, extras)
        if len(plans) > MAX_PLANS or not protocol.fits_in_message(call.to_job(0)):
            raise RequestTooLarge(
                f"One job makes at most {MAX_PLANS} results, of {protocol.MAX_MESSAGE_BYTES} bytes of parameters"
            )
        results = await self._render_all(call) if plans else []
        for result in results:
            self._count_render[result.code if isinstance(result, PixmillError) else "ok",](1)
        return results

    @asynccontextmanager
    async def idle_slot(self) -> AsyncIterator[None]:
        if self._dispatcher.is_busy:
            raise QueueFull
        async with self._dispatcher.idle_scheduler.slot():
            yield

    async def inspect(self, original: Spool, selection: FactSelection = HEADER_FACTS_ONLY) -> Facts:
        call = self._new_call(original, None)
        call.fact_selection = selection
        match await self._run_call(call):
            case (protocol.Inspected(facts=facts), _):
                return facts
            case (outcome, _):
                raise InternalError(detail=f"unexpected reply to an inspection: {type(outcome).__name__}")

    async def ping(self) -> None:
        """Render a small image.

        Skipped while all workers are busy: they prove that they work, since each has a deadline. A queue must not
        count as a failure, or under load every replica would be taken out of service at once.
        """
        stats = self.stats()
        if stats.busy == stats.workers > 0:
            return
        with self_test_image() as original:
            await self._run_call(self._new_call(original, SELF_TEST_PLAN))

    def stats(self) -> PoolStats:
        ready_workers = [worker for worker in self._dispatcher.supervisor.workers if worker.is_ready]
        busy = sum(1 for worker in ready_workers if worker.depth)
        admission = self._dispatcher.admission
        return PoolStats(len(ready_workers), busy, self._dispatcher.queued_count(), admission.expected_wait_s())

    async def _render(self, call: Call) -> Rendered:
        match await self._run_call(call):
            case (protocol.RenderedImage() as image, ResultFile() as file):
                self._observe_stages(call, image.seconds)
                body = await self._read(file, partial(file.read, self._limits.max_result_bytes))
                return _rendered(body, image)
            case (outcome, _):
                raise InternalError(detail=f"unexpected reply to a render: {type(outcome).__name__}")

    async def _render_all(self, call: Call) -> list[Rendered | PixmillError]:
        match await self._run_call(call):
            case (protocol.RenderedBatch(results=results), ResultFile() as file):
                self._observe_stages(
                    call, *(result.seconds for result in results if isinstance(result, protocol.BatchItem))
                )
                return await self._read(file, partial(_split_batch, results, file))
            case (outcome, _):
                raise InternalError(detail=f"unexpected reply to a batch: {type(outcome).__name__}")

    def _new_call(self, original: Spool, plan: Plan | tuple[Plan, ...] | None) -> Call:
        """Raises InvalidParameter."""
        for one in plan if isinstance(plan, tuple) else filter(None, (plan,)):
            protocol.check_plan(one)
        loop = asyncio.get_running_loop()
        call = Call(original, plan, loop.create_future(), loop.time(), self._deadline_s, client=CURRENT_CLIENT.get())
        call.is_costly = isinstance(plan, tuple)
        return call

    def _attach_extras(self, call: Call, extras: Sequence[Spool]) -> None:
        """Attach the referenced images. Raises RequestTooLarge when they are too many or the message is too long."""
        call.extras = tuple(extras)
        if len(extras) > protocol.MAX_EXTRAS or not protocol.fits_in_message(call.to_job(0)):
            raise RequestTooLarge(
                f"One job takes at most {protocol.MAX_EXTRAS} more images, "
                f"and {protocol.MAX_MESSAGE_BYTES} bytes of parameters"
            )

    async def _run_call(self, call: Call) -> CallResult:
        self._dispatcher.admit(call)
        try:
            outcome, file = await call.future
        except asyncio.CancelledError:
            self._dispatcher.cancel(call)
            raise
        if isinstance(outcome, protocol.Failed):
            raise protocol.error_from_wire(outcome)
        return outcome, file

    async def _read(self, file: ResultFile, read: Callable[[], T]) -> T:
        try:
            with_close = partial(_read_and_close, file, read)
            return with_close() if file.size <= _MAX_INLINE_READ_BYTES else await asyncio.to_thread(with_close)
        except protocol.ProtocolError as error:
            raise RenderCrashed(detail=str(error)) from error

    def _observe_stages(self, call: Call, *stage_seconds: dict[str, float]) -> None:
        now = asyncio.get_running_loop().time()
        started_at = now if call.started_at is None else call.started_at
        worked_s = sum(durations.get(stage, 0.0) for durations in stage_seconds for stage in _WORKER_STAGES)
        ended_s_ago = max(now - started_at, worked_s)  # a busy event loop notices late that a worker has begun
        self._time[RequestStage.QUEUE](max(0.0, now - ended_s_ago - call.admitted_at), ended_s_ago)
        with self._measure_render(ended_s_ago):
            for durations in stage_seconds:  # a worker does one thing at a time
                for stage in _WORKER_STAGES:
                    if stage in durations:
                        ended_s_ago -= durations[stage]
                        self._time[stage](durations[stage], max(0.0, ended_s_ago))

    def _start_process(self, events: ProcessEvents) -> Process:
        cpu_s = _CPU_TIME_PER_DEADLINE * self._deadline_s
        configuration = protocol.Configure(
            os.getpid(), self._memory_bytes, cpu_s, self._sandbox_mode, self._limits, self.rasters.max_bytes
        )
        return Process(configuration, self._handlers_module, events)

    def _on_rejected(self, reason: RejectionReason) -> None:
        self._observer.increment(Event.REJECTED, reason=reason)

    def _on_worker_replaced(self, reason: str) -> None:
        self._observer.increment(Event.WORKER_RESTART, reason=reason)
        if reason in _REPLACEMENTS:
            _LOG.warning("A worker was replaced: %s", _REPLACEMENTS[reason])


def _read_and_close(file: ResultFile, read: Callable[[], T]) -> T:
    with closing(file):
        return read()


def _split_batch(
    results: tuple[protocol.BatchItem | protocol.Failed, ...], file: ResultFile
) -> list[Rendered | PixmillError]:
    """Read the results of a batch from their common file. Raises ProtocolError."""
    return [
        protocol.error_from_wire(result) if isinstance(result, protocol.Failed) else _batch_result(result, file)
        for result in results
    ]


def _batch_result(item: protocol.BatchItem, file: ResultFile) -> Rendered:
    body = file.read_range(item.offset, item.size_bytes)
    return _rendered(body, item)


def _rendered(body: bytes, image: protocol.RenderedImage | protocol.BatchItem) -> Rendered:
    return Rendered(body, image.format, image.width, image.height, image.seconds, image.truncated, image.source_size)
