"""Admission control: rejects a call at once when it would have to wait too long, before it has cost anything.

A client is judged by what is served before it: the queue is fair (``runtime/fair_queue.py``), so others have at most
as much ahead of it as it has itself, and one that fills the queue does not keep others out.

Knows the queue, in calls and in seconds of work. Must never know workers or images.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Literal, NamedTuple

from pixmill.engine.pool.call import ClientTotal, QueueStats
from pixmill.errors import QueueFull
from pixmill.runtime.client import CURRENT_CLIENT

ANNOUNCED_SHARE: Final = 0.5
"""Share of the maximum wait, and of the maximum queue length, that announced calls may take. Their originals are
still being fetched and may never arrive, so an origin that stalls shortens the queue, and never closes it."""

STANDING_QUEUE_SHARE: Final = 0.1
"""Share of the maximum wait that remains once a queue has rejected a call and stood for that long. A queue may be
long to absorb a burst; one that does not drain only adds latency, also for calls that come when the overload is
over. (Controlled delay, CoDel: Nichols and Jacobson, ACM Queue 10(5), 2012; at the admission to a server: Maurer,
"Fail at Scale", ACM Queue 13(8), 2015.)"""

RejectionReason = Literal["queue", "queue_wait"]
"""The limit that a call ran into: the number of queued calls, or the expected wait."""


class Load(NamedTuple):
    """Work in progress: the seconds that running calls still need, and the number of workers that share the queue."""

    running_s: float
    worker_count: int


class Reservation:
    """Context manager that counts a request as a coming call, from its arrival until it becomes one or ends without.

    Otherwise all requests that arrive in the same moment would be admitted for the same place. Admitted requests are
    not judged by reservations, since those made after them, or that may need nothing, are not ahead of them. A
    context variable carries the reservation to where the call is made, through any tasks in between.
    """

    __slots__ = ("_admission", "_client", "_is_active")

    def __init__(self, admission: "Admission") -> None:
        self._admission = admission
        self._client = CURRENT_CLIENT.get()
        self._is_active = False

    def __enter__(self) -> None:
        _CURRENT_RESERVATION.set(self)
        self._is_active = True
        self._admission.reservations.add(1, self._client)

    def __exit__(self, *_: object) -> None:
        """Release it. It may stay in the context, also in that of tasks which go on: it has no effect any more."""
        self.release()

    def release(self) -> None:
        if self._is_active:
            self._is_active = False
            self._admission.reservations.remove(1, self._client)


_CURRENT_RESERVATION: ContextVar[Reservation | None] = ContextVar("reservation", default=None)


class Admission:
    """Judges by the queue, the current load and ``typical_s``, the typical duration of a call.

    ``has_idle_worker`` is kept up to date by the dispatcher: then nothing waits, and every call is admitted.
    ``on_rejected`` is called with the reason of each rejection.
    """

    def __init__(
        self,
        max_waiting: int,
        max_wait_s: float,
        load: Callable[[], Load],
        typical_s: Callable[[], float],
        on_rejected: Callable[[RejectionReason], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.has_idle_worker = False
        self.reservations = ClientTotal()
        """Requests with a reservation."""
        self.queue_stats = QueueStats(clock)
        self._clock = clock
        self._max_waiting = max_waiting
        self._max_wait_s = max_wait_s
        self._load = load
        self._typical_s = typical_s
        self._on_rejected = on_rejected
        self._announced = ClientTotal()

    def expected_wait_s(self) -> float:
        """Return the time in which the whole queue would be done."""
        load = self._load()
        return 0.0 if self.has_idle_worker else (self.queue_stats.work_s + load.running_s) / load.worker_count

    @property
    def reserved(self) -> int:
        """The number of requests with a reservation."""
        return int(self.reservations.total)

    @property
    def is_busy(self) -> bool:
        """Whether the queue is too long to begin background work."""
        return 2 * self.queue_stats.count > self._max_waiting or 2 * self.expected_wait_s() > self._max_wait_s

    def check(self) -> None:
        """Admit a call, and end the reservation of its request. Raises QueueFull."""
        self._end_reservation()
        if not self.has_idle_worker:
            self._reject_if_over_limit(self._backlog_s(self._load()), 0)

    @contextmanager
    def announce(self) -> Iterator[None]:
        """Count a call as coming while its original is fetched. Raises QueueFull if it would be rejected anyway."""
        self._end_reservation()
        client = CURRENT_CLIENT.get()
        if not self.has_idle_worker:
            announced = self._announced.ahead_of(client, 1)
            self._reject_if_over_limit(self._backlog_with_announced_s(self._load(), announced), announced)
        self._announced.add(1, client)
        try:
            yield
        finally:
            self._announced.remove(1, client)

    def retry_after_s(self) -> float | None:
        """Return when to retry, for a call with an original to fetch that would be rejected now; None if admitted."""
        if self.has_idle_worker:
            return None
        client = CURRENT_CLIENT.get()
        announced = self._announced.ahead_of(client, 1) + self.reservations.ahead_of(client, 1)
        wait_s = self._backlog_with_announced_s(self._load(), announced)
        return wait_s / 2 if self._rejection_reason(wait_s, announced) else None

    @staticmethod
    def _end_reservation() -> None:
        """End the reservation of the current request: it counts as a call from now on."""
        if reservation := _CURRENT_RESERVATION.get():
            reservation.release()

    def _backlog_s(self, load: Load) -> float:
        """Return the wait of a call of the current client."""
        work_s = self.queue_stats.work.ahead_of(CURRENT_CLIENT.get(), self._typical_s())
        return (work_s + load.running_s) / load.worker_count

    def _backlog_with_announced_s(self, load: Load, announced: float) -> float:
        """Return the wait of a call that has yet to fetch its original, behind the others that fetch theirs."""
        announced_s = announced * self._typical_s() / load.worker_count
        return self._backlog_s(load) + min(announced_s, ANNOUNCED_SHARE * self._max_wait_s)

    def _max_wait_now_s(self) -> float:
        """Return the limit of the wait; a standing queue keeps two typical calls per worker, so that none runs dry."""
        queue_stats = self.queue_stats
        if (
            not queue_stats.count
            or not queue_stats.has_rejected
            or self._is_below_average()
            or self._clock() - queue_stats.nonempty_since <= self._max_wait_s
        ):
            return self._max_wait_s
        return min(self._max_wait_s, max(STANDING_QUEUE_SHARE * self._max_wait_s, 2 * self._typical_s()))

    def _is_below_average(self) -> bool:
        """Whether the queue stands because of others: the client would have less in it than its share."""
        calls = self.queue_stats.calls
        return calls.ahead_of(CURRENT_CLIENT.get(), 1) < calls.total

    def _rejection_reason(self, wait_s: float, announced: float) -> RejectionReason | None:
        reason: RejectionReason | None = None
        calls = self.queue_stats.calls
        # Newcomers get room beyond the limit, until the queue is twice as long.
        queued = max(calls.ahead_of(CURRENT_CLIENT.get(), 1), calls.total - self._max_waiting)
        if queued + min(announced, ANNOUNCED_SHARE * self._max_waiting) >= self._max_waiting:
            reason = "queue"
        elif wait_s > self._max_wait_now_s():
            reason = "queue_wait"
        self.queue_stats.has_rejected = self.queue_stats.has_rejected or reason is not None
        return reason

    def _reject_if_over_limit(self, wait_s: float, announced: float) -> None:
        """Reject with the time in which half of the backlog will be done: then there is room for more than one call."""
        if reason := self._rejection_reason(wait_s, announced):
            self._on_rejected(reason)
            raise QueueFull(retry_after_s=wait_s / 2)
