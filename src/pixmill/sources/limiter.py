"""Fair fetch limiter: bounds concurrent fetches, overall and per origin, and shares them out by site and by client.

Knows fetches by their keys, and how long they take. Must never know how anything is fetched.

A client that names any number of hosts (a wildcard domain) or addresses (an IPv6 prefix) must not take all slots. So a
site and a client may hold only a multiple of the slots that are still free (dynamic thresholds: Choudhury and Hahne,
IEEE/ACM Transactions on Networking 6(2), 1998): one alone gets most of them, and each newcomer finds some. A reserve
for origins that have answered well before bounds what many sites and many clients can take together.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeVar

from pixmill.errors import SourceBusy, SourceError, SourceTimeout, SourceUnreachable
from pixmill.runtime.bounded import BoundedDict
from pixmill.runtime.durations import MovingMean
from pixmill.runtime.wait_queue import WaitQueue
from pixmill.sources.config import SourcesConfig

MAX_SITE_QUEUE_SHARE: Final = 0.5
"""The share of the queue that one site may fill, so that one that stalls leaves room to the others."""

MAX_CLIENT_QUEUE_SHARE: Final = 0.75
"""More than that of a site: without ``PIXMILL_TRUSTED_PROXIES`` all clients of a proxy are one."""

SITE_THRESHOLD: Final = 2
"""A site may hold twice as many slots as are free: alone two thirds of them, as one of four 22 %."""

CLIENT_THRESHOLD: Final = 4
"""A client may hold four times as many slots as are free: alone four fifths of them."""

PROMPT_FETCH_S: Final = 5.0
"""A fetch that ends within this time shows that its site answers well."""

MAX_KNOWN_SITES: Final = 4_096
"""About 200 bytes each; the one that has proved itself the longest ago is forgotten."""

MAX_CREDIT: Final = 8
"""Prompt fetches that count, so that a site which begins to stall is found out soon."""

STALL_COST: Final = 4
"""Prompt fetches that one stalled fetch outweighs."""

K = TypeVar("K", bound=Hashable)


class FetchKey(NamedTuple):
    """The keys of one fetch. Work that no request has started has the client None."""

    origin: str
    """Scheme, host and port of a URL, a bucket, or the image root."""
    site: Hashable
    """All that one owner controls: a registrable domain, an IPv4 address, an IPv6 /64, a bucket, or the image root."""
    client: Hashable = None
    is_own: bool = False
    """Whether the origin is the image root, which nobody but the operator can make slow."""


class SiteReputation:
    """Which sites have answered well lately: a credit by site, bounded in number and in height."""

    def __init__(self) -> None:
        self._credit: BoundedDict[Hashable, int] = BoundedDict(MAX_KNOWN_SITES)

    def __len__(self) -> int:
        return len(self._credit)

    def is_proven(self, key: FetchKey) -> bool:
        return key.is_own or key.site in self._credit

    def record_prompt(self, key: FetchKey) -> None:
        if not key.is_own:
            self._credit[key.site] = min(self._credit.get(key.site, 0) + 1, MAX_CREDIT)

    def record_stall(self, key: FetchKey) -> None:
        credit = self._credit.pop(key.site, 0) - STALL_COST
        if credit > 0:
            self._credit[key.site] = credit


@dataclass(eq=False, slots=True)
class _Group:
    """The fetches of one origin, site or client. ``started_at`` holds the start of each, the oldest first."""

    in_flight: int = 0
    queued: int = 0
    started_at: dict[object, float] = field(default_factory=dict)
    durations: MovingMean = field(default_factory=lambda: MovingMean(window=16))

    def expected_fetch_s(self, now: float) -> float:
        """Return the expected fetch duration; one that stalls finishes none, so the age of the oldest counts."""
        return max(self.durations.mean_s, now - next(iter(self.started_at.values()), now))

    def expected_wait_s(self, concurrency: int, now: float) -> float:
        """Return the wait behind those that are queued, if ``concurrency`` fetches at a time are served."""
        return (self.queued // max(1, concurrency) + 1) * self.expected_fetch_s(now)


@dataclass(eq=False, slots=True)
class _Flow:
    """The queue of one key. ``is_proven`` and the groups are those of the key while anything of it is counted."""

    key: FetchKey
    origin: _Group
    site: _Group
    client: _Group
    is_proven: bool
    queue: "WaitQueue[_Flow]" = field(default_factory=WaitQueue)

    @property
    def groups(self) -> tuple[_Group, ...]:
        return self.origin, self.site, self.client


class Slot:
    """A slot that is held. ``key`` is that of the fetch which uses it."""

    __slots__ = ("_limiter", "flow", "key", "started", "token")

    def __init__(self, limiter: "FetchLimiter", flow: _Flow) -> None:
        self._limiter = limiter
        self.flow = flow
        self.key = flow.key
        self.token = object()
        self.started = 0.0

    async def move_to(self, key: FetchKey) -> None:
        """Exchange it for a slot of another origin, after a redirect. Raises SourceBusy, and then holds none."""
        if key.origin != self.key.origin:
            await self._limiter.exchange(self, key)


class FetchLimiter:
    """Grants a free slot to the waiting client that holds the fewest. ``on_rejected`` is called for each rejection."""

    def __init__(self, config: SourcesConfig, on_rejected: Callable[[], None]) -> None:
        self.in_flight = 0
        self.queued = 0
        self.reputation = SiteReputation()
        self._max_fetches = config.source_connections
        self._max_reserved = config.source_connections_reserved
        self._max_fetches_per_origin = config.source_connections_per_host
        self._max_queued = config.source_queue
        self._max_wait_s = config.source_queue_max_wait_s
        self._on_rejected = on_rejected
        self._proven_in_flight = 0
        self._proven_queued = 0
        self._origins: dict[str, _Group] = {}
        self._sites: dict[Hashable, _Group] = {}
        self._clients: dict[Hashable, _Group] = {}
        self._flows: dict[FetchKey, _Flow] = {}
        """Those with waiters; the one that was served the longest ago is the first."""

    @asynccontextmanager
    async def slot(self, key: FetchKey) -> AsyncIterator[Slot]:
        """Wait for a slot and hold it. Raises SourceBusy, at once if the expected wait is too long."""
        slot = Slot(self, await self._acquire(key))
        self._start_clock(slot)
        try:
            with self._judge(slot):
                yield slot
        finally:
            self._end(slot)

    async def exchange(self, slot: Slot, key: FetchKey) -> None:
        """Release the slot and acquire one of another key for it."""
        self._record_duration(slot)
        self._end(slot)
        slot.flow = await self._acquire(key)
        slot.key = key
        self._start_clock(slot)

    # ------------------------------------------------------------ how long, how well

    def _start_clock(self, slot: Slot) -> None:
        slot.started = asyncio.get_running_loop().time()
        for group in slot.flow.groups:
            group.started_at[slot.token] = slot.started

    @contextmanager
    def _judge(self, slot: Slot) -> Iterator[None]:
        """Record the duration of a fetch, also of one that fails, and whether its site answers well.

        One that is cancelled has no duration, but it stalled if nobody waited any longer.
        """
        try:
            yield
        except asyncio.CancelledError:
            if slot.started and not self._is_prompt(slot):
                self.reputation.record_stall(slot.key)
            raise
        except BaseException as error:
            self._record_outcome(slot, error)
            raise
        else:
            self._record_outcome(slot, None)

    def _record_outcome(self, slot: Slot, error: BaseException | None) -> None:
        if not slot.started:
            return  # the slot was lost in an exchange
        self._record_duration(slot)
        is_prompt, no_answer = self._is_prompt(slot), isinstance(error, SourceUnreachable)
        if isinstance(error, SourceTimeout) or (no_answer and not is_prompt):
            self.reputation.record_stall(slot.key)
        elif is_prompt and not no_answer and (error is None or isinstance(error, SourceError)):
            self.reputation.record_prompt(slot.key)

    def _is_prompt(self, slot: Slot) -> bool:
        return asyncio.get_running_loop().time() - slot.started <= PROMPT_FETCH_S

    def _record_duration(self, slot: Slot) -> None:
        seconds = asyncio.get_running_loop().time() - slot.started
        for group in slot.flow.groups:
            group.durations.record(seconds)

    # ------------------------------------------------------------ slots

    async def _acquire(self, key: FetchKey) -> _Flow:
        flow = self._flows.get(key) or self._new_flow(key)
        if not flow.queue and self._has_room(flow):
            self._occupy(flow)
            return flow
        try:
            self._check_queue(flow)
        except SourceBusy:
            self._forget_if_empty(flow)
            raise
        self._flows[key] = flow
        self._count_queued(flow, 1)
        if not await flow.queue.wait(flow, self._max_wait_s, give_back=self._release, withdrawn=self._leave_queue):
            raise self._rejection(self._max_wait_s)
        return flow

    def _new_flow(self, key: FetchKey) -> _Flow:
        return _Flow(
            key,
            self._origins.get(key.origin) or self._origins.setdefault(key.origin, _Group()),
            self._sites.get(key.site) or self._sites.setdefault(key.site, _Group()),
            self._clients.get(key.client) or self._clients.setdefault(key.client, _Group()),
            self.reputation.is_proven(key),
        )

    def _free_slots(self, flow: _Flow) -> int:
        """Return the slots that are free for this class. Proven fetches use the reserve first, then the others."""
        free = self._max_fetches + self._max_reserved - self.in_flight
        if flow.is_proven:
            return free
        unproven = self.in_flight - self._proven_in_flight
        return min(free, self._max_fetches - unproven)

    def _has_room(self, flow: _Flow) -> bool:
        free = self._free_slots(flow)
        return (
            flow.origin.in_flight < self._max_fetches_per_origin
            and flow.site.in_flight < SITE_THRESHOLD * free
            and (flow.key.client is None or flow.client.in_flight < CLIENT_THRESHOLD * free)
        )

    def _occupy(self, flow: _Flow) -> None:
        self._count_in_flight(flow, 1)

    def _count_in_flight(self, flow: _Flow, change: int) -> None:
        self.in_flight += change
        self._proven_in_flight += change * flow.is_proven
        for group in flow.groups:
            group.in_flight += change

    def _end(self, slot: Slot) -> None:
        """Release the slot, if it is held."""
        if not slot.started:
            return
        slot.started = 0.0
        for group in slot.flow.groups:
            del group.started_at[slot.token]
        self._release(slot.flow)

    def _release(self, flow: _Flow) -> None:
        """Return a slot; the next one goes to the waiter whose client, then whose site, holds the fewest."""
        self._count_in_flight(flow, -1)
        self._forget_if_empty(flow)
        while next_flow := min(filter(self._has_room, self._flows.values()), key=_held_slots, default=None):
            self._occupy(next_flow)
            del self._flows[next_flow.key]
            self._flows[next_flow.key] = next_flow
            next_flow.queue.grant_first()
            self._leave_queue(next_flow)

    # ------------------------------------------------------------ the queue

    def _check_queue(self, flow: _Flow) -> None:
        now = asyncio.get_running_loop().time()
        wait_s = 0.0
        if flow.origin.in_flight >= self._max_fetches_per_origin:
            wait_s = flow.origin.expected_wait_s(self._max_fetches_per_origin, now)
        elif flow.site.in_flight >= SITE_THRESHOLD * self._free_slots(flow):
            wait_s = flow.site.expected_wait_s(flow.site.in_flight, now)
        if self._is_queue_full(flow) or wait_s > self._max_wait_s:
            raise self._rejection(wait_s / 2)

    def _is_queue_full(self, flow: _Flow) -> bool:
        """Whether its class, its site or its client has filled its part: who stalls keeps no proven origin out."""
        queued = self._proven_queued if flow.is_proven else self.queued - self._proven_queued
        return (
            queued >= self._max_queued
            or flow.site.queued >= max(1, MAX_SITE_QUEUE_SHARE * self._max_queued)
            or (flow.key.client is not None and flow.client.queued >= max(1, MAX_CLIENT_QUEUE_SHARE * self._max_queued))
        )

    def _rejection(self, retry_after_s: float) -> SourceBusy:
        self._on_rejected()
        return SourceBusy(retry_after_s=retry_after_s or None)

    def _leave_queue(self, flow: _Flow) -> None:
        """Count one waiter less; a flow without waiters is forgotten."""
        self._count_queued(flow, -1)
        if not flow.queue:
            self._flows.pop(flow.key, None)
        self._forget_if_empty(flow)

    def _count_queued(self, flow: _Flow, change: int) -> None:
        self.queued += change
        self._proven_queued += change * flow.is_proven
        for group in flow.groups:
            group.queued += change

    def _forget_if_empty(self, flow: _Flow) -> None:
        _pop_if_empty(self._origins, flow.key.origin)
        _pop_if_empty(self._sites, flow.key.site)
        _pop_if_empty(self._clients, flow.key.client)


def _held_slots(flow: _Flow) -> tuple[int, int]:
    """Order flows; of those that are equal the first in the dictionary is taken."""
    return flow.client.in_flight, flow.site.in_flight


def _pop_if_empty(groups: dict[K, _Group], key: K) -> None:
    group = groups.get(key)
    if group is not None and not group.in_flight and not group.queued:
        del groups[key]
