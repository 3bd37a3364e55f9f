"""One call of the engine on its way: what is asked, who waits for it, and the time it has left.

Knows itself. Must never know workers or queues.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from pixmill.engine import protocol
from pixmill.engine.pool.admission import QueueStats
from pixmill.errors import PixmillError
from pixmill.plan.facts import HEADER_FACTS_ONLY, FactSelection
from pixmill.plan.ops import Plan
from pixmill.runtime.spool import Spool

CallResult = tuple[protocol.Outcome, protocol.OwnedFd | None]


@dataclass(eq=False, slots=True)
class Call:
    """A ``render`` (with a plan, or several) or an ``inspect`` (without). Times are the loop's, in seconds.

    ``seconds_left`` bounds the waiting, and then, anew, the work; what a worker spent before it died is gone.
    """

    original: Spool
    plan: Plan | tuple[Plan, ...] | None
    future: "asyncio.Future[CallResult]"
    admitted_at: float
    time_left_s: float
    expected_s: float = 0.0
    """The work that it probably is."""
    queue_stats: QueueStats | None = None
    """Where it waits."""
    started_at: float | None = None
    worker_deaths: int = 0
    timeout_handle: asyncio.TimerHandle | None = None
    fact_selection: FactSelection = HEADER_FACTS_ONLY
    extras: tuple[Spool, ...] = ()

    @property
    def expected_outcome(self) -> type[protocol.Outcome]:
        """What answers it when all goes well."""
        if self.plan is None:
            return protocol.Inspected
        return protocol.RenderedBatch if self.is_batch else protocol.RenderedImage

    @property
    def is_batch(self) -> bool:
        """Several renders: whoever lies behind it may wait for long."""
        return isinstance(self.plan, tuple)

    @property
    def result_count(self) -> int:
        """How many results it asks for."""
        return len(self.plan) if isinstance(self.plan, tuple) else 1

    @property
    def duration_class(self) -> tuple[str, int]:
        """What takes about the same time: results in the same format, of originals of about as many bytes."""
        if self.plan is None:
            label = f"inspect {len(self.fact_selection.include)}"
        elif isinstance(self.plan, tuple):
            label = f"set of {len(self.plan)}"
        else:
            formats = self.plan.output.formats
            label = formats[0] if len(formats) == 1 else "chosen"
        return label, self.original.size.bit_length()

    def to_job(self, id_: int) -> protocol.WorkerJob:
        """How a worker is told of it."""
        size, plan = self.original.size, self.plan
        if plan is None:
            return protocol.Inspect(id_, size, self.fact_selection)
        extras = tuple(extra.size for extra in self.extras)
        if isinstance(plan, tuple):
            return protocol.RenderAll(id_, size, plan, extras)
        return protocol.Render(id_, size, plan, extras)

    @property
    def fds(self) -> tuple[int, ...]:
        """What goes with the order."""
        return (self.original.fd, *(extra.fd for extra in self.extras))

    def start_waiting(self, queue_stats: QueueStats, on_timeout: Callable[["Call"], None]) -> None:
        """From now on it waits in this line, and not for ever."""
        self.stop_waiting()
        self.queue_stats = queue_stats
        queue_stats.add(self.expected_s)
        self.timeout_handle = self.future.get_loop().call_later(max(0.0, self.time_left_s), on_timeout, self)

    def mark_started(self, now: float) -> None:
        """A worker has begun with it."""
        self.stop_waiting()
        self.started_at = now

    def worker_died(self, now: float) -> None:
        """Its worker died of it."""
        self.worker_deaths += 1
        self.time_left_s -= now - (now if self.started_at is None else self.started_at)

    def succeed(self, result: CallResult) -> None:
        self.stop_waiting()
        if not self.future.done():
            self.future.set_result(result)

    def fail(self, error: PixmillError) -> None:
        self.stop_waiting()
        if not self.future.done():
            self.future.set_exception(error)

    def stop_waiting(self) -> None:
        """It has begun or ended."""
        if self.timeout_handle and self.queue_stats:
            self.timeout_handle.cancel()
            self.timeout_handle = None
            self.queue_stats.remove(self.expected_s)
