"""Ends an answer only when the work behind it is done, for platforms that freeze a process between requests.

Results and originals are stored behind the answer otherwise, and stale results refreshed: a process that is frozen at
the last byte would keep them in memory for the next request, or lose them.
"""

from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class AwaitedWorkMiddleware:
    """Outermost. Holds the last part of each answer back until ``finish`` returns, which bounds its own time."""

    def __init__(self, app: ASGIApp, finish: Callable[[], Awaitable[None]]) -> None:
        self.app = app
        self._finish = finish

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_when_done(message: Message) -> None:
            if message["type"] == "http.response.body" and not message.get("more_body"):
                await self._finish()
            await send(message)

        await self.app(scope, receive, send_when_done)
