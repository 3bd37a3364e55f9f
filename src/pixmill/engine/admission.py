"""Who may come in: a call that would have to wait for too long is told so at once, while it has cost nothing.

Knows what lies ahead, in calls and in seconds of work. Must never know workers or pictures.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Literal, NamedTuple

from pixmill.errors import QueueFull

SHARE_OF_COMING: Final = 0.5
"""Of the longest wait, and of the longest line: what calls may take whose originals are still being fetched, which may never come. So an
origin that stalls makes the queue shorter, and never closes it."""

SHARE_OF_STANDING: Final = 0.1
"""Of the longest wait: what is left of it once a line that had no room for somebody has stood for that long. A line may be long to take a burst; one that does not
go away takes nothing but time from everybody, also from who comes when the rush is over. (Controlled delay: Nichols and Jacobson,
ACM Queue 10(5), 2012; at the admission to a server: Maurer, "Fail at Scale", ACM Queue 13(8), 2015.)"""

Limit = Literal["queue", "wait"]
"""What a call ran into: too many wait, or too much work does."""


class Load(NamedTuple):
    """What the workers are at: the seconds that running calls still need, who shares the work, and whether one has nothing to do."""

    running_s: float
    hands: int
    is_idle: bool


class Line:
    """The calls that wait, and the work that they will be; ``since`` when there have always been some, and whether
    anybody has been turned away since then.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.count = 0
        self.seconds = 0.0
        self.since = 0.0
        self.overflowed = False
        self._clock = clock

    def enter(self, seconds: float) -> None:
        if not self.count:
            self.since, self.overflowed = self._clock(), False
        self.count += 1
        self.seconds += seconds

    def leave(self, seconds: float) -> None:
        self.count -= 1
        self.seconds = max(0.0, self.seconds - seconds) if self.count else 0.0  # what rounding leaves does not add up


class Promise:
    """Entered for a request that may become a call, at the door: from then on it counts as one that comes, until it does, or ends without.

    All who ask at the same moment would otherwise be let in for the same room. Those who were are not judged by it: what was promised after
    them, or may need nothing, is not ahead of them. The context carries it to where the call comes, through whatever tasks lie between.
    """

    __slots__ = ("_admission", "_stands")

    def __init__(self, admission: "Admission") -> None:
        self._admission = admission
        self._stands = False

    def __enter__(self) -> None:
        _PROMISE.set(self)
        self._stands = True
        self._admission.promised += 1

    def __exit__(self, *_: object) -> None:
        """What has ended may stay in the context, also in that of tasks which go on: it does nothing any more."""
        self.end()

    def end(self) -> None:
        self._admission.promised -= self._stands
        self._stands = False


_PROMISE: ContextVar[Promise | None] = ContextVar("promise", default=None)


def _ended_promise() -> None:
    """Whoever comes now was promised until now."""
    if promise := _PROMISE.get():
        promise.end()


class Admission:
    """Judges by ``load``, by the line, and by ``typical_s``, the work that a call usually is. ``refused`` hears of each refusal."""

    def __init__(
        self,
        max_waiting: int,
        max_wait_s: float,
        load: Callable[[], Load],
        typical_s: Callable[[], float],
        refused: Callable[[Limit], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.line = Line(clock)
        self._clock = clock
        self._max_waiting = max_waiting
        self._max_wait_s = max_wait_s
        self._load = load
        self._typical_s = typical_s
        self._refused = refused
        self._coming = 0
        self.promised = 0

    def wait_s(self) -> float:
        """How long a call that comes now would wait, as far as one can tell."""
        load = self._load()
        return 0.0 if load.is_idle else self._ahead_s(load)

    @property
    def is_busy(self) -> bool:
        """Whether so much waits that nothing should be begun which nobody waits for."""
        return 2 * self.line.count > self._max_waiting or 2 * self.wait_s() > self._max_wait_s

    def check(self) -> None:
        """Return when a call may come. Raises QueueFull."""
        _ended_promise()
        load = self._load()
        if not load.is_idle:
            self._judge(self._ahead_s(load), 0)

    @contextmanager
    def coming(self) -> Iterator[None]:
        """While the original of a call is fetched, it counts as one that will come. Raises QueueFull if there is no use in fetching it."""
        _ended_promise()
        load = self._load()
        if not load.is_idle:
            self._judge(self._coming_s(load, self._coming), self._coming)
        self._coming += 1
        try:
            yield
        finally:
            self._coming -= 1

    def refusal_s(self) -> float | None:
        """When to come again, for a call that has an original to fetch and would be refused now; None when it would be admitted."""
        load = self._load()
        if load.is_idle:
            return None
        announced = self._coming + self.promised
        wait_s = self._coming_s(load, announced)
        return wait_s / 2 if self._limit(wait_s, announced) else None

    def _ahead_s(self, load: Load) -> float:
        return (self.line.seconds + load.running_s) / load.hands

    def _coming_s(self, load: Load, announced: int) -> float:
        """What lies ahead of a call whose original is yet to be fetched: others come whose originals are."""
        promised_s = announced * self._typical_s() / load.hands
        return self._ahead_s(load) + min(promised_s, SHARE_OF_COMING * self._max_wait_s)

    def _longest_s(self) -> float:
        """Whatever stands, each worker has a call to go on with."""
        line = self.line
        if not line.count or not line.overflowed or self._clock() - line.since <= self._max_wait_s:
            return self._max_wait_s
        return min(self._max_wait_s, max(SHARE_OF_STANDING * self._max_wait_s, 2 * self._typical_s()))

    def _limit(self, wait_s: float, announced: int) -> Limit | None:
        limit: Limit | None = None
        if self.line.count + min(announced, SHARE_OF_COMING * self._max_waiting) >= self._max_waiting:
            limit = "queue"
        elif wait_s > self._longest_s():
            limit = "wait"
        self.line.overflowed = self.line.overflowed or limit is not None
        return limit

    def _judge(self, wait_s: float, announced: int) -> None:
        """Whoever is refused is told when half of what lies ahead will be done: then there is room, and not for one alone."""
        if limit := self._limit(wait_s, announced):
            self._refused(limit)
            raise QueueFull(retry_after_s=wait_s / 2)
