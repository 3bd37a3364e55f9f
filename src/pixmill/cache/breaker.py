"""Whether a tier is worth asking: the decision alone.

Knows how calls ended and how long they took. Must never know a tier, a clock or a task: ``guarded.py`` measures, and
asks again while this is open.

A circuit breaker (Nygard, "Release It!", 2007), with no trial calls of requests: while it is not closed no request is let
through, and a probe behind the scenes closes it. So only the requests that find out about a failure ever pay for it.
"""

from collections import deque
from enum import IntEnum
from typing import Final

MOST_FAILURES: Final = 5
"""In a row. One lost packet is no reason; five are, and the sixth request should not wait."""

WINDOW: Final = 20
"""The last calls that are looked at for how many of them were slow or failed."""

_SHARE: Final = 0.5


class State(IntEnum):
    """The values are those of the gauge."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class Breaker:
    """Open after failures in a row, or when half of the last calls were slow or failed."""

    def __init__(self) -> None:
        self.state = State.CLOSED
        self._in_a_row = 0
        self._last: deque[bool] = deque(maxlen=WINDOW)

    @property
    def admits(self) -> bool:
        return self.state is State.CLOSED

    def record(self, *, failed: bool, slow: bool = False) -> bool:
        """How a call ended; True if this has opened the breaker. What was begun before it opened tells nothing new."""
        if self.state is not State.CLOSED:
            return False
        self._in_a_row = self._in_a_row + 1 if failed else 0
        self._last.append(failed or slow)
        mostly_bad = len(self._last) == WINDOW and sum(self._last) >= WINDOW * _SHARE
        if self._in_a_row < MOST_FAILURES and not mostly_bad:
            return False
        self.state = State.OPEN
        return True

    def probe(self) -> None:
        """A probe is under way."""
        self.state = State.HALF_OPEN

    def probed(self, *, well: bool) -> None:
        """How it ended."""
        self.state = State.CLOSED if well else State.OPEN
        if well:
            self._in_a_row = 0
            self._last.clear()
