"""Minimum rate of a download: ends one whose sender trickles.

Knows bytes and the time that was spent waiting for them. Must never know where they come from, nor count the time in
which they are processed.
"""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from pixmill.errors import SourceTimeout

GRACE_S: Final = 5.0
"""Time before the rate counts, as for uploads: TCP's slow start and a lost packet or two take no longer."""


class MinimumRate:
    """At least ``min_rate`` bytes per second on average, after ``GRACE_S``; 0 is no limit."""

    def __init__(self, min_rate: int, grace_s: float = GRACE_S) -> None:
        self.received_bytes = 0
        self._min_rate = min_rate
        self._grace_s = grace_s
        self._waited_s = 0.0

    @asynccontextmanager
    async def waiting(self, timeout_s: float) -> AsyncIterator[None]:
        """Limit one read to ``timeout_s``, and to what the average allows.

        Raises TimeoutError for the former, SourceTimeout for the latter.
        """
        clock = asyncio.get_running_loop().time
        started, left_s = clock(), self._left_s()
        try:
            async with asyncio.timeout(min(timeout_s, left_s)):
                yield
        except TimeoutError as error:
            if left_s < timeout_s:
                raise SourceTimeout(
                    "Source sends too slowly", detail=f"{self.received_bytes} bytes in {self._waited_s + left_s:.1f} s"
                ) from error
            raise
        finally:
            self._waited_s += clock() - started

    def _left_s(self) -> float:
        """Return the time that the sender may still take for its next byte."""
        if not self._min_rate:
            return math.inf
        return max(0.0, max(self._grace_s, self.received_bytes / self._min_rate) - self._waited_s)
