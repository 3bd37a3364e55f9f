"""Bounds look-ups in progress: in all, and by a share for each registrable domain and each client.

Knows domains, clients and counts. Must never know names, nor how they are resolved.
"""

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from pixmill.errors import SourceBusy
from pixmill.runtime.wait_queue import WaitQueue

MAX_QUEUED_PER_DOMAIN: Final = 64
MAX_QUEUED: Final = 1024
FREE_SHARE: Final = 32
"""A domain may have a 32nd of what is free, so that a few domains never take all of it (dynamic thresholds: Choudhury
and Hahne, "Dynamic queue length thresholds for shared-memory packet switches", 1998)."""

CLIENT_THRESHOLD: Final = 4
"""A client may have four times as many look-ups as are free: alone four fifths of them, in any number of domains."""

_RETRY_AFTER_S: Final = 2.0


@dataclass(eq=False, slots=True)
class _DomainState:
    """A domain with look-ups in progress or queued."""

    in_flight: int = 0
    queue: WaitQueue[Hashable] = field(default_factory=WaitQueue)


class LookupShares:
    """Grants look-ups; those of a domain in the order in which they came."""

    def __init__(self, max_lookups: int, max_per_domain: int) -> None:
        self.in_flight = 0
        self._queued = 0
        self._max_lookups = max_lookups
        self._max_per_domain = max_per_domain
        self._domains: dict[str, _DomainState] = {}
        self._clients: Counter[Hashable] = Counter()

    async def acquire(self, domain: str, timeout_s: float, client: Hashable = None) -> None:
        """Wait until the domain has a look-up free. Raises SourceBusy, at once if too many wait or none is free.

        ``client`` is who wants it; None is not limited.
        """
        if client is not None and self._clients[client] >= CLIENT_THRESHOLD * (self._max_lookups - self.in_flight):
            raise SourceBusy(detail="look-ups of one client in progress", retry_after_s=_RETRY_AFTER_S)
        state = self._domains.get(domain) or self._domains.setdefault(domain, _DomainState())
        if not state.queue and state.in_flight < self._share():
            self._occupy(state, client)
            return
        if self.in_flight >= self._max_lookups or not state.in_flight:
            self._forget_if_idle(domain, state)
            raise SourceBusy(detail=f"{self.in_flight} look-ups of names in progress", retry_after_s=_RETRY_AFTER_S)
        if len(state.queue) >= MAX_QUEUED_PER_DOMAIN or self._queued >= MAX_QUEUED:
            raise SourceBusy(detail=f"{len(state.queue)} look-ups queued in {domain}", retry_after_s=_RETRY_AFTER_S)
        await self._wait(domain, state, timeout_s, client)

    async def _wait(self, domain: str, state: _DomainState, timeout_s: float, client: Hashable) -> None:
        self._queued += 1
        try:
            granted = await state.queue.wait(client, timeout_s, give_back=partial(self.release, domain))
        finally:
            self._queued -= 1
            self._forget_if_idle(domain, state)
        if not granted:
            raise SourceBusy(
                detail=f"{state.in_flight} look-ups in {domain} in progress for {timeout_s} s",
                retry_after_s=_RETRY_AFTER_S,
            )

    def release(self, domain: str, client: Hashable = None) -> None:
        """Give a look-up back; it goes to the next of the same domain, if that has a share."""
        state = self._domains[domain]
        state.in_flight -= 1
        self.in_flight -= 1
        self._clients[client] -= 1
        if not self._clients[client]:
            del self._clients[client]
        while state.queue and state.in_flight < self._share():
            self._occupy(state, state.queue.grant_first())
        self._forget_if_idle(domain, state)

    def _share(self) -> int:
        free = self._max_lookups - self.in_flight
        return min(self._max_per_domain, max(1, free // FREE_SHARE)) if free > 0 else 0

    def _occupy(self, state: _DomainState, client: Hashable) -> None:
        state.in_flight += 1
        self.in_flight += 1
        self._clients[client] += 1

    def _forget_if_idle(self, domain: str, state: _DomainState) -> None:
        if not state.in_flight and not state.queue:
            self._domains.pop(domain, None)
