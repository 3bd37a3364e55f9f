"""Work that may have to end early: because its client has left, or because the server must.

Knows ASGI messages and tasks; must never know what the work is.
"""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any, Final, TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from pixmill.errors import Draining

T = TypeVar("T")

DISCONNECT_CHECK_DELAY_S: Final = 0.05
"""Work that takes no longer is done to its end: to listen for a client that leaves costs a quarter of a millisecond."""


async def cancel_on_disconnect(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """The result of ``work``; raises ClientDisconnect, and cancels it, if it takes long and the client has gone."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait((task,), timeout=DISCONNECT_CHECK_DELAY_S)
        return task.result() if task.done() else await _race_disconnect(receive, task)
    finally:
        task.cancel()


async def _race_disconnect(receive: Receive, task: "asyncio.Future[T]") -> T:
    disconnect = asyncio.ensure_future(_wait_disconnect(receive))
    try:
        await asyncio.wait((task, disconnect), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ClientDisconnect
    finally:
        disconnect.cancel()


async def _wait_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class InFlightRequests:
    """The requests that are being answered, so that they can be ended all at once when the server must end."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._cancelled = False

    def cancel_all(self) -> int:
        """Let each raise Draining where it stands; how many there were."""
        self._cancelled = True
        for task in self._tasks:
            task.cancel()
        return len(self._tasks)

    async def track(self, work: Awaitable[None]) -> None:
        """Await ``work`` in the task of its request."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a request is answered outside of any task")
        self._tasks.add(task)
        try:
            await work
        except asyncio.CancelledError:
            if not self._cancelled:
                raise
            raise Draining from None
        finally:
            self._tasks.discard(task)


class InFlightMiddleware:
    """Middleware that keeps each request among those under way."""

    def __init__(self, app: ASGIApp, requests: InFlightRequests) -> None:
        self.app = app
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._requests.track(self.app(scope, receive, send))
