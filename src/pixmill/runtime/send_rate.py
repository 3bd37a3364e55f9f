"""Minimum send rate: resets accepted connections whose clients read responses too slowly, of any size.

Knows connections and the kernel's counters of what their peers acknowledged. Must never know requests.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from pixmill.runtime.tcp import SendProgress, accepted_connections, reset_socket

SEND_GRACE_S: Final = 10.0
"""Grace period before a minimum send rate applies; a slow mobile connection takes seconds to begin."""

MAX_CREDIT_S: Final = 60.0
"""Besides the grace period: what was read fast before buys a pause of a minute, not of hours.

A client with a large receive buffer, a proxy for example, needs one: it opens its window only after it has passed on
half of the buffer, and acknowledges nothing meanwhile. 32 KiB take 16 seconds at 2 kB/s.
"""

INTERVAL_S: Final = 5.0


class _Credit(NamedTuple):
    """For how long a connection may make no progress (a token bucket), as of a check.

    It starts again when all that was pending then, ``acked_bytes`` + ``pending_bytes``, has been acknowledged: who asks
    for little at a time, and reads it at once, often has something on its way and is not slow.
    """

    seconds: float
    checked_at: float
    acked_bytes: int
    pending_bytes: int = 0


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
        self._credits: dict[str, _Credit] = {}

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
        previous, self._credits, resets = self._credits, {}, 0
        for inode, fd, progress in connections:
            if not progress.is_pending:
                continue
            credit = self._credit(previous.get(inode), progress, now)
            if credit.seconds < 0:
                resets += reset_socket(inode, fd)
            else:
                self._credits[inode] = credit
        return resets

    def _credit(self, last: _Credit | None, progress: SendProgress, now: float) -> _Credit:
        """Return the credit after what was acknowledged and the time that has passed since the last check."""
        if last is None or progress.acked_bytes >= last.acked_bytes + last.pending_bytes:
            last = _Credit(self._grace_s, now, 0)
        earned_s = (progress.acked_bytes - last.acked_bytes) / self._min_rate
        seconds = min(self._grace_s + MAX_CREDIT_S, last.seconds + earned_s) - (now - last.checked_at)
        return _Credit(seconds, now, progress.acked_bytes, progress.pending_bytes)
