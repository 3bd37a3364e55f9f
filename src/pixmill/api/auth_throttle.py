"""How often somebody came with a wrong token. Knows a clock, keys and numbers; must never know who is behind a key."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

MAX_FAILURES: Final = 10
FAILURE_WINDOW_S: Final = 60.0
"""So many wrong tokens in so many seconds; then even a right one is refused until they are over, so that guessing leads nowhere."""
MAX_CLIENTS: Final = 1_024
"""Beyond, whoever began to guess first is forgotten. From a thousand addresses tokens of 16 characters are not guessed either."""


class FailedAuthThrottle:
    """How many wrong tokens came lately from each client: others must not be able to keep the operator out."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()

    def is_blocked(self, client: Hashable) -> bool:
        return self._recent_failures(client)[1] >= MAX_FAILURES

    def record_failure(self, client: Hashable) -> None:
        window_start, count = self._recent_failures(client)
        self._failures[client] = window_start, count + 1
        if len(self._failures) > MAX_CLIENTS:
            self._failures.popitem(last=False)

    def _recent_failures(self, client: Hashable) -> tuple[float, int]:
        """Since when, and how many."""
        now = self._clock()
        window_start, count = self._failures.get(client, (now, 0))
        if now - window_start <= FAILURE_WINDOW_S:
            return window_start, count
        del self._failures[client]
        return now, 0
