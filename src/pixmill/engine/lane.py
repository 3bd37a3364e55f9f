"""One worker and the calls given to it, in order: the head is worked on, the one behind it lies ready in the socket.

Knows attempts, their time limits and their replies. Must never know how many lanes there are or who waits for one.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Final, Literal, Protocol

from pixmill.engine import wire
from pixmill.engine.call import Call
from pixmill.engine.process import Listener, Process

DEPTH: Final = 2
"""Calls in a lane: one runs, one lies ready, so that a worker never waits for the server (benchmarks/pool.py)."""
START_TIMEOUT_S: Final = 30.0
GRACE_S: Final = 1.0
"""How long work may go on that nobody waits for: a new worker costs about a third of that."""

Loss = Literal["start", "crash", "deadline", "abandoned"]
"""Why a lane is lost. ``start``: it never became ready; ``abandoned``: it worked for too long for nobody."""


@dataclass(slots=True)
class Attempt:
    """A call as it lies in one worker; without a call, nobody wants the outcome any more."""

    id: int
    expects: type[wire.Outcome]
    call: Call | None
    ends_at: float = 0.0


class Owner(Protocol):
    """Whoever decides what lanes are for."""

    def ready(self, lane: "Lane") -> None:
        """It has loaded everything."""

    def finished(self, lane: "Lane", call: Call | None, outcome: wire.Outcome, file: wire.File | None) -> None:
        """An outcome; nobody may be waiting for it."""

    def lost(self, lane: "Lane", loss: Loss, why: str) -> None:
        """Its worker has died or must: the owner closes the lane."""


class Lane(Listener):
    """A worker with at most ``DEPTH`` calls."""

    def __init__(self, start: Callable[[Listener], Process], owner: Owner, max_result_bytes: int) -> None:
        """Raises OSError when no process can be started."""
        self.is_ready = False
        self.is_retired = False
        self.replaces: Lane | None = None
        self.done = 0
        self.rss_bytes = 0
        self._owner = owner
        self._max_result_bytes = max_result_bytes
        self._attempts: deque[Attempt] = deque()
        self._ids = count()
        self._loop = asyncio.get_running_loop()
        self._process = start(self)
        self._timer = self._loop.call_later(START_TIMEOUT_S, self._overdue)

    @property
    def depth(self) -> int:
        """How many calls are in it."""
        return len(self._attempts)

    @property
    def serves(self) -> bool:
        """Whether new calls may be given to it."""
        return self.is_ready and not self.is_retired and self.depth < (1 if self._is_long else DEPTH)

    @property
    def _is_long(self) -> bool:
        """Whether its head takes so long that nobody should lie ready behind it."""
        return self.head is not None and self.head.is_long

    @property
    def head(self) -> Call | None:
        """The call that is worked on, if somebody waits for it."""
        return self._attempts[0].call if self._attempts else None

    @property
    def ahead(self) -> Call | None:
        """The call that lies ready behind the head."""
        return self._attempts[1].call if len(self._attempts) > 1 else None

    @property
    def ends_at(self) -> float:
        """When the head is out of time: the earlier, the sooner it will be done, as far as one can tell."""
        return self._attempts[0].ends_at if self._attempts else 0.0

    def take(self, call: Call) -> None:
        """Put it behind the others; until the worker is ready, it waits here."""
        attempt = Attempt(next(self._ids), call.expects, call)
        self._attempts.append(attempt)
        if self.is_ready:
            self._send(attempt, call)
            if self.depth == 1:
                self._begin()

    def withdraw(self, call: Call) -> bool:
        """If the call is here, it is skipped, or runs on for a short grace; its outcome is dropped."""
        attempt = next((attempt for attempt in self._attempts if attempt.call is call), None)
        if not attempt:
            return False
        attempt.call = None
        if not self.is_ready:
            self._attempts.remove(attempt)
        elif attempt is self._attempts[0]:
            self._limit(min(attempt.ends_at, self._loop.time() + GRACE_S))
        else:
            self._process.say(wire.Withdraw(attempt.id))
        return True

    def close(self) -> None:
        """End the worker, whatever it does. The calls in it are the caller's to care for."""
        self._timer.cancel()
        self._process.kill()

    async def closed(self) -> None:
        """Return when the process is gone."""
        await self._process.buried()

    # ------------------------------------------------------------ what the worker says

    def said(self, reply: wire.Reply, file: wire.File | None) -> None:
        if isinstance(reply, wire.Ready) and not self.is_ready:
            self._became_ready()
        elif not isinstance(reply, wire.Ready) and self._fits(reply, file):
            self._finish(reply, file)
        else:
            self._owner.lost(self, "crash", "answered what was not asked")

    def ended(self, why: str) -> None:
        self._owner.lost(self, "crash" if self.is_ready else "start", why)

    def _fits(self, outcome: wire.Outcome, file: wire.File | None) -> bool:
        """Whether this answers the head; only pictures bring a file, and of several each may be missing."""
        if not self.is_ready or not self._attempts or self._attempts[0].id != outcome.id:
            return False
        if not isinstance(outcome, wire.Pictures) and isinstance(outcome, wire.Picture) != (file is not None):
            return False
        head = self._attempts[0]
        if isinstance(outcome, wire.Pictures) and head.call and len(outcome.results) != head.call.count:
            return False
        allowed = (head.expects, wire.Failed) if head.call else (head.expects, wire.Failed, wire.Skipped)
        return isinstance(outcome, allowed) and (not file or 0 < file.size <= self._max_result_bytes)

    def _became_ready(self) -> None:
        self.is_ready = True
        for attempt in self._attempts:
            if attempt.call:
                self._send(attempt, attempt.call)
        self._begin()
        self._owner.ready(self)

    def _finish(self, outcome: wire.Outcome, file: wire.File | None) -> None:
        attempt = self._attempts.popleft()
        self.done += 1
        self.rss_bytes = outcome.rss
        self._begin()
        self._owner.finished(self, attempt.call, outcome, file)

    # ------------------------------------------------------------ work and time

    def _send(self, attempt: Attempt, call: Call) -> None:
        self._process.say(call.order(attempt.id), *call.fds)

    def _begin(self) -> None:
        """The head, if there is one, is worked on from now."""
        self._timer.cancel()
        if self._attempts:
            now, call = self._loop.time(), self._attempts[0].call
            self._limit(now + (call.seconds_left if call else GRACE_S))
            if call:
                call.begin(now)

    def _limit(self, ends_at: float) -> None:
        self._timer.cancel()
        self._attempts[0].ends_at = ends_at
        self._timer = self._loop.call_at(ends_at, self._overdue)

    def _overdue(self) -> None:
        if not self.is_ready:
            self._owner.lost(self, "start", f"not ready after {START_TIMEOUT_S:.0f} s")
        else:
            self._owner.lost(self, "deadline" if self.head else "abandoned", "out of time")
