"""A call of the engine: what is asked, who waits for it, how much time it has left, and the files that a worker gets.

Also the statistics of the queue. Must never know workers.
"""

import asyncio
import os
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from pixmill.engine import protocol
from pixmill.errors import PixmillError
from pixmill.plan.facts import HEADER_FACTS_ONLY, FactSelection
from pixmill.plan.ops import Plan
from pixmill.runtime.operating_system import IS_LINUX, SEAL_GROW, add_seals, memory_file
from pixmill.runtime.spool import Spool


class ResultFile:
    """The memory file for the results of one job: the server makes it, and takes its memory back.

    A worker makes no files and sends none. If it keeps this one, open or mapped, it keeps an empty file once the server
    has closed it. ``size`` is that of ``measure``.
    """

    __slots__ = ("fd", "size")

    def __init__(self) -> None:
        """Raises OSError when the system has no resources."""
        self.fd = -1
        self.size = 0
        self.fd, reading_fd = memory_file("pixmill-result")
        if reading_fd >= 0:
            os.close(reading_fd)

    def measure(self) -> int:
        """Return the size, which counts from now on, whatever the worker does to the file."""
        self.size = os.fstat(self.fd).st_size
        return self.size

    def read(self, max_bytes: int) -> bytes:
        """Return the whole content. Raises ProtocolError when it is empty or more than ``max_bytes``."""
        if self.size > max_bytes:
            raise protocol.ProtocolError(f"A result of {self.size} bytes")
        return self.read_range(0, self.size)

    def read_range(self, offset: int, size: int) -> bytes:
        """Return ``size`` bytes from ``offset`` on. Raises ProtocolError when there are fewer."""
        if not 0 <= offset < offset + size <= self.size:
            raise protocol.ProtocolError(f"A result of {size} bytes from {offset} on")
        try:
            body = os.pread(self.fd, size, offset)
        except OSError as error:
            raise protocol.ProtocolError("A result cannot be read") from error
        if len(body) != size:
            raise protocol.ProtocolError(f"A result of {size} bytes")
        return body

    def to_spool(self) -> Spool:
        """Turn it into a spool, which nobody can write to. Raises OSError if the worker can."""
        spool = Spool.adopt(self.fd, self.size)
        self.fd = -1
        return spool

    def close(self) -> None:
        """Free the memory, also for a worker that still has it open: it cannot grow again.

        Closing twice is harmless.
        """
        fd, self.fd = self.fd, -1
        if fd >= 0:
            try:
                add_seals(fd, SEAL_GROW)
                os.ftruncate(fd, 0)
            finally:
                os.close(fd)

    def __del__(self) -> None:
        self.close()


CallResult = tuple[protocol.Outcome, ResultFile | None]


class ClientTotal:
    """A total over clients, and the part of it that is served before a call of one client under fair queueing."""

    def __init__(self) -> None:
        self.total = 0.0
        self._amounts: dict[Hashable, float] = {}
        self._counts: dict[Hashable, int] = {}

    def add(self, amount: float, client: Hashable) -> None:
        self.total += amount
        self._amounts[client] = self._amounts.get(client, 0.0) + amount
        self._counts[client] = self._counts.get(client, 0) + 1

    def remove(self, amount: float, client: Hashable) -> None:
        self._counts[client] -= 1
        if self._counts[client]:
            self._amounts[client] = max(0.0, self._amounts[client] - amount)
        else:
            del self._counts[client], self._amounts[client]
        self.total = max(0.0, self.total - amount) if self._counts else 0.0  # rounding errors do not add up

    def ahead_of(self, client: Hashable, amount: float) -> float:
        """Return what is served before ``amount`` more of a client: at most as much for each other one."""
        client_count = len(self._counts) + (client not in self._counts)
        return min(self.total, client_count * (self._amounts.get(client, 0.0) + amount))


