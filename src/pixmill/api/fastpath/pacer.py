"""One request a turn of the event loop begins its long way; the others wait in a row.

Beginning costs about a millisecond: a URL is read, a cache is asked. When hundreds come at once they would all begin in one turn, and
whoever comes next, a hit or a refusal that costs microseconds, would wait behind all of them.

Knows the event loop; must never know what is asked.
"""

import asyncio
from collections import deque


class Pacer:
    """Passed at once by the first in a turn; in the order of coming by all others."""

    def __init__(self) -> None:
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._is_tick_used = False

    async def wait(self) -> None:
        """Return when it is one's turn. Who leaves the row is passed over."""
        loop = asyncio.get_running_loop()
        if not self._is_tick_used:
            self._is_tick_used = True
            loop.call_soon(self._release_next)
            return
        waiter = loop.create_future()
        self._waiters.append(waiter)
        await waiter

    def _release_next(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                asyncio.get_running_loop().call_soon(self._release_next)
                return
        self._is_tick_used = False
