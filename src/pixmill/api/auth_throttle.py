"""Throttles clients that send wrong admin tokens.

Knows a clock, keys and numbers; must never know who is behind a key.
"""

import time
from collections.abc import Callable, Hashable
from typing import Final

from pixmill.runtime.bounded import BoundedDict

MAX_FAILURES: Final = 10
FAILURE_WINDOW_S: Final = 60.0
"""After this many failures in the window even a valid token is rejected until the window ends, so that guessing is
futile."""
MAX_CLIENTS: Final = 1_024
"""Beyond this the oldest is dropped: tokens of 16 characters cannot be guessed from a thousand addresses either."""


class FailedAuthThrottle:
    """Counts recent failures per client, so that an attacker cannot lock the operator out."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: BoundedDict[Hashable, tuple[float, int]] = BoundedDict(MAX_CLIENTS)

    def is_blocked(self, client: Hashable) -> bool:
        return self._recent_failures(client)[1] >= MAX_FAILURES

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
