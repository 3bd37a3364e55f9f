"""Slows down clients that send wrong admin tokens.

Knows a clock, keys and numbers; must never know who is behind a key.
"""

import time
from collections.abc import Callable, Hashable
from typing import Final

from pixmill.runtime.bounded import BoundedDict

FREE_FAILURES: Final = 10
FAILURE_WINDOW_S: Final = 60.0
"""After this many failures in the window every answer is delayed until the window ends, also to a valid token.

Nobody is locked out: behind a proxy that is not a trusted one all clients have its address, and an attacker's wrong
tokens are counted for the operator too. Right and wrong tokens wait equally long, so the delay reveals nothing, and
each guess occupies a connection for that time: of these there are at most ``PIXMILL_MAX_CONNECTIONS``.
"""

MIN_DELAY_S: Final = 1.0
MAX_DELAY_S: Final = 10.0
_FAILURES_PER_DELAY_S: Final = 50
"""The delay grows by a second with this many failures."""

MAX_CLIENTS: Final = 1_024
"""Beyond this the oldest is dropped: tokens of 16 characters cannot be guessed from a thousand addresses either."""


class FailedAuthThrottle:
    """Counts recent failures per client."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: BoundedDict[Hashable, tuple[float, int]] = BoundedDict(MAX_CLIENTS)

    def delay_s(self, client: Hashable) -> float:
        """Return how long the answer to this client must wait."""
        failures = self._recent_failures(client)[1]
        if failures < FREE_FAILURES:
            return 0.0
        return min(max(MIN_DELAY_S, failures / _FAILURES_PER_DELAY_S), MAX_DELAY_S)

    def record_failure(self, client: Hashable) -> None:
        window_start, count = self._recent_failures(client)
        self._failures[client] = window_start, count + 1

    def _recent_failures(self, client: Hashable) -> tuple[float, int]:
        """Return the start of the window and the number of failures in it."""
        now = self._clock()
        window_start, count = self._failures.get(client, (now, 0))
        if now - window_start <= FAILURE_WINDOW_S:
            return window_start, count
        del self._failures[client]
        return now, 0
