"""One request a turn of the event loop begins its long way; the others wait in a row.

Beginning costs about a millisecond: a URL is read, a cache is asked. When hundreds come at once they would all begin in one turn, and
whoever comes next, a hit or a refusal that costs microseconds, would wait behind all of them.

Knows the event loop; must never know what is asked.
"""

import asyncio
from collections import deque


class Turnstile:
    """Passed at once by the first in a turn; in the order of coming by all others."""

    def __init__(self) -> None:
        self._row: deque[asyncio.Future[None]] = deque()
        self._is_taken = False

    async def passed(self) -> None:
        """Return when it is one's turn. Who leaves the row is passed over."""
        loop = asyncio.get_running_loop()
        if not self._is_taken:
            self._is_taken = True
            loop.call_soon(self._turn)
            return
        turn = loop.create_future()
        self._row.append(turn)
        await turn

    def _turn(self) -> None:
        while self._row:
            turn = self._row.popleft()
            if not turn.done():
                turn.set_result(None)
                asyncio.get_running_loop().call_soon(self._turn)
                return
        self._is_taken = False
