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

UNWATCHED_S: Final = 0.05
"""Work that takes no longer is done to its end: to listen for a client that leaves costs a quarter of a millisecond."""


async def while_connected(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """The result of ``work``; raises ClientDisconnect, and cancels it, if it takes long and the client has gone."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait((task,), timeout=UNWATCHED_S)
        return task.result() if task.done() else await _watched(receive, task)
    finally:
        task.cancel()


async def _watched(receive: Receive, task: "asyncio.Future[T]") -> T:
    gone = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ClientDisconnect
    finally:
        gone.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class UnderWay:
    """The requests that are being answered, so that they can be ended all at once when the server must end."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ended = False

    def end(self) -> int:
        """Let each raise Draining where it stands; how many there were."""
        self._ended = True
        for task in self._tasks:
            task.cancel()
        return len(self._tasks)

    async def during(self, work: Awaitable[None]) -> None:
        """Await ``work`` in the task of its request."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a request is answered outside of any task")
        self._tasks.add(task)
        try:
            await work
        except asyncio.CancelledError:
            if not self._ended:
                raise
            raise Draining from None
        finally:
            self._tasks.discard(task)


class Endable:
    """Middleware that keeps each request among those under way."""

    def __init__(self, app: ASGIApp, under_way: UnderWay) -> None:
        self.app = app
        self._under_way = under_way

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._under_way.during(self.app(scope, receive, send))
