"""Handle of one worker: a pipeline of two calls, of which the worker runs the first and has the second in its socket.

Knows attempts, their deadlines and their replies. Must never know how many workers there are or which calls wait.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Final, Literal, NamedTuple, Protocol

from pixmill.engine import protocol
from pixmill.engine.pool.call import Attempt, Call, ResultFile
from pixmill.engine.pool.process import Process, ProcessEvents
from pixmill.engine.pool.process_audit import AUDIT_INTERVAL_S, ProcessAuditor
from pixmill.engine.pool.reply_checks import ImpossibleReply, check_reply
from pixmill.errors import NoWorker
from pixmill.plan.limits import Limits

PIPELINE_DEPTH: Final = 2
"""Calls in a worker: one runs, one is ready, so that it never waits for the server (benchmarks/pool.py)."""
START_TIMEOUT_S: Final = 30.0
CANCEL_GRACE_S: Final = 1.0
"""How long cancelled work may go on before its worker is replaced: starting one costs about a third of that."""

ExitReason = Literal["start", "crash", "deadline", "abandoned"]
"""Why a worker is lost. ``start``: it never became ready; ``abandoned``: it worked too long on a cancelled call."""


class WorkerLimits(NamedTuple):
    """Limits of images, and the jobs or memory after which a worker is recycled (0: never)."""

    of_images: Limits
    max_jobs: int
    max_rss_bytes: int


class WorkerEvents(Protocol):
    """The owner of the workers."""

    def on_ready(self, worker: "WorkerHandle") -> None:
        """The worker has loaded everything."""

    def on_outcome(
        self, worker: "WorkerHandle", call: Call | None, outcome: protocol.Outcome, file: ResultFile | None
    ) -> None:
        """A job has ended; without a call nobody waits for its outcome."""

    def on_exit(self, worker: "WorkerHandle", reason: ExitReason, detail: str) -> None:
        """The worker has died or must: the owner closes the handle."""


class WorkerHandle(ProcessEvents):
    """A worker and at most ``PIPELINE_DEPTH`` calls.

    Its public attributes are for reading, except ``replaces``: there the owner notes the worker that this one succeeds.
    """

    def __init__(
        self, start_process: Callable[[ProcessEvents], Process], events: WorkerEvents, limits: WorkerLimits
    ) -> None:
        """Raises OSError when no process can be started."""
        self.is_ready = False
        self.is_retired = False
        """It gets no more calls."""
        self.replaces: WorkerHandle | None = None
        self.needs_recycling = False
        """It has done enough jobs, or has grown too much."""
        self.depth = 0
        """The number of calls in it, cancelled ones included."""
        self.accepts_calls = False
        self.is_idle = False
        """It accepts calls and has none."""
        self.current_call: Call | None = None
        """The call that it works on, unless cancelled."""
        self.queued_call: Call | None = None
        """The call behind the current one."""
        self.deadline_at = 0.0
        """The deadline of the current call: of two, the earlier one is expected to end first."""
        self._events = events
        self._limits = limits
        self._completed_jobs = 0
        self._attempts: deque[Attempt] = deque()
        self._ids = count()
        self._loop = asyncio.get_running_loop()
        self._process = start_process(self)
        self._timer = self._loop.call_later(START_TIMEOUT_S, self._on_deadline)
        self._auditor = ProcessAuditor(self._process.pid)
        self._audit_timer = self._loop.call_later(AUDIT_INTERVAL_S, self._audit)

    def submit(self, call: Call) -> None:
        """Queue a call behind the others; until the worker is ready, it waits here."""
        attempt = call.new_attempt(next(self._ids))
        if not self.is_ready or self._send(attempt):
            self._attempts.append(attempt)
            if self.is_ready and len(self._attempts) == 1:
                self._start_current()
            else:
                self._update_state()

    @property
    def has_costly_call(self) -> bool:
        """Whether it works on a costly call, or has one behind the current one."""
        return any(call and call.is_costly for call in (self.current_call, self.queued_call))

    def cancel(self, call: Call) -> bool:
        """Skip the call if it is here, or let it run on for a short grace; drop its outcome."""
        attempt = next((attempt for attempt in self._attempts if attempt.call is call), None)
        if not attempt:
            return False
        attempt.call = None
        if not self.is_ready:
            self._attempts.remove(attempt)
            attempt.close()
        elif attempt is self._attempts[0]:
            self._set_deadline(min(attempt.deadline_at, self._loop.time() + CANCEL_GRACE_S))
        else:
            self._process.send(protocol.Cancel(attempt.id))
        self._update_state()
        return True

    def retire(self) -> None:
        """Accept no more calls."""
        self.is_retired = True
        self._update_state()

    def close(self) -> None:
        """Kill the worker. Its calls are the owner's to care for."""
        self._timer.cancel()
        self._audit_timer.cancel()
        self._process.kill()
        for attempt in self._attempts:
            attempt.close()

    async def wait_closed(self) -> None:
        """Return when the process is gone."""
        await self._process.reaped()

    # ------------------------------------------------------------ replies

    def on_reply(self, reply: protocol.Reply) -> None:
        if isinstance(reply, protocol.Ready) and not self.is_ready:
            self._mark_ready()
            return
        try:
            if isinstance(reply, protocol.Ready) or not self._is_expected(reply):
                raise ImpossibleReply("not what was asked")  # noqa: TRY301 - as other impossible replies
        except ImpossibleReply as error:
            self._events.on_exit(self, "crash", f"impossible reply: {error}")
        else:
            self._finish(reply)

    def on_exit(self, detail: str) -> None:
        self._events.on_exit(self, "crash" if self.is_ready else "start", detail)

    def _is_expected(self, outcome: protocol.Outcome) -> bool:
        """Whether this answers the current call. Raises ImpossibleReply for a field that nothing honest reports."""
        if not self.is_ready or not self._attempts or self._attempts[0].id != outcome.id:
            return False
        attempt = self._attempts[0]
        if isinstance(outcome, protocol.Deferred):
            if not (isinstance(attempt.command, protocol.Render) and attempt.command.may_defer):
                return False
        elif not isinstance(outcome, (attempt.expected_outcome, protocol.Failed)) and (
            attempt.call or not isinstance(outcome, protocol.Cancelled)
        ):
            return False
        result_bytes = attempt.result.measure() if attempt.result else 0
        check_reply(
            outcome, attempt.call, result_bytes, self._limits.of_images, self._loop.time() - attempt.admitted_at
        )
        return True

    def _mark_ready(self) -> None:
        self.is_ready = True
        self._attempts = deque(attempt for attempt in self._attempts if self._send(attempt))
        self._start_current()
        self._events.on_ready(self)

    def _send(self, attempt: Attempt) -> bool:
        """Give it to the worker; return False, and fail its call, if the server has no descriptors left."""
        try:
            lent = attempt.open_files()
        except OSError as error:
            if attempt.call:
                attempt.call.fail(NoWorker(detail=f"no files for a job: {error.strerror}"))
            attempt.close()
            return False
        self._process.send(attempt.command, *lent, *attempt.output_fds)
        attempt.release_inputs(lent)
        return True

    def _finish(self, outcome: protocol.Outcome) -> None:
        attempt, limits = self._attempts.popleft(), self._limits
        self._completed_jobs += 1
        self.needs_recycling = (
            0 < limits.max_jobs <= self._completed_jobs or 0 < limits.max_rss_bytes < outcome.rss_bytes
        )
        self._start_current()
        file = attempt.take_result() if isinstance(outcome, protocol.RenderedImage | protocol.RenderedBatch) else None
        if file and attempt.call:
            attempt.call.new_raster, attempt.raster = attempt.raster, None
        attempt.close()
        self._events.on_outcome(self, attempt.call, outcome, file)

    # ------------------------------------------------------------ what it uses

    def _audit(self) -> None:
        excess = self._auditor.excess(self._completed_jobs, is_idle=not self._attempts and self.is_ready)
        if excess:
            self._events.on_exit(self, "crash" if self.is_ready else "start", f"worker {self._process.pid}: {excess}")
        else:
            self._audit_timer = self._loop.call_later(AUDIT_INTERVAL_S, self._audit)

    # ------------------------------------------------------------ state and time

    def _update_state(self) -> None:
        attempts = self._attempts
        self.depth = len(attempts)
        self.current_call = attempts[0].call if attempts else None
        self.queued_call = attempts[1].call if len(attempts) > 1 else None
        self.deadline_at = attempts[0].deadline_at if attempts else 0.0
        # Nothing is queued behind a call that takes long.
        max_depth = 1 if self.current_call and self.current_call.is_costly else PIPELINE_DEPTH
        self.accepts_calls = self.is_ready and not self.is_retired and len(attempts) < max_depth
        self.is_idle = self.accepts_calls and not attempts

    def _start_current(self) -> None:
        """Count the first call, if there is one, as started now, and update the state."""
        self._timer.cancel()
        now = self._loop.time()
        if self._attempts:
            call = self._attempts[0].call
            self._set_deadline(now + (call.time_left_s if call else CANCEL_GRACE_S))
        self._update_state()
        if self.current_call:
            self.current_call.mark_started(now)

    def _set_deadline(self, deadline_at: float) -> None:
        self._timer.cancel()
        self._attempts[0].deadline_at = deadline_at
        self._timer = self._loop.call_at(deadline_at, self._on_deadline)

    def _on_deadline(self) -> None:
        if not self.is_ready:
            self._events.on_exit(self, "start", f"not ready after {START_TIMEOUT_S:.0f} s")
        else:
            self._events.on_exit(self, "deadline" if self.current_call else "abandoned", "out of time")
