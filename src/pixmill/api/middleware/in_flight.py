"""Requests in flight, so that they can be cancelled when the server must end.

Must never know what they do.
"""

import asyncio
from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send

from pixmill.errors import Draining


class InFlightRequests:
    """The tasks that answer requests at this moment."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()
        self._cancelled = False

    def cancel_all(self) -> int:
        """Cancel all requests, each of which then raises Draining; return how many there were."""
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
    """Registers each request as in flight."""

    def __init__(self, app: ASGIApp, requests: InFlightRequests) -> None:
        self.app = app
        self._requests = requests

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        return self._requests.track(self.app(scope, receive, send))
