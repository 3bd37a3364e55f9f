"""How often somebody came with a wrong token. Knows a clock and a number."""

import time
from typing import Final

MOST_WRONG: Final = 10
WRONG_S: Final = 60.0
"""So many wrong tokens in so many seconds; then even a right one is refused until they are over, so that guessing leads nowhere."""


class Guesses:
    """How many wrong tokens came lately, from anybody: who guesses may come from anywhere."""

    def __init__(self) -> None:
        self._since = 0.0
        self._count = 0

    def too_many(self) -> bool:
        if time.monotonic() - self._since > WRONG_S:
            self._since, self._count = time.monotonic(), 0
        return self._count >= MOST_WRONG

    def wrong(self) -> None:
        self._count += 1
