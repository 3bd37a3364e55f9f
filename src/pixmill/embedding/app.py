"""The service as a part of another ASGI application: FastAPI, Starlette, Django.

It changes nothing of the process: no event loop, signal handler, logging, garbage collector or allocator setting. Must
never know which framework mounts it.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from pixmill.api.app import create_admin_app
from pixmill.api.app import create_app as create_public_app
from pixmill.api.http.problems import problem_response
from pixmill.api.middleware.request_context import choose_request_id
from pixmill.embedding.access_log import HostAccessLog
from pixmill.embedding.lifetime import Lifetime, RunningApps
from pixmill.errors import Draining
from pixmill.settings import Settings
from pixmill.wiring import build_services


class EmbeddedApp:
    """An ASGI application that answers requests for images below whatever path it is mounted at.

    Nothing is started when it is made. ``lifespan`` starts and ends it; without, its first request starts it, and the
    end of the event loop ends it. ``admin`` answers ``/metrics``, ``/health`` and ``/admin``: mount it where operators
    alone reach it.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings: Final = settings
        self._lifetime = Lifetime(self._open)
        self.admin: ASGIApp = _Endpoint(self._lifetime, lambda apps: apps.admin)
        self._images = _Endpoint(self._lifetime, lambda apps: apps.images)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await serve_lifespan(self.lifespan(), receive, send)
        else:
            await self._images(scope, receive, send)

    def lifespan(self, _app: object = None) -> AbstractAsyncContextManager[None]:
        """Return the context manager in which the application runs: ``async with images.lifespan():``.

        Frameworks take the method itself: ``FastAPI(lifespan=images.lifespan)``.
        """
        return self._lifetime.lifespan()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[RunningApps]:
        access_log = HostAccessLog() if self.settings.access_log else None
        async with build_services(self.settings, access_log=access_log) as context:
            yield RunningApps(
                create_public_app(context, has_root_path=True, has_admin_routes=False),
                create_admin_app(context, has_root_path=True),
                context.lifecycle,
                self.settings.drain_timeout_s,
            )


class _Endpoint:
    """One of the applications that services which run can answer with."""

    def __init__(self, lifetime: Lifetime, choose: Callable[[RunningApps], ASGIApp]) -> None:
        self._lifetime = lifetime
        self._choose = choose

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000, "reason": ""})
            return
        if scope["type"] != "http":
            raise ValueError(f"Pixmill answers HTTP, not {scope['type']}")
        try:
            apps = self._lifetime.running() or await self._lifetime.on_request()
        except Draining as error:
            response = problem_response(error, request_id=choose_request_id(None), head=scope["method"] == "HEAD")
            await response(scope, receive, send)
            return
        with structlog.contextvars.bound_contextvars(request_id=""):  # that of the host is back afterwards
            await self._choose(apps)(scope, receive, send)


async def serve_lifespan(lifespan: AbstractAsyncContextManager[None], receive: Receive, send: Send) -> None:
    """Run a block between the two events of the lifespan protocol of ASGI."""
    await receive()
    phase = "startup"
    try:
        async with lifespan:
            await send({"type": "lifespan.startup.complete"})
            phase = "shutdown"
            await receive()
    except Exception as error:
        await send({"type": f"lifespan.{phase}.failed", "message": str(error)})
        raise
    await send({"type": "lifespan.shutdown.complete"})
