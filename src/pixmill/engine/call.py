"""One call of the engine on its way: what is asked, who waits for it, and the time it has left.

Knows itself. Must never know workers or queues.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from pixmill.engine import wire
from pixmill.engine.admission import Line
from pixmill.errors import PixmillError
from pixmill.plan.ops import Plan
from pixmill.plan.question import NOTHING_MORE, Question
from pixmill.spool import Spool

Answer = tuple[wire.Outcome, wire.File | None]


@dataclass(eq=False, slots=True)
class Call:
    """A ``render`` (with a plan, or several) or an ``inspect`` (without). Times are the loop's, in seconds.

    ``seconds_left`` bounds the waiting, and then, anew, the work; what a worker spent before it died is gone.
    """

    original: Spool
    plan: Plan | tuple[Plan, ...] | None
    answer: "asyncio.Future[Answer]"
    admitted_at: float
    seconds_left: float
    expected_s: float = 0.0
    """The work that it probably is."""
    line: Line | None = None
    """Where it waits."""
    began_at: float | None = None
    deaths: int = 0
    patience: asyncio.TimerHandle | None = None
    question: Question = NOTHING_MORE
    extras: tuple[Spool, ...] = ()

    @property
    def expects(self) -> type[wire.Outcome]:
        """What answers it when all goes well."""
        if self.plan is None:
            return wire.Found
        return wire.Pictures if self.is_long else wire.Picture

    @property
    def is_long(self) -> bool:
        """Several renders: whoever lies behind it may wait for long."""
        return isinstance(self.plan, tuple)

    @property
    def count(self) -> int:
        """How many results it asks for."""
        return len(self.plan) if isinstance(self.plan, tuple) else 1

    @property
    def kind(self) -> tuple[str, int]:
        """What takes about the same time: results in the same format, of originals of about as many bytes."""
        if self.plan is None:
            what = f"inspect {len(self.question.include)}"
        elif isinstance(self.plan, tuple):
            what = f"set of {len(self.plan)}"
        else:
            formats = self.plan.output.formats
            what = formats[0] if len(formats) == 1 else "chosen"
        return what, self.original.size.bit_length()

    def order(self, id_: int) -> wire.Job:
        """How a worker is told of it."""
        size, plan = self.original.size, self.plan
        if plan is None:
            return wire.Inspect(id_, size, self.question)
        extras = tuple(extra.size for extra in self.extras)
        if isinstance(plan, tuple):
            return wire.RenderAll(id_, size, plan, extras)
        return wire.Render(id_, size, plan, extras)

    @property
    def fds(self) -> tuple[int, ...]:
        """What goes with the order."""
        return (self.original.fd, *(extra.fd for extra in self.extras))

    def wait(self, line: Line, give_up: Callable[["Call"], None]) -> None:
        """From now on it waits in this line, and not for ever."""
        self.stop_waiting()
        self.line = line
        line.enter(self.expected_s)
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
        if self.patience and self.line:
            self.patience.cancel()
            self.patience = None
            self.line.leave(self.expected_s)
