"""The story of the queue: who is admitted, who is served next, and what becomes of a call when its worker is lost.

Knows calls and lanes. Must never know what is asked, pixels or metrics.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from pixmill.engine import protocol
from pixmill.engine.config import EngineConfig
from pixmill.engine.pool.admission import Admission, Load, RejectionReason
from pixmill.engine.pool.call import Call
from pixmill.engine.pool.idle import IdleScheduler
from pixmill.engine.pool.process import Process, ProcessEvents
from pixmill.engine.pool.supervisor import WorkerSupervisor
from pixmill.engine.pool.worker_handle import ExitReason, WorkerEvents, WorkerHandle
from pixmill.errors import Draining, NoWorker, QueueFull, RenderCrashed, RenderTimeout
from pixmill.runtime.durations import DurationEstimator

MAX_WORKER_DEATHS: Final = 2
_RESTART_REASONS: Final[dict[ExitReason, str]] = {
    "start": "crash",
    "crash": "crash",
    "deadline": "deadline",
    "abandoned": "deadline",  # with nobody waiting, the deadline is the grace
}


class Dispatcher(WorkerEvents):
    """Brings calls to lanes. No lane is idle while a call waits, and no call waits for ever."""

    def __init__(
        self,
        config: EngineConfig,
        start_process: Callable[[ProcessEvents], Process],
        on_worker_replaced: Callable[[str], None],
        on_rejected: Callable[[RejectionReason], None],
    ) -> None:
        """``replaced`` hears the reason whenever a worker is replaced, ``refused`` what it was whenever a call is turned away."""
        max_bytes = int(config.max_result_bytes)
        self.supervisor = WorkerSupervisor(config, lambda: WorkerHandle(start_process, self, max_bytes))
        self._on_worker_replaced = on_worker_replaced
        self._queue: deque[Call] = deque()
        self._is_open = False
        self._startup_done = asyncio.Event()
        self._durations = DurationEstimator()
        self.admission = Admission(
            config.queue, config.queue_max_wait_s, self._current_load, lambda: self._durations.overall_s, on_rejected
        )
        self.idle_scheduler = IdleScheduler(
            max(1, config.worker_count() - 1), config.deadline_s, self._has_idle_capacity
        )
        """For what may wait until nobody else does; one worker, where there are several, is left for all others."""

    async def open(self) -> None:
        """Start the workers and return when they are ready. Raises NoWorker when none can be started."""
        self._is_open = True
        self.supervisor.start_missing()
        self._signal_startup_done()
        try:
            await self._startup_done.wait()
        except asyncio.CancelledError:
            await self.close()
            raise
        if not any(worker.is_ready for worker in self.supervisor.workers):
            await self.close()
            raise self._no_worker_error()

    async def close(self) -> None:
        """End all workers at once; whoever still waits gets Draining."""
        self._is_open = False
        calls = [
            call for worker in self.supervisor.workers for call in (worker.current_call, worker.queued_call) if call
        ]
        for call in (*calls, *self._queue):
            call.fail(Draining())
        self._queue.clear()
        self.idle_scheduler.close()
        await self.supervisor.close()

    def queued_count(self) -> int:
        """The calls that no worker works on yet: in the queue, or lying ready behind another call."""
        return self.admission.queue_stats.count

    @property
    def is_busy(self) -> bool:
        """Whether so many wait that nothing should be begun which nobody waits for."""
        return not self._is_open or self.admission.is_busy

    # ------------------------------------------------------------ calls come and go

    def admit(self, call: Call) -> None:
        """Give it to a worker or let it wait. Raises QueueFull, Draining, NoWorker at once."""
        if not self._is_open:
            raise Draining
        if self.supervisor.has_given_up:
            raise self._no_worker_error()
        self.admission.check()
        call.expected_s = self._durations.expected_s(call.duration_class)
        call.start_waiting(self.admission.queue_stats, self._on_queue_timeout)
        self._queue.append(call)
        self._dispatch()

    def cancel(self, call: Call) -> None:
        """Nobody waits for it any more: its place is free."""
        call.stop_waiting()
        if not any(worker.cancel(call) for worker in self.supervisor.workers):
            with suppress(ValueError):  # it may have ended at this moment
                self._queue.remove(call)
        self._dispatch()

    def _on_queue_timeout(self, call: Call) -> None:
        self.cancel(call)
        call.fail(
            RenderTimeout() if call.worker_deaths else QueueFull("No worker came free in time; try again shortly")
        )

    # ------------------------------------------------------------ who is served next

    def _has_idle_worker(self) -> bool:
        return any(worker.accepts_calls and not worker.depth for worker in self.supervisor.workers)

    def _dispatch(self) -> None:
        """First to workers with nothing to do, then one behind each running call, the longest-running first."""
        while self._queue and (worker := self._next_worker()):
            worker.submit(self._queue.popleft())
        self._steal_queued_calls()
        self.idle_scheduler.grant_next()

    def _current_load(self) -> Load:
        """A call that takes longer than expected is expected to take as much longer again."""
        now, running_s, worker_count, has_idle_worker = asyncio.get_running_loop().time(), 0.0, 0, False
        for worker in self.supervisor.workers:
            worker_count += not worker.is_retired
            current = worker.current_call
            if current and current.started_at is not None:
                running_s += abs(current.expected_s - (now - current.started_at))
            elif worker.depth:  # it is ending what nobody waits for any more
                running_s += self._durations.overall_s
            has_idle_worker = has_idle_worker or (worker.accepts_calls and not worker.depth)
        return Load(running_s, max(1, worker_count), has_idle_worker)

    def _record_duration(self, call: Call) -> None:
        if call.started_at is not None:
            self._durations.record(call.duration_class, asyncio.get_running_loop().time() - call.started_at)

    def _has_idle_capacity(self) -> bool:
        return self._is_open and not self._queue and self._has_idle_worker()

    def _next_worker(self) -> WorkerHandle | None:
        accepting = (worker for worker in self.supervisor.workers if worker.accepts_calls)
        return min(accepting, key=lambda lane: (lane.depth, lane.deadline_at), default=None)

    def _steal_queued_calls(self) -> None:
        """Whoever has nothing to do takes over a call that lies ready behind another."""
        idle_workers = [worker for worker in self.supervisor.workers if worker.accepts_calls and not worker.depth]
        stealable = [(lane, call) for lane in self.supervisor.workers if idle_workers and (call := lane.queued_call)]
        for idle_worker, (lane, call) in zip(idle_workers, stealable, strict=False):
            lane.cancel(call)
            idle_worker.submit(call)

    # ------------------------------------------------------------ what becomes of lanes

    def on_ready(self, worker: WorkerHandle) -> None:
        predecessor = self.supervisor.mark_ready(worker)
        if predecessor:
            self._on_worker_replaced("recycled")
            if not predecessor.depth:
                self.supervisor.remove(predecessor)
        self._signal_startup_done()
        self._dispatch()

    def on_outcome(
        self, worker: WorkerHandle, call: Call | None, outcome: protocol.Outcome, file: protocol.OwnedFd | None
    ) -> None:
        if call:
            self._record_duration(call)
            call.succeed((outcome, file))
        if worker.is_retired and not worker.depth:
            self.supervisor.remove(worker)
        elif self.supervisor.needs_recycling(worker):
            self.supervisor.recycle(worker)
        self._dispatch()

    def on_exit(self, worker: WorkerHandle, reason: ExitReason, detail: str) -> None:
        current, queued = worker.current_call, worker.queued_call
        if queued:  # has not begun: this was no attempt of its own
            self._queue.appendleft(queued)
        if current and reason == "start":  # nor was this
            self._queue.appendleft(current)
            current = None
        self.supervisor.remove(worker)
        self._on_worker_replaced(_RESTART_REASONS[reason])
        if reason == "start":
            self.supervisor.back_off(detail)
        replacement = self.supervisor.start_missing()
        if current:
            self._retry_or_fail(current, reason, detail, replacement)
        if self.supervisor.has_given_up:
            self._fail_queued()
        self._signal_startup_done()
        self._dispatch()

    def _retry_or_fail(self, call: Call, reason: ExitReason, detail: str, replacement: WorkerHandle | None) -> None:
        """A call is tried once more, on the worker that replaces the dead one, so that it can harm no other."""
        call.worker_died(asyncio.get_running_loop().time())
        if reason == "deadline":
            self._record_duration(call)
            call.fail(RenderTimeout(detail=detail))
        elif call.worker_deaths >= MAX_WORKER_DEATHS:
            call.fail(RenderCrashed(detail=detail))
        else:
            call.start_waiting(self.admission.queue_stats, self._on_queue_timeout)
            if replacement:
                replacement.submit(call)
            else:
                self._queue.appendleft(call)

    def _fail_queued(self) -> None:
        while self._queue:
            self._queue.popleft().fail(self._no_worker_error())

    def _signal_startup_done(self) -> None:
        if not self.supervisor.is_starting:
            self._startup_done.set()

    def _no_worker_error(self) -> NoWorker:
        return NoWorker(detail=self.supervisor.last_error)
