"""Who may come in: a call that would have to wait for too long is told so at once, while it has cost nothing.

Knows what lies ahead, in calls and in seconds of work. Must never know workers or pictures.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Literal, NamedTuple

from pixmill.errors import QueueFull

ANNOUNCED_SHARE: Final = 0.5
"""Of the longest wait, and of the longest line: what calls may take whose originals are still being fetched, which may never come. So an
origin that stalls makes the queue shorter, and never closes it."""

STANDING_QUEUE_SHARE: Final = 0.1
"""Of the longest wait: what is left of it once a line that had no room for somebody has stood for that long. A line may be long to take a burst; one that does not
go away takes nothing but time from everybody, also from who comes when the rush is over. (Controlled delay: Nichols and Jacobson,
ACM Queue 10(5), 2012; at the admission to a server: Maurer, "Fail at Scale", ACM Queue 13(8), 2015.)"""

RejectionReason = Literal["queue", "queue_wait"]
"""What a call ran into: too many wait, or too much work does."""


class Load(NamedTuple):
    """What the workers are at: the seconds that running calls still need, who shares the work, and whether one has nothing to do."""

    running_s: float
    worker_count: int
    has_idle_worker: bool


class QueueStats:
    """The calls that wait, and the work that they will be; ``since`` when there have always been some, and whether
    anybody has been turned away since then.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.count = 0
        self.work_s = 0.0
        self.nonempty_since = 0.0
        self.has_rejected = False
        self._clock = clock

    def add(self, work_s: float) -> None:
        if not self.count:
            self.nonempty_since, self.has_rejected = self._clock(), False
        self.count += 1
        self.work_s += work_s

    def remove(self, work_s: float) -> None:
        self.count -= 1
        self.work_s = max(0.0, self.work_s - work_s) if self.count else 0.0  # what rounding leaves does not add up


class Reservation:
    """Entered for a request that may become a call, at the door: from then on it counts as one that comes, until it does, or ends without.

    All who ask at the same moment would otherwise be let in for the same room. Those who were are not judged by it: what was promised after
    them, or may need nothing, is not ahead of them. The context carries it to where the call comes, through whatever tasks lie between.
    """

    __slots__ = ("_admission", "_is_active")

    def __init__(self, admission: "Admission") -> None:
        self._admission = admission
        self._is_active = False

    def __enter__(self) -> None:
        _RESERVATION.set(self)
        self._is_active = True
        self._admission.reserved += 1

    def __exit__(self, *_: object) -> None:
        """What has ended may stay in the context, also in that of tasks which go on: it does nothing any more."""
        self.release()

    def release(self) -> None:
        self._admission.reserved -= self._is_active
        self._is_active = False


_RESERVATION: ContextVar[Reservation | None] = ContextVar("reservation", default=None)


def _release_reservation() -> None:
    """Whoever comes now was promised until now."""
    if reservation := _RESERVATION.get():
        reservation.release()


class Admission:
    """Judges by ``load``, by the line, and by ``typical_s``, the work that a call usually is. ``refused`` hears of each refusal."""

    def __init__(
        self,
        max_waiting: int,
        max_wait_s: float,
        load: Callable[[], Load],
        typical_s: Callable[[], float],
        on_rejected: Callable[[RejectionReason], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.queue_stats = QueueStats(clock)
        self._clock = clock
        self._max_waiting = max_waiting
        self._max_wait_s = max_wait_s
        self._load = load
        self._typical_s = typical_s
        self._on_rejected = on_rejected
        self._announced = 0
        self.reserved = 0

    def expected_wait_s(self) -> float:
        """How long a call that comes now would wait, as far as one can tell."""
        load = self._load()
        return 0.0 if load.has_idle_worker else self._backlog_s(load)

    @property
    def is_busy(self) -> bool:
        """Whether so much waits that nothing should be begun which nobody waits for."""
        return 2 * self.queue_stats.count > self._max_waiting or 2 * self.expected_wait_s() > self._max_wait_s

    def check(self) -> None:
        """Return when a call may come. Raises QueueFull."""
        _release_reservation()
        load = self._load()
        if not load.has_idle_worker:
            self._reject_if_over_limit(self._backlog_s(load), 0)

    @contextmanager
    def announce(self) -> Iterator[None]:
        """While the original of a call is fetched, it counts as one that will come. Raises QueueFull if there is no use in fetching it."""
        _release_reservation()
        load = self._load()
        if not load.has_idle_worker:
            self._reject_if_over_limit(self._backlog_with_announced_s(load, self._announced), self._announced)
        self._announced += 1
        try:
            yield
        finally:
            self._announced -= 1

    def retry_after_s(self) -> float | None:
        """When to come again, for a call that has an original to fetch and would be refused now; None when it would be admitted."""
        load = self._load()
        if load.has_idle_worker:
            return None
        announced = self._announced + self.reserved
        wait_s = self._backlog_with_announced_s(load, announced)
        return wait_s / 2 if self._rejection_reason(wait_s, announced) else None

    def _backlog_s(self, load: Load) -> float:
        return (self.queue_stats.work_s + load.running_s) / load.worker_count

    def _backlog_with_announced_s(self, load: Load, announced: int) -> float:
        """What lies ahead of a call whose original is yet to be fetched: others come whose originals are."""
        announced_s = announced * self._typical_s() / load.worker_count
        return self._backlog_s(load) + min(announced_s, ANNOUNCED_SHARE * self._max_wait_s)

    def _max_wait_now_s(self) -> float:
        """Whatever stands, each worker has a call to go on with."""
        queue_stats = self.queue_stats
        if (
            not queue_stats.count
            or not queue_stats.has_rejected
            or self._clock() - queue_stats.nonempty_since <= self._max_wait_s
        ):
            return self._max_wait_s
        return min(self._max_wait_s, max(STANDING_QUEUE_SHARE * self._max_wait_s, 2 * self._typical_s()))

    def _rejection_reason(self, wait_s: float, announced: int) -> RejectionReason | None:
        reason: RejectionReason | None = None
        if self.queue_stats.count + min(announced, ANNOUNCED_SHARE * self._max_waiting) >= self._max_waiting:
            reason = "queue"
        elif wait_s > self._max_wait_now_s():
            reason = "queue_wait"
        self.queue_stats.has_rejected = self.queue_stats.has_rejected or reason is not None
        return reason

    def _reject_if_over_limit(self, wait_s: float, announced: int) -> None:
        """Whoever is refused is told when half of what lies ahead will be done: then there is room, and not for one alone."""
        if reason := self._rejection_reason(wait_s, announced):
            self._on_rejected(reason)
            raise QueueFull(retry_after_s=wait_s / 2)
