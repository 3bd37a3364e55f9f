"""Dispatcher: which calls are admitted, which is served next, and what becomes of a call whose worker is lost.

Calls of unknown length are in one queue; costly ones, which take more than a second or two, are in another and leave
workers to the first. A render is costly if its worker says so before it begins, or if it has run for long while others
wait: it is stopped and starts again among the costly ones (task assignment by guessing size: Harchol-Balter, JACM
49(2), 2002). So a few long renders do not hold up many short ones. Both queues are fair to clients.

Knows calls and workers. Must never know what is asked, pixels or metrics.
"""

import asyncio
import time
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Final

from pixmill.engine import protocol
from pixmill.engine.config import EngineConfig
from pixmill.engine.pool.admission import Admission, Load, RejectionReason
from pixmill.engine.pool.call import Call, QueueStats, ResultFile
from pixmill.engine.pool.idle import IdleScheduler
from pixmill.engine.pool.process import Process, ProcessEvents
from pixmill.engine.pool.supervisor import WorkerSupervisor
from pixmill.engine.pool.worker_handle import ExitReason, WorkerEvents, WorkerHandle, WorkerLimits
from pixmill.errors import Draining, NoWorker, QueueFull, RenderCrashed, RenderTimeout
from pixmill.runtime.durations import DurationEstimator
from pixmill.runtime.fair_queue import FairQueue

MAX_WORKER_DEATHS: Final = 2
COSTLY_WAIT_RATIO: Final = 2.0
"""The maximum wait of a costly call, as a multiple of that of others."""
OVERRUN_RATIO: Final = 0.5
"""The share of the maximum wait after which a running call is costly if others wait."""
_CLOCK_RESOLUTION_S: Final = 0.01
_RESTART_REASONS: Final[dict[ExitReason, str]] = {
    "start": "crash",
    "crash": "crash",
    "deadline": "deadline",
    "abandoned": "abandoned",  # the client has left, and the render did not end within the grace
}


