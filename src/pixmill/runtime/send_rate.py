"""Minimum send rate: resets accepted connections whose clients read responses too slowly, of any size.

Knows connections and the kernel's counters of what their peers acknowledged. Must never know requests.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from pixmill.runtime.tcp import accepted_connections, reset_socket

SEND_GRACE_S: Final = 10.0
"""Grace period before a minimum send rate applies; a slow mobile connection takes seconds to begin."""

WINDOW_S: Final = 60.0
"""The rate is that of the current minute: what was read fast before does not buy a pause of hours."""

INTERVAL_S: Final = 5.0


class _Window(NamedTuple):
    started: float
    acked_bytes: int


class SendRateMonitor:
    """Checks every ``interval_s`` all connections that have been sending without a break.

    ``on_reset`` is called for each connection that is reset.
    """

    def __init__(
        self,
        ports: frozenset[int],
        min_rate: int,
        on_reset: Callable[[], None],
        *,
        grace_s: float = SEND_GRACE_S,
        interval_s: float = INTERVAL_S,
    ) -> None:
        self._ports = ports
        self._min_rate = min_rate
        self._on_reset = on_reset
        self._grace_s = grace_s
        self._interval_s = interval_s
        self._windows: dict[str, _Window] = {}

    async def run(self) -> None:
        """Check for ever, in a thread: thousands of connections take some 20 milliseconds."""
        while self._min_rate:
            await asyncio.sleep(self._interval_s)
            for _ in range(await asyncio.to_thread(self.check, time.monotonic())):
                self._on_reset()

    def check(self, now: float) -> int:
        """Reset all connections that are too slow at this time; return their number."""
        try:
            connections = list(accepted_connections(self._ports))
        except OSError:  # to list them takes a descriptor, and none is free: the next check follows
            return 0
        previous, self._windows, resets = self._windows, {}, 0
        for inode, fd, progress in connections:
            if not progress.is_pending:
                continue
            window = previous.get(inode) or _Window(now, progress.acked_bytes)
            elapsed_s = now - window.started
            if progress.acked_bytes - window.acked_bytes < self._min_rate * (elapsed_s - self._grace_s):
                resets += reset_socket(inode, fd)
            else:
                self._windows[inode] = _Window(now, progress.acked_bytes) if elapsed_s >= WINDOW_S else window
        return resets
