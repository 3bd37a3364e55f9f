"""One call of the engine on its way: what is asked, who waits for it, and the time it has left.

Knows itself. Must never know workers or queues.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from pixmill.engine import wire
from pixmill.errors import PixmillError
from pixmill.plan.ops import Plan
from pixmill.spool import Spool

Answer = tuple[wire.Outcome, wire.File | None]


@dataclass(eq=False, slots=True)
class Call:
    """A ``render`` (with a plan) or an ``inspect`` (without). Times are the loop's, in seconds.

    ``seconds_left`` bounds the waiting, and then, anew, the work; what a worker spent before it died is gone.
    """

    original: Spool
    plan: Plan | None
    answer: "asyncio.Future[Answer]"
    admitted_at: float
    seconds_left: float
    began_at: float | None = None
    deaths: int = 0
    patience: asyncio.TimerHandle | None = None

    def wait(self, give_up: Callable[["Call"], None]) -> None:
        """From now on it waits, and not for ever."""
        self.stop_waiting()
        self.patience = self.answer.get_loop().call_later(max(0.0, self.seconds_left), give_up, self)

    def begin(self, now: float) -> None:
        """A worker has begun with it."""
        self.stop_waiting()
        self.began_at = now

    def survive(self, now: float) -> None:
        """Its worker died of it."""
        self.deaths += 1
        self.seconds_left -= now - (now if self.began_at is None else self.began_at)

    def succeed(self, answer: Answer) -> None:
        self.stop_waiting()
        if not self.answer.done():
            self.answer.set_result(answer)

    def fail(self, error: PixmillError) -> None:
        self.stop_waiting()
        if not self.answer.done():
            self.answer.set_exception(error)

    def stop_waiting(self) -> None:
        """It has begun or ended."""
        if self.patience:
            self.patience.cancel()
            self.patience = None
