"""Whether a tier is worth asking: the decision alone.

Knows how calls ended and how long they took. Must never know a tier, a clock or a task: ``guarded.py`` measures, and
asks again while this is open.

A circuit breaker (Nygard, "Release It!", 2007), with no trial calls of requests: while it is not closed no request is let
through, and a probe behind the scenes closes it. So only the requests that find out about a failure ever pay for it.
"""

from collections import deque
from enum import IntEnum
from typing import Final

MAX_CONSECUTIVE_FAILURES: Final = 5
"""In a row. One lost packet is no reason; five are, and the sixth request should not wait."""

WINDOW_CALLS: Final = 20
"""The last calls that are looked at for how many of them were slow or failed."""

_FAILURE_RATIO: Final = 0.5


class BreakerState(IntEnum):
    """The values are those of the gauge."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class Breaker:
    """Open after failures in a row, or when half of the last calls were slow or failed."""

    def __init__(self) -> None:
        self.state = BreakerState.CLOSED
        self._consecutive_failures = 0
        self._window: deque[bool] = deque(maxlen=WINDOW_CALLS)

    @property
    def is_closed(self) -> bool:
        return self.state is BreakerState.CLOSED

    def record(self, *, failed: bool, slow: bool = False) -> bool:
        """How a call ended; True if this has opened the breaker. What was begun before it opened tells nothing new."""
        if self.state is not BreakerState.CLOSED:
            return False
        self._consecutive_failures = self._consecutive_failures + 1 if failed else 0
        self._window.append(failed or slow)
        failure_ratio_reached = len(self._window) == WINDOW_CALLS and sum(self._window) >= WINDOW_CALLS * _FAILURE_RATIO
        if self._consecutive_failures < MAX_CONSECUTIVE_FAILURES and not failure_ratio_reached:
            return False
        self.state = BreakerState.OPEN
        return True

    def start_probe(self) -> None:
        """A probe is under way."""
        self.state = BreakerState.HALF_OPEN

    def finish_probe(self, *, healthy: bool) -> None:
        """How it ended."""
        self.state = BreakerState.CLOSED if healthy else BreakerState.OPEN
        if healthy:
            self._consecutive_failures = 0
            self._window.clear()
