"""One worker and the calls given to it, in order: the head is worked on, the one behind it lies ready in the socket.

Knows attempts, their time limits and their replies. Must never know how many lanes there are or who waits for one.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Final, Literal, Protocol

from pixmill.engine import protocol
from pixmill.engine.pool.call import Call
from pixmill.engine.pool.process import Process, ProcessEvents

PIPELINE_DEPTH: Final = 2
"""Calls in a lane: one runs, one lies ready, so that a worker never waits for the server (benchmarks/pool.py)."""
START_TIMEOUT_S: Final = 30.0
CANCEL_GRACE_S: Final = 1.0
"""How long work may go on that nobody waits for: a new worker costs about a third of that."""

ExitReason = Literal["start", "crash", "deadline", "abandoned"]
"""Why a lane is lost. ``start``: it never became ready; ``abandoned``: it worked for too long for nobody."""


@dataclass(slots=True)
class Attempt:
    """A call as it lies in one worker; without a call, nobody wants the outcome any more."""

    id: int
    expected_outcome: type[protocol.Outcome]
    call: Call | None
    deadline_at: float = 0.0


class WorkerEvents(Protocol):
    """Whoever decides what lanes are for."""

    def on_ready(self, worker: "WorkerHandle") -> None:
        """It has loaded everything."""

    def on_outcome(
        self, worker: "WorkerHandle", call: Call | None, outcome: protocol.Outcome, file: protocol.OwnedFd | None
    ) -> None:
        """An outcome; nobody may be waiting for it."""

    def on_exit(self, worker: "WorkerHandle", reason: ExitReason, detail: str) -> None:
        """Its worker has died or must: the owner closes the lane."""


class WorkerHandle(ProcessEvents):
    """A worker with at most ``DEPTH`` calls."""

    def __init__(
        self, start_process: Callable[[ProcessEvents], Process], events: WorkerEvents, max_result_bytes: int
    ) -> None:
        """Raises OSError when no process can be started."""
        self.is_ready = False
        self.is_retired = False
        self.replaces: WorkerHandle | None = None
        self.completed_jobs = 0
        self.rss_bytes = 0
        self._events = events
        self._max_result_bytes = max_result_bytes
        self._attempts: deque[Attempt] = deque()
        self._ids = count()
        self._loop = asyncio.get_running_loop()
        self._process = start_process(self)
        self._timer = self._loop.call_later(START_TIMEOUT_S, self._on_deadline)

    @property
    def depth(self) -> int:
        """How many calls are in it."""
        return len(self._attempts)

    @property
    def accepts_calls(self) -> bool:
        """Whether new calls may be given to it."""
        return self.is_ready and not self.is_retired and self.depth < (1 if self._is_running_batch else PIPELINE_DEPTH)

    @property
    def _is_running_batch(self) -> bool:
        """Whether its head takes so long that nobody should lie ready behind it."""
        return self.current_call is not None and self.current_call.is_batch

    @property
    def current_call(self) -> Call | None:
        """The call that is worked on, if somebody waits for it."""
        return self._attempts[0].call if self._attempts else None

    @property
    def queued_call(self) -> Call | None:
        """The call that lies ready behind the head."""
        return self._attempts[1].call if len(self._attempts) > 1 else None

    @property
    def deadline_at(self) -> float:
        """When the head is out of time: the earlier, the sooner it will be done, as far as one can tell."""
        return self._attempts[0].deadline_at if self._attempts else 0.0

    def submit(self, call: Call) -> None:
        """Put it behind the others; until the worker is ready, it waits here."""
        attempt = Attempt(next(self._ids), call.expected_outcome, call)
        self._attempts.append(attempt)
        if self.is_ready:
            self._send(attempt, call)
            if self.depth == 1:
                self._start_current()

    def cancel(self, call: Call) -> bool:
        """If the call is here, it is skipped, or runs on for a short grace; its outcome is dropped."""
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
        return True

    def close(self) -> None:
        """End the worker, whatever it does. The calls in it are the caller's to care for."""
        self._timer.cancel()
        self._process.kill()

    async def wait_closed(self) -> None:
        """Return when the process is gone."""
        await self._process.reaped()

    # ------------------------------------------------------------ what the worker says

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
        """Whether this answers the head; only pictures bring a file, and of several each may be missing."""
        if not self.is_ready or not self._attempts or self._attempts[0].id != outcome.id:
            return False
        if not isinstance(outcome, protocol.RenderedBatch) and isinstance(outcome, protocol.RenderedImage) != (
            file is not None
        ):
            return False
        attempt = self._attempts[0]
        if (
            isinstance(outcome, protocol.RenderedBatch)
            and attempt.call
            and len(outcome.results) != attempt.call.result_count
        ):
            return False
        allowed = (
            (attempt.expected_outcome, protocol.Failed)
            if attempt.call
            else (attempt.expected_outcome, protocol.Failed, protocol.Cancelled)
        )
        return isinstance(outcome, allowed) and (not file or 0 < file.size <= self._max_result_bytes)

    def _mark_ready(self) -> None:
        self.is_ready = True
        for attempt in self._attempts:
            if attempt.call:
                self._send(attempt, attempt.call)
        self._start_current()
        self._events.on_ready(self)

    def _finish(self, outcome: protocol.Outcome, file: protocol.OwnedFd | None) -> None:
        attempt = self._attempts.popleft()
        self.completed_jobs += 1
        self.rss_bytes = outcome.rss_bytes
        self._start_current()
        self._events.on_outcome(self, attempt.call, outcome, file)

    # ------------------------------------------------------------ work and time

    def _send(self, attempt: Attempt, call: Call) -> None:
        self._process.send(call.to_job(attempt.id), *call.fds)

    def _start_current(self) -> None:
        """The head, if there is one, is worked on from now."""
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