class QueueStats:
    """The number of queued calls and their expected work, in all and by client.

    ``nonempty_since`` is the time of the last change from empty; ``has_rejected``: whether a call was rejected since.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.calls = ClientTotal()
        self.work = ClientTotal()
        self.nonempty_since = 0.0
        self.has_rejected = False
        self._clock = clock

    @property
    def count(self) -> int:
        return int(self.calls.total)

    @property
    def work_s(self) -> float:
        return self.work.total

    def add(self, work_s: float, client: Hashable = None) -> None:
        if not self.calls.total:
            self.nonempty_since, self.has_rejected = self._clock(), False
        self.calls.add(1.0, client)
        self.work.add(work_s, client)

    def remove(self, work_s: float, client: Hashable = None) -> None:
        self.calls.remove(1.0, client)
        self.work.remove(work_s, client)


@dataclass(slots=True)
class Attempt:
    """A call as it was given to one worker; ``call`` is None once nobody wants the outcome any more.

    It shares the files of the call until it is closed: what a worker reads stays on the memory budget so long.
    """

    id: int
    expected_outcome: type[protocol.Outcome]
    command: protocol.WorkerJob
    originals: tuple[Spool, ...]
    call: "Call | None"
    admitted_at: float
    deadline_at: float = 0.0
    result: ResultFile | None = None
    """Where a render puts its results."""
    raster: ResultFile | None = None
    """Where it puts the decoded pixels of the original, if that was asked for."""
    sent_fds: list[int] = field(default_factory=list)
    """Inputs that were sent, where they must stay open until the worker has received them."""

    def open_files(self) -> list[int]:
        """Open the inputs that go with the command, which the caller closes, and make the files for what it returns.

        Raises OSError when the system has no resources.
        """
        fds: list[int] = []
        try:
            fds.extend(map(Spool.lend, self.originals))
            if not isinstance(self.command, protocol.Inspect):
                self.result = ResultFile()
            if isinstance(self.command, protocol.Render) and self.command.raster and self.command.raster.max_bytes:
                self.raster = ResultFile()
        except BaseException:
            _close_all(fds)
            raise
        return fds

    @property
    def output_fds(self) -> list[int]:
        """The descriptors of the files for what it returns, in the order of the protocol."""
        return [file.fd for file in (self.raster, self.result) if file]

    def release_inputs(self, fds: list[int]) -> None:
        """Close the inputs that were sent; on macOS once the worker has replied.

        A descriptor that is closed there while it is on its way may arrive closed (github.com/nodejs/node/issues/7512).
        """
        if IS_LINUX:
            _close_all(fds)
        else:
            self.sent_fds = fds

    def take_result(self) -> ResultFile | None:
        """Return the file with the results; it is not this attempt's any more."""
        result, self.result = self.result, None
        return result

    def close(self) -> None:
        """Release all files; the worker has replied or is gone."""
        outputs, self.result, self.raster = (self.result, self.raster), None, None
        sent_fds, self.sent_fds = self.sent_fds, []
        _close_all(sent_fds)
        for original in self.originals:
            original.close()
        for file in filter(None, outputs):
            file.close()


def _close_all(fds: list[int]) -> None:
    for fd in fds:
        os.close(fd)


