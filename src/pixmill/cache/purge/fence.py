"""Knows whether this server may have missed purges: it was stopped, it has just started, or its log is out of reach.

A purge names every server that did not confirm it within two seconds as unconfirmed. Such a server must not answer from
its cache when it goes on. So each lookup compares the clock with the last beat of the event loop: after a gap of more
than 1.5 s the fence is up, before a single response, until the logs have been read. Behind the fence entries are
revalidated before they are served: an unchanged original costs one conditional request and no render.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from math import inf
from time import monotonic, time
from typing import Final

from pixmill.cache.purge.rules import PurgeRules

BEAT_S: Final = 0.25
MAX_GAP_S: Final = 1.5
"""Less than the time that a purge waits for confirmations, by more than a beat."""

MAX_UNCONFIRMED_GAP_S: Final = 10.0
"""As long as a purge takes to be known, where the logs do not say who has read them."""

WAIT_S: Final = 0.5
"""A lookup waits for the fence for this long after it went up; most often the logs are read within milliseconds."""


class PurgeFence:
    """Sets ``fenced`` of the rules. ``clock`` is a wall clock: it also jumps when a machine was suspended."""

    def __init__(self, rules: PurgeRules, clock: Callable[[], float] = time) -> None:
        self.max_gap_s = MAX_UNCONFIRMED_GAP_S
        self.raised_at = 0.0
        """Monotonic time at which it went up."""
        self._rules = rules
        self._clock = clock
        self._last_beat = inf
        self._lowered = asyncio.Event()

    def check(self, now: float) -> None:
        """Raise the fence if the event loop has stood still for too long. Called by every lookup: costs 50 ns."""
        if now - self._last_beat > self.max_gap_s:
            self.put_up()

    def beat(self) -> None:
        now = self._clock()
        self.check(now)
        self._last_beat = now

    def put_up(self) -> None:
        if not self._rules.fenced:
            self._rules.fenced = True
            self.raised_at = monotonic()
            self._lowered.clear()

    def take_down(self) -> None:
        self._rules.fenced = False
        self._lowered.set()

    async def wait(self) -> None:
        """Wait until the fence is down, for half a second after it went up at most."""
        if self._rules.fenced:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.raised_at + WAIT_S - monotonic()):
                    await self._lowered.wait()
