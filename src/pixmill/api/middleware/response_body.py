"""Sending of large response bodies: within the memory budget, in slices, and for a limited time.

An HTTP server copies what it is given and keeps it until the client has read it. So a large body stays one shared
object, of which each connection holds a window of a few slices: the next is sent when the server has taken the last.
Must never know what the bytes are.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pixmill.api.http.disconnect import DisconnectListener
from pixmill.errors import MemoryExhausted
from pixmill.plan.limits import LARGE_RESULT_BYTES
from pixmill.ports.observe import Event, Observer
from pixmill.runtime.memory_budget import MemoryBudget, MemoryReservation
from pixmill.runtime.tcp import Endpoints, reset_connections

SLICE_BYTES: Final = 64 * 1024
"""A slice costs some 30 microseconds of CPU. 128 KiB would halve that and double what a slow client holds."""

WINDOW_BYTES: Final = 7 * SLICE_BYTES
"""Memory of a connection, measured: hyper's buffer, a slice in Granian's queue, one that waits for it, the tasks."""

LISTEN_AFTER_BYTES: Final = 8 * SLICE_BYTES
"""Granian takes the slices of a client that has left at once; from here on, look first whether it has."""

LISTEN_AFTER_S: Final = 1.0
"""Nor does a send that waits end when the client leaves."""

MAX_WAITING_BODIES: Final = 4
"""Bodies that wait for the budget are in memory already, so only few of them may."""

PRESSURE_MIN_RATE: Final = 64 * 1024
"""While the budget is exhausted, bodies that all of their clients read more slowly than this are given up."""

PRESSURE_MAX_S: Final = 60.0
"""And those that would take longer than this: memory that is held costs a rate in proportion to it."""

PRESSURE_GRACE_S: Final = 5.0

Deadline = Callable[[int], float]
"""From bytes sent to the time at which a response ends that is no further."""


@dataclass(slots=True, eq=False)
class _Transfer:
    """One body on its way to one client."""

    started: float
    sent_bytes: int = 0
    timeout: asyncio.Timeout | None = None
    is_ended: bool = False
    abort_reason: str = ""

    def read_bytes(self) -> int:
        """Return a lower bound of what has left for the client."""
        return max(0, self.sent_bytes - WINDOW_BYTES)

    def rate(self, now: float) -> float:
        """Return a lower bound of the rate in bytes per second."""
        return self.read_bytes() / (now - self.started + 1)

    def is_slow(self, now: float, size: int = 0) -> bool:
        """Whether it must give way to others; ``size`` bytes are free when it does."""
        age_s = now - self.started
        min_rate = max(PRESSURE_MIN_RATE, size / PRESSURE_MAX_S)
        return age_s > PRESSURE_GRACE_S and self.read_bytes() < min_rate * age_s

    def abort(self, reason: str) -> None:
        self.abort_reason = self.abort_reason or reason
        self.end()

    def end(self) -> None:
        """Send no more; a send that waits is given up."""
        self.is_ended = True
        if self.timeout and not self.timeout.expired():
            self.timeout.reschedule(0)


@dataclass(slots=True, eq=False)
class _SharedBody:
    """One ``bytes`` object, and all who send it."""

    size: int
    reservation: MemoryReservation
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    rejections: int = 0
    transfers: set[_Transfer] = field(default_factory=set)

    def completion_rate(self, now: float) -> float:
        """Return the share of the body that the fastest of its clients reads in a second."""
        return max(one.rate(now) for one in self.transfers) / self.size


class ResponseBodies:
    """The large bodies being sent. ``deadline`` returns the deadline of a response that starts at a time.

    All responses with the same ``bytes`` object share one reservation. While the budget is exhausted, ``reclaim``
    gives up the slowest.
    """

    def __init__(self, budget: MemoryBudget, deadline: Callable[[float], Deadline], observer: Observer) -> None:
        self._budget = budget
        self._deadline = deadline
        self._observer = observer
        self._bodies: dict[int, _SharedBody] = {}
        self._waiting = 0
        self._start_lock = asyncio.Lock()
        self._to_reset: set[Endpoints] = set()
        self._resetting: asyncio.Task[None] | None = None

    async def send(self, body: bytes, scope: Scope, receive: Receive, send: Send, start: Message | None) -> None:
        """Send ``start`` and the body. Raises MemoryExhausted before anything is sent."""
        transfer = _Transfer(asyncio.get_running_loop().time())
        async with self._reserved(body, transfer):
            # One starts in each iteration of the event loop: hundreds at once do not hold up others.
            async with self._start_lock:
                await asyncio.sleep(0)
            if start:
                await send(start)
            await self._run(transfer, body, receive, send)
        if transfer.abort_reason:
            self._observer.increment(Event.RESPONSE_ABORTED, reason=transfer.abort_reason)
            self._reset(scope)

    def reclaim(self, shortfall: int) -> None:
        """Abort slow transfers until they free this many bytes: first those of whole bodies, the slowest first."""
        now = asyncio.get_running_loop().time()
        for body in sorted(self._bodies.values(), key=lambda one: one.completion_rate(now)):
            if shortfall <= 0:
                return
            if all(one.is_ended or one.is_slow(now, body.size) for one in body.transfers):
                shortfall -= body.size + _abort_all(body.transfers)
        self._reclaim_windows(shortfall, now)

    def _reclaim_windows(self, shortfall: int, now: float) -> None:
        """Abort slow transfers of bodies that a faster client keeps in memory."""
        slow = [
            one for body in self._bodies.values() for one in body.transfers if one.is_slow(now) and not one.is_ended
        ]
        count = max(0, -(-shortfall // WINDOW_BYTES))
        _abort_all(sorted(slow, key=lambda one: one.rate(now))[:count])

    @asynccontextmanager
    async def _reserved(self, body: bytes, transfer: _Transfer) -> AsyncIterator[None]:
        """Hold the body, once for all who send it, and a window of its own."""
        window = self._budget.new_reservation()
        shared = self._bodies.get(id(body)) or _SharedBody(len(body), self._budget.new_reservation())
        self._bodies[id(body)] = shared
        shared.transfers.add(transfer)
        try:
            await window.reserve(min(WINDOW_BYTES, len(body)))
            if not shared.reservation.try_reserve(shared.size):
                await self._wait_for_memory(shared)
            yield
        finally:
            shared.transfers.discard(transfer)  # first: to release memory may reclaim more
            if not shared.transfers:
                del self._bodies[id(body)]
                shared.reservation.release()
            window.release()

    async def _wait_for_memory(self, shared: _SharedBody) -> None:
        """Wait for the memory of the body; those who wait at the same time have one wait, and one outcome."""
        rejections = shared.rejections
        async with shared.lock:
            if self._waiting >= MAX_WAITING_BODIES or shared.rejections != rejections:
                raise self._budget.reject()
            self._waiting += 1
            try:
                await shared.reservation.reserve(shared.size)
            except MemoryExhausted:
                shared.rejections += 1
                raise
            finally:
                self._waiting -= 1

    async def _run(self, transfer: _Transfer, body: bytes, receive: Receive, send: Send) -> None:
        """Send all slices, until the transfer is aborted or the client disconnects."""
        deadline_for = self._deadline(transfer.started)
        try:
            async with asyncio.timeout_at(deadline_for(0)) as timeout:
                transfer.timeout = timeout
                await _send_slices(transfer, body, receive, send, deadline_for)
        except TimeoutError:
            if not timeout.expired():
                raise
            if not transfer.is_ended:
                is_late = deadline_for(len(body)) <= asyncio.get_running_loop().time()
                transfer.abort("timeout" if is_late else "rate")
        finally:
            transfer.timeout = None  # it cannot be changed any more, and the disconnect may be reported only now

    def _reset(self, scope: Scope) -> None:
        """Reset the connection, which would wait for its client for ever.

        Not with HTTP/2, where it may be a proxy's and carry the responses of others: there the stream ends.
        """
        client, server = scope.get("client"), scope.get("server")
        if not client or not server or not scope.get("http_version", "1.1").startswith("1"):
            return
        self._to_reset.add(Endpoints.of(server[1], client[0], client[1]))
        if self._resetting is None or self._resetting.done():
            self._resetting = asyncio.ensure_future(self._reset_all())

    async def _reset_all(self) -> None:
        """Reset connections in a thread, many at a time: finding them takes milliseconds."""
        while self._to_reset:
            endpoints, self._to_reset = self._to_reset, set()
            try:
                await asyncio.to_thread(reset_connections, endpoints)
            except OSError:  # to list them takes a descriptor, and none is free: with the next ones
                self._to_reset |= endpoints
                return


class ResponseBodyMiddleware:
    """Sends large bodies through ``ResponseBodies``; passes on all others."""

    def __init__(self, app: ASGIApp, bodies: ResponseBodies) -> None:
        self.app = app
        self._bodies = bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start: Message | None = None

        async def send_within_limits(message: Message) -> None:
            """Hold the start back until the size of the body is known: there may be no memory for it."""
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            held_start, start = start, None
            body = message.get("body", b"")
            if len(body) > LARGE_RESULT_BYTES and not message.get("more_body"):
                await self._bodies.send(body, scope, receive, send, held_start)
                return
            if held_start:
                await send(held_start)
            await send(message)

        await self.app(scope, receive, send_within_limits)


def _abort_all(transfers: Collection[_Transfer]) -> int:
    """Abort them; return the bytes of their windows."""
    for one in transfers:
        one.abort("memory")
    return len(transfers) * WINDOW_BYTES


async def _send_slices(transfer: _Transfer, body: bytes, receive: Receive, send: Send, deadline_for: Deadline) -> None:
    size = len(body)
    listener = DisconnectListener(receive, transfer.end, LISTEN_AFTER_S)
    try:
        for offset in range(0, size, SLICE_BYTES):
            end = min(offset + SLICE_BYTES, size)
            await send({"type": "http.response.body", "body": body[offset:end], "more_body": end < size})
            transfer.sent_bytes = end
            if end >= LISTEN_AFTER_BYTES:
                listener.start()
                await asyncio.sleep(0)
            if transfer.is_ended or transfer.timeout is None:
                return
            transfer.timeout.reschedule(deadline_for(transfer.read_bytes()))
    finally:
        listener.close()