@dataclass(eq=False, slots=True)
class Call:
    """A ``render`` (with a plan, or several) or an ``inspect`` (without). Times are the event loop's, in seconds.

    ``time_left_s`` bounds the wait, and then, from its full length again, the work. Time that a worker spent before
    it died is not given back.
    """

    original: Spool
    plan: Plan | tuple[Plan, ...] | None
    future: "asyncio.Future[CallResult]"
    admitted_at: float
    time_left_s: float
    fact_selection: FactSelection = HEADER_FACTS_ONLY
    extras: tuple[Spool, ...] = ()
    raster: Spool | None = None
    """The decoded pixels of the original, in place of a decode."""
    max_raster_bytes: int = 0
    """More than 0 to keep the decoded pixels, if they fit: then ``new_raster`` has them."""
    new_raster: ResultFile | None = None
    duration_class: tuple[str, int] = ("", 0)
    expected_s: float = 0.0
    """Expected duration of the work."""
    client: Hashable = None
    """On whose behalf, for a fair share of the workers."""
    may_defer: bool = False
    is_costly: bool = False
    """It may take long, so it does not get the last worker."""
    queue_stats: QueueStats | None = None
    """The statistics of the queue that it is in, or was in last."""
    started_at: float | None = None
    worker_deaths: int = 0
    timeout_handle: asyncio.TimerHandle | None = None

    @property
    def plans(self) -> tuple[Plan, ...]:
        """The plan of each result."""
        return self.plan if isinstance(self.plan, tuple) else (self.plan,) if self.plan is not None else ()

    def estimate(self, expected_s: Callable[[tuple[str, int]], float]) -> None:
        """Set its duration class (results in the same format, of originals of about as many bytes) and duration."""
        if self.plan is None:
            label = f"inspect {len(self.fact_selection.include)}"
        elif isinstance(self.plan, tuple):
            label = f"batch of {len(self.plan)}"
        else:
            formats = self.plan.output.formats
            label = formats[0] if len(formats) == 1 else "chosen"
            label = f"{label} of a raster" if self.raster else label
        self.duration_class = label, self.original.size.bit_length()
        self.expected_s = expected_s(self.duration_class)

    def to_job(self, id_: int) -> protocol.WorkerJob:
        """Return the command that a worker receives."""
        size, plan = self.original.size, self.plan
        if plan is None:
            return protocol.Inspect(id_, size, self.fact_selection)
        extras = tuple([extra.size for extra in self.extras])
        if isinstance(plan, tuple):
            return protocol.RenderAll(id_, size, plan, extras)
        return protocol.Render(id_, size, plan, extras, self.may_defer and not self.is_costly, self._raster_use())

    def _raster_use(self) -> protocol.RasterUse | None:
        """Return how the worker uses a file of decoded pixels; not again after one has died of it, perhaps."""
        if self.worker_deaths:
            return None
        if self.raster:
            return protocol.RasterUse(size_bytes=self.raster.size)
        return protocol.RasterUse(max_bytes=self.max_raster_bytes) if self.max_raster_bytes else None

    def new_attempt(self, id_: int) -> Attempt:
        """Return it as it is given to a worker."""
        expected_outcome: type[protocol.Outcome] = protocol.Inspected
        if self.plan is not None:
            expected_outcome = protocol.RenderedBatch if isinstance(self.plan, tuple) else protocol.RenderedImage
        job = self.to_job(id_)
        rasters = (self.raster,) if self.raster and not self.worker_deaths else ()
        originals = tuple([spool.share() for spool in (self.original, *self.extras, *rasters)])
        return Attempt(id_, expected_outcome, job, originals, self, self.admitted_at)

    def start_waiting(self, queue_stats: QueueStats, on_timeout: Callable[["Call"], None]) -> None:
        """Count it as queued, for a limited time."""
        self.stop_waiting()
        self.queue_stats = queue_stats
        queue_stats.add(self.expected_s, self.client)
        self.timeout_handle = self.future.get_loop().call_later(max(0.0, self.time_left_s), on_timeout, self)

    def stop_waiting(self) -> None:
        """Count it as started or ended."""
        if self.timeout_handle and self.queue_stats:
            self.timeout_handle.cancel()
            self.timeout_handle = None
            self.queue_stats.remove(self.expected_s, self.client)

    def mark_started(self, now: float) -> None:
        self.stop_waiting()
        self.started_at = now

    def defer(self, cost_s: float) -> None:
        """Count it as costly, and the time that the attempt took."""
        self._charge_attempt(self.future.get_loop().time())
        self.started_at, self.is_costly, self.expected_s = None, True, cost_s

    def worker_died(self, now: float) -> None:
        """Count the death of its worker, and the time that the attempt took."""
        self.worker_deaths += 1
        self._charge_attempt(now)

    def _charge_attempt(self, now: float) -> None:
        self.time_left_s -= now - (now if self.started_at is None else self.started_at)

    def succeed(self, result: CallResult) -> None:
        self.stop_waiting()
        if not self.future.done():
            self.future.set_result(result)

    def fail(self, error: PixmillError) -> None:
        self.stop_waiting()
        if not self.future.done():
            self.future.set_exception(error)
