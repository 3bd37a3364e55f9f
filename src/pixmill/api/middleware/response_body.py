"""Sending of large response bodies: within the memory budget, in slices, and for a limited time.

An HTTP server copies what it is given and keeps it until the client has read it. So a large body stays one shared
object, of which each connection holds a window of a few slices: the next is sent when the server has taken the last.
Must never know what the bytes are.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pixmill.api.http.disconnect import wait_disconnect
from pixmill.plan.limits import LARGE_RESULT_BYTES
from pixmill.ports.observe import Event, Observer
from pixmill.runtime.memory_budget import MemoryBudget, MemoryReservation
from pixmill.runtime.tcp import Endpoints, reset_connections
from pixmill.services.singleflight import Flights

SLICE_BYTES: Final = 32 * 1024

WINDOW_BYTES: Final = 8 * SLICE_BYTES
"""Memory of a connection: a slice in Granian's queue, one that waits for it, up to 96 KiB in hyper, and the tasks."""

MAX_WAITING_BODIES: Final = 4
"""Bodies that wait for the budget are in memory already, so only few of them may."""

PRESSURE_MIN_RATE: Final = 64 * 1024
"""While the budget is exhausted, bodies that all of their clients read more slowly than this are given up."""

PRESSURE_GRACE_S: Final = 5.0

Deadline = Callable[[int], float]
"""From bytes sent to the time at which a response ends that is no further."""


@dataclass(slots=True, eq=False)
class _Transfer:
    """One body on its way to one client."""

    started: float
    sent_bytes: int = 0
    sending: "asyncio.Task[None] | None" = None
    abort_reason: str = ""

    def read_bytes(self) -> int:
        """Return a lower bound of what has left for the client."""
        return max(0, self.sent_bytes - WINDOW_BYTES)

    def is_slow(self, now: float) -> bool:
        age_s = now - self.started
        return age_s > PRESSURE_GRACE_S and self.read_bytes() < PRESSURE_MIN_RATE * age_s

    def abort(self, reason: str) -> None:
        self.abort_reason = self.abort_reason or reason
        if self.sending:
            self.sending.cancel()


class ResponseBodies:
    """The large bodies being sent. ``deadline`` returns the deadline of a response that starts at a time.

    All responses with the same ``bytes`` object share one reservation. While the budget is exhausted, ``reclaim``
    gives up the slowest.
    """

    def __init__(self, budget: MemoryBudget, deadline: Callable[[float], Deadline], observer: Observer) -> None:
        self._budget = budget
        self._deadline = deadline
        self._observer = observer
        self._reservations: Flights[int, MemoryReservation] = Flights(MemoryReservation.release)
        self._transfers: dict[int, set[_Transfer]] = {}
        self._sizes: dict[int, int] = {}
        self._waiting = 0
        self._to_reset: set[Endpoints] = set()
        self._resetting: asyncio.Task[None] | None = None

    async def send(self, body: bytes, scope: Scope, receive: Receive, send: Send, start: Message | None) -> None:
        """Send ``start`` and the body. Raises MemoryExhausted before anything is sent."""
        loop = asyncio.get_running_loop()
        transfer = _Transfer(loop.time())
        async with self._reserved(body), self._registered(body, transfer):
            if start:
                await send(start)
            if await self._run(transfer, body, receive, send):
                return
        self._observer.increment(Event.RESPONSE_ABORTED, reason=transfer.abort_reason)
        self._reset(scope)

    def reclaim(self, shortfall: int) -> None:
        """Abort slow transfers of whole bodies until they free this many bytes, the slowest first."""
        now = asyncio.get_running_loop().time()
        by_rate = sorted(
            self._transfers.items(), key=lambda item: max(one.read_bytes() / (now - one.started + 1) for one in item[1])
        )
        for body_id, transfers in by_rate:
            if shortfall <= 0:
                return
            if all(one.abort_reason or one.is_slow(now) for one in transfers):
                shortfall -= self._sizes[body_id] + len(transfers) * WINDOW_BYTES
                for one in transfers:
                    one.abort("memory")

    @asynccontextmanager
    async def _reserved(self, body: bytes) -> AsyncIterator[None]:
        """Hold the body, once for all who send it, and a window of its own."""
        window = self._budget.new_reservation()
        try:
            await window.reserve(WINDOW_BYTES)
            async with self._reservations.join(id(body), self._reserve, len(body)):
                yield
        finally:
            window.release()

    async def _reserve(self, size: int) -> MemoryReservation:
        reservation = self._budget.new_reservation()
        if reservation.try_reserve(size):
            return reservation
        if self._waiting >= MAX_WAITING_BODIES:
            raise self._budget.reject()
        self._waiting += 1
        try:
            await reservation.reserve(size)
        finally:
            self._waiting -= 1
        return reservation

    @asynccontextmanager
    async def _registered(self, body: bytes, transfer: _Transfer) -> AsyncIterator[None]:
        key = id(body)
        self._sizes[key] = len(body)
        transfers = self._transfers.setdefault(key, set())
        transfers.add(transfer)
        try:
            yield
        finally:
            transfers.discard(transfer)
            if not transfers:
                del self._transfers[key], self._sizes[key]

    async def _run(self, transfer: _Transfer, body: bytes, receive: Receive, send: Send) -> bool:
        """Send all slices; return False if the response was aborted. Ends when the client disconnects."""
        deadline_for = self._deadline(transfer.started)
        sending = transfer.sending = asyncio.ensure_future(_send_slices(transfer, body, send))
        disconnect = asyncio.ensure_future(wait_disconnect(receive))
        try:
            while not (sending.done() or disconnect.done()):
                time_left_s = deadline_for(transfer.read_bytes()) - asyncio.get_running_loop().time()
                if time_left_s <= 0:
                    is_late = deadline_for(len(body)) <= asyncio.get_running_loop().time()
                    transfer.abort("timeout" if is_late else "rate")
                    break
                await asyncio.wait((sending, disconnect), timeout=time_left_s, return_when=asyncio.FIRST_COMPLETED)
            if sending.done() and not sending.cancelled():
                sending.result()
            return not transfer.abort_reason
        finally:
            sending.cancel()
            disconnect.cancel()

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


async def _send_slices(transfer: _Transfer, body: bytes, send: Send) -> None:
    size = len(body)
    for offset in range(0, size, SLICE_BYTES):
        end = offset + SLICE_BYTES
        await send({"type": "http.response.body", "body": body[offset:end], "more_body": end < size})
        transfer.sent_bytes = min(end, size)
        await asyncio.sleep(0)  # Granian takes slices of a client that has left at once: see first whether it has
