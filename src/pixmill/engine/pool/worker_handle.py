"""Handle of one worker: a pipeline of two calls, of which the worker runs the first and has the second in its socket.

Knows attempts, their deadlines and their replies. Must never know how many workers there are or which calls wait.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Final, Literal, NamedTuple, Protocol

from pixmill.engine import protocol
from pixmill.engine.pool.call import Attempt, Call
from pixmill.engine.pool.process import Process, ProcessEvents

PIPELINE_DEPTH: Final = 2
"""Calls in a worker: one runs, one is ready, so that it never waits for the server (benchmarks/pool.py)."""
START_TIMEOUT_S: Final = 30.0
CANCEL_GRACE_S: Final = 1.0
"""How long cancelled work may go on before its worker is replaced: starting one costs about a third of that."""

ExitReason = Literal["start", "crash", "deadline", "abandoned"]
"""Why a worker is lost. ``start``: it never became ready; ``abandoned``: it worked too long on a cancelled call."""


class WorkerLimits(NamedTuple):
    """The largest result, and the jobs or memory after which a worker is recycled (0: never)."""

    max_result_bytes: int
    max_jobs: int
    max_rss_bytes: int


class WorkerEvents(Protocol):
    """The owner of the workers."""

    def on_ready(self, worker: "WorkerHandle") -> None:
        """The worker has loaded everything."""

    def on_outcome(
        self, worker: "WorkerHandle", call: Call | None, outcome: protocol.Outcome, file: protocol.OwnedFd | None
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

    def submit(self, call: Call) -> None:
        """Queue a call behind the others; until the worker is ready, it waits here."""
        attempt = call.new_attempt(next(self._ids))
        self._attempts.append(attempt)
        if self.is_ready:
            self._process.send(attempt.command, *attempt.fds)
            if len(self._attempts) == 1:
                self._start_current()
        self._update_state()

    def cancel(self, call: Call) -> bool:
        """Skip the call if it is here, or let it run on for a short grace; drop its outcome."""
        attempt = next((attempt for attempt in self._attempts if attempt.call is call), None)
        if not attempt:
            return False
        attempt.call = None
        if not self.is_ready:
            self._attempts.remove(attempt)
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
        self._process.kill()

    async def wait_closed(self) -> None:
        """Return when the process is gone."""
        await self._process.reaped()

    # ------------------------------------------------------------ replies

    def on_reply(self, reply: protocol.Reply, file: protocol.OwnedFd | None) -> None:
        if isinstance(reply, protocol.Ready) and not self.is_ready:
            self._mark_ready()
        elif not isinstance(reply, protocol.Ready) and self._is_expected(reply, file):
            self._finish(reply, file)
        else:
            self._events.on_exit(self, "crash", "unexpected reply")

    def on_exit(self, detail: str) -> None:
        self._events.on_exit(self, "crash" if self.is_ready else "start", detail)

    def _is_expected(self, outcome: protocol.Outcome, file: protocol.OwnedFd | None) -> bool:
        """Check that this answers the current call. Only images come with a file; in a batch each may be missing."""
        if not self.is_ready or not self._attempts or self._attempts[0].id != outcome.id:
            return False
        attempt = self._attempts[0]
        if isinstance(outcome, protocol.RenderedBatch):
            if attempt.call and len(outcome.results) != attempt.call.result_count:
                return False
        elif isinstance(outcome, protocol.RenderedImage) != (file is not None):
            return False
        if not isinstance(outcome, (attempt.expected_outcome, protocol.Failed)) and (
            attempt.call or not isinstance(outcome, protocol.Cancelled)
        ):
            return False
        return not file or 0 < file.size <= self._limits.max_result_bytes

    def _mark_ready(self) -> None:
        self.is_ready = True
        for attempt in self._attempts:
            if attempt.call:
                self._process.send(attempt.command, *attempt.fds)
        self._start_current()
        self._update_state()
        self._events.on_ready(self)

    def _finish(self, outcome: protocol.Outcome, file: protocol.OwnedFd | None) -> None:
        attempt, limits = self._attempts.popleft(), self._limits
        self._completed_jobs += 1
        self.needs_recycling = (
            0 < limits.max_jobs <= self._completed_jobs or 0 < limits.max_rss_bytes < outcome.rss_bytes
        )
        self._start_current()
        self._update_state()
        self._events.on_outcome(self, attempt.call, outcome, file)

    # ------------------------------------------------------------ state and time

    def _update_state(self) -> None:
        attempts = self._attempts
        self.depth = len(attempts)
        self.current_call = attempts[0].call if attempts else None
        self.queued_call = attempts[1].call if len(attempts) > 1 else None
        self.deadline_at = attempts[0].deadline_at if attempts else 0.0
        # Nothing is queued behind a batch, which takes long.
        max_depth = 1 if self.current_call and isinstance(self.current_call.plan, tuple) else PIPELINE_DEPTH
        self.accepts_calls = self.is_ready and not self.is_retired and len(attempts) < max_depth
        self.is_idle = self.accepts_calls and not attempts

    def _start_current(self) -> None:
        """Count the first call, if there is one, as started now."""
        self._timer.cancel()
        if self._attempts:
            now, call = self._loop.time(), self._attempts[0].call
            self._set_deadline(now + (call.time_left_s if call else CANCEL_GRACE_S))
            if call:
                call.mark_started(now)

    def _set_deadline(self, deadline_at: float) -> None:
        self._timer.cancel()
        self._attempts[0].deadline_at = deadline_at
        self._timer = self._loop.call_at(deadline_at, self._on_deadline)

    def _on_deadline(self) -> None:
        if not self.is_ready:
            self._events.on_exit(self, "start", f"not ready after {START_TIMEOUT_S:.0f} s")
        else:
            self._events.on_exit(self, "deadline" if self.current_call else "abandoned", "out of time")
