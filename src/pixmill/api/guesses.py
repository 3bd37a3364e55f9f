"""How often somebody came with a wrong token. Knows a clock, keys and numbers; must never know who is behind a key."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

MOST_WRONG: Final = 10
WRONG_S: Final = 60.0
"""So many wrong tokens in so many seconds; then even a right one is refused until they are over, so that guessing leads nowhere."""
MOST_KEYS: Final = 1_024
"""Beyond, whoever began to guess first is forgotten. From a thousand addresses tokens of 16 characters are not guessed either."""


class Guesses:
    """How many wrong tokens came lately from each client: others must not be able to keep the operator out."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()

    def too_many(self, key: Hashable) -> bool:
        return self._lately(key)[1] >= MOST_WRONG

    def wrong(self, key: Hashable) -> None:
        since, count = self._lately(key)
        self._wrong[key] = since, count + 1
        if len(self._wrong) > MOST_KEYS:
            self._wrong.popitem(last=False)

    def _lately(self, key: Hashable) -> tuple[float, int]:
        """Since when, and how many."""
        now = self._clock()
        since, count = self._wrong.get(key, (now, 0))
        if now - since <= WRONG_S:
            return since, count
        del self._wrong[key]
        return now, 0