class Dispatcher(WorkerEvents):
    """Gives calls to workers. No worker is idle while a call waits, and no call waits for ever."""

    def __init__(
        self,
        config: EngineConfig,
        start_process: Callable[[ProcessEvents], Process],
        on_worker_replaced: Callable[[str], None],
        on_rejected: Callable[[RejectionReason], None],
        *,
        is_shared: bool = True,
    ) -> None:
        """``on_worker_replaced`` and ``on_rejected`` are called with the reason.

        ``is_shared``: costly calls leave workers to others. Without it they are served like these.
        """
        limits = WorkerLimits(config.limits(), config.worker_max_jobs, int(config.worker_max_rss_bytes))
        self.supervisor = WorkerSupervisor(config.worker_count(), lambda: WorkerHandle(start_process, self, limits))
        self._on_worker_replaced = on_worker_replaced
        self._queue: FairQueue[Call] = FairQueue(_client_of, _expected_s)
        self._costly_queue: FairQueue[Call] = FairQueue(_client_of, _expected_s)
        self._costly_stats = QueueStats(time.monotonic)
        self._worker_count = config.worker_count()
        self._is_shared = is_shared
        self._separates_costly = is_shared and self._worker_count > 1
        self._max_wait_s = config.queue_max_wait_s
        self._on_rejected = on_rejected
        self._overrun_timer: asyncio.TimerHandle | None = None
        self._is_open = False
        self._startup_done = asyncio.Event()
        self._durations = DurationEstimator()
        self.admission = Admission(
            config.queue, config.queue_max_wait_s, self._current_load, lambda: self._durations.overall_s, on_rejected
        )
        self.idle_scheduler = IdleScheduler(
            max(1, config.worker_count() - 1), config.deadline_s, self._has_idle_capacity
        )
        """Slots for background work. With several workers, one is kept free for requests."""

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
        """Kill all workers at once; calls in progress fail with Draining."""
        self._is_open = self.admission.has_idle_worker = False
        calls = [
            call for worker in self.supervisor.workers for call in (worker.current_call, worker.queued_call) if call
        ]
        for call in (*calls, *self._queue, *self._costly_queue):
            call.fail(Draining())
        self._queue.clear()
        self._costly_queue.clear()
        if self._overrun_timer:
            self._overrun_timer.cancel()
            self._overrun_timer = None
        self.idle_scheduler.close()
        await self.supervisor.close()

    def queued_count(self) -> int:
        """Return the number of calls that no worker works on yet: in the queue, or in a worker behind another call."""
        return self.admission.queue_stats.count + self._costly_stats.count

    @property
    def is_busy(self) -> bool:
        """Whether the queue is too long to begin background work."""
        return not self._is_open or self.admission.is_busy

    # ------------------------------------------------------------ calls come and go

    def admit(self, call: Call) -> None:
        """Give the call to an idle worker, or queue it. Raises QueueFull, Draining, NoWorker at once."""
        if not self._is_open:
            raise Draining
        if not self.admission.has_idle_worker and self.supervisor.has_given_up:
            raise self._no_worker_error()
        self.admission.check()
        call.estimate(self._durations.expected_s)
        call.may_defer = self._separates_costly
        if call.is_costly:
            call.start_waiting(self._costly_stats, self._on_queue_timeout)
            self._costly_queue.append(call)
        elif self.admission.has_idle_worker and (worker := self._next_worker()):
            worker.submit(call)
        else:
            call.start_waiting(self.admission.queue_stats, self._on_queue_timeout)
            self._queue.append(call)
        self._dispatch()

    def cancel(self, call: Call) -> None:
        """Remove a call that nobody waits for any more."""
        call.stop_waiting()
        if not any(worker.cancel(call) for worker in self.supervisor.workers):
            with suppress(ValueError):  # it may have ended at this moment
                (self._costly_queue if call.is_costly else self._queue).remove(call)
        self._dispatch()

    def _on_queue_timeout(self, call: Call) -> None:
        self.cancel(call)
        call.fail(
            RenderTimeout() if call.worker_deaths else QueueFull("No worker became free in time; try again shortly")
        )

    # ------------------------------------------------------------ scheduling

    def _dispatch(self) -> None:
        """Give calls to idle workers first, then one behind each running call, the one that runs the longest first.

        Called after every change of a worker or the queue.
        """
        while self._costly_queue.count and self._has_worker_for_costly() and (worker := self._next_worker()):
            worker.submit(self._costly_queue.pop())
        while self._queue.count and (worker := self._next_worker()):
            worker.submit(self._queue.pop())
        idle_workers = [worker for worker in self.supervisor.workers if worker.is_idle]
        if idle_workers:
            self._steal_queued_calls(idle_workers)
        self.admission.has_idle_worker = any(worker.is_idle for worker in idle_workers)
        if self.idle_scheduler.waiting:
            self.idle_scheduler.grant_next()
        self._watch_overruns()

    def _has_worker_for_costly(self) -> bool:
        """Whether fewer workers than allowed have costly calls: all but one, or half of them while others wait."""
        if not self._is_shared:
            return True
        max_costly = self._worker_count // 2 if self._queue.count else self._worker_count - 1
        return sum(worker.has_costly_call for worker in self.supervisor.workers) < max(1, max_costly)

    def _next_worker(self) -> WorkerHandle | None:
        accepting = [worker for worker in self.supervisor.workers if worker.accepts_calls]
        return min(accepting, key=lambda worker: (worker.depth, worker.deadline_at), default=None)

    def _steal_queued_calls(self, idle_workers: list[WorkerHandle]) -> None:
        """Move calls that are queued behind another to idle workers."""
        stealable = [(worker, worker.queued_call) for worker in self.supervisor.workers if worker.queued_call]
        for idle_worker, (worker, call) in zip(idle_workers, stealable, strict=False):
            worker.cancel(call)
            idle_worker.submit(call)

    def _current_load(self) -> Load:
        """Sum up the running calls. One that takes longer than expected is expected to take as much longer again."""
        now, running_s, worker_count = asyncio.get_running_loop().time(), 0.0, 0
        for worker in self.supervisor.workers:
            current = worker.current_call
            if current and current.is_costly and self._separates_costly:
                continue
            worker_count += not worker.is_retired
            if current and current.started_at is not None:
                running_s += abs(current.expected_s - (now - current.started_at))
            elif worker.depth:  # it works on a cancelled call
                running_s += self._durations.overall_s
        return Load(running_s, max(1, worker_count))

    def _has_idle_capacity(self) -> bool:
        return self._is_open and not self._queue.count and self.admission.has_idle_worker

    def _record_duration(self, call: Call) -> None:
        if call.started_at is not None and (not call.is_costly or isinstance(call.plan, tuple)):
            self._durations.record(call.duration_class, asyncio.get_running_loop().time() - call.started_at)

    def _defer(self, call: Call, cost_s: float) -> None:
        """Queue a call among the costly ones. Fails it if it would wait too long."""
        call.defer(cost_s)
        wait_s = self._costly_stats.work.ahead_of(call.client, cost_s) / max(1, self._worker_count - 1)
        if wait_s > COSTLY_WAIT_RATIO * self._max_wait_s:
            self._on_rejected("queue_wait")
            call.fail(QueueFull(retry_after_s=wait_s / 2))
            return
        call.start_waiting(self._costly_stats, self._on_queue_timeout)
        self._costly_queue.append(call)

    def _watch_overruns(self) -> None:
        """Set a timer to the moment when the first call has run for too long, if others wait."""
        if self._overrun_timer or not self._queue.count or not self._separates_costly:
            return
        started = [worker.current_call.started_at for worker in self._undeferred_workers() if worker.current_call]
        times = [started_at for started_at in started if started_at is not None]
        if times:
            at = min(times) + OVERRUN_RATIO * self._max_wait_s
            self._overrun_timer = asyncio.get_running_loop().call_at(at, self._stop_overrun)

    def _undeferred_workers(self) -> list[WorkerHandle]:
        return [
            worker for worker in self.supervisor.workers if worker.current_call and not worker.current_call.is_costly
        ]

    def _stop_overrun(self) -> None:
        """Stop the call that has run the longest, and start it again among the costly ones."""
        self._overrun_timer = None
        latest = asyncio.get_running_loop().time() - OVERRUN_RATIO * self._max_wait_s + _CLOCK_RESOLUTION_S
        for worker in self._undeferred_workers() if self._queue.count and self._is_open else ():
            call, queued = worker.current_call, worker.queued_call
            if call and call.started_at is not None and call.started_at <= latest:
                if queued:
                    self._put_back(queued)
                self.supervisor.remove(worker)
                self._on_worker_replaced("preempted")
                self.supervisor.start_missing()
                self._defer(call, 2 * OVERRUN_RATIO * self._max_wait_s)
                break
        self._dispatch()

    # ------------------------------------------------------------ events of workers

    def on_ready(self, worker: WorkerHandle) -> None:
        predecessor = self.supervisor.mark_ready(worker)
        if predecessor:
            self._on_worker_replaced("recycled")
            if not predecessor.depth:
                self.supervisor.remove(predecessor)
        self._signal_startup_done()
        self._dispatch()

    def on_outcome(
        self, worker: WorkerHandle, call: Call | None, outcome: protocol.Outcome, file: ResultFile | None
    ) -> None:
        if call and isinstance(outcome, protocol.Deferred):
            self._defer(call, outcome.cost_s)
        elif call:
            self._record_duration(call)
            call.succeed((outcome, file))
        if worker.is_retired and not worker.depth:
            self.supervisor.remove(worker)
        elif worker.needs_recycling:
            self.supervisor.recycle(worker)
        self._dispatch()

    def on_exit(self, worker: WorkerHandle, reason: ExitReason, detail: str) -> None:
        current, queued = worker.current_call, worker.queued_call
        if queued:  # it has not started, so this does not count as a death of its worker
            self._put_back(queued)
        if current and reason == "start":  # nor has this
            self._put_back(current)
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
        """Retry the call once, on the worker that replaces the dead one, so that it cannot take down another."""
        call.worker_died(asyncio.get_running_loop().time())
        if reason == "deadline":
            self._record_duration(call)
            call.fail(RenderTimeout(detail=detail))
        elif call.worker_deaths >= MAX_WORKER_DEATHS:
            call.fail(RenderCrashed(detail=detail))
        else:
            queue_stats = self._costly_stats if call.is_costly else self.admission.queue_stats
            call.start_waiting(queue_stats, self._on_queue_timeout)
            if replacement:
                replacement.submit(call)
            else:
                self._put_back(call)

    def _put_back(self, call: Call) -> None:
        (self._costly_queue if call.is_costly else self._queue).put_back(call)

    def _fail_queued(self) -> None:
        for queue in (self._queue, self._costly_queue):
            while queue.count:
                queue.pop().fail(self._no_worker_error())

    def _signal_startup_done(self) -> None:
        if not self.supervisor.is_starting:
            self._startup_done.set()

    def _no_worker_error(self) -> NoWorker:
        return NoWorker(detail=self.supervisor.last_error)


def _client_of(call: Call) -> Hashable:
    return call.client


def _expected_s(call: Call) -> float:
    return call.expected_s
