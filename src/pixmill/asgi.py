"""``pixmill.asgi:app`` for any ASGI server.

Reads settings from the environment; the lifespan protocol starts and stops it.
"""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send

from pixmill.api.app import create_app
from pixmill.settings import Settings, SettingsError, load
from pixmill.telemetry.logs import configure_logging
from pixmill.wiring import build_services


class Application:
    """The service as an ASGI callable; opens nothing before the lifespan startup event."""

    def __init__(self) -> None:
        self._app: ASGIApp | None = None

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "lifespan":
            return self._run_lifespan(receive, send)
        if self._app is None:
            raise RuntimeError("pixmill.asgi needs a server that supports the lifespan protocol")
        return self._app(scope, receive, send)

    async def _run_lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            settings = _settings()
            configure_logging(settings)
            async with build_services(settings) as services:
                self._app = create_app(services)
                await send({"type": "lifespan.startup.complete"})
                await receive()
        except Exception as error:
            phase = "startup" if self._app is None else "shutdown"
            await send({"type": f"lifespan.{phase}.failed", "message": str(error)})
            raise
        await send({"type": "lifespan.shutdown.complete"})


def _settings() -> Settings:
    settings = load()
    if settings.admin_listen:
        raise SettingsError("PIXMILL_ADMIN_LISTEN works with `pixmill serve` only: here another server listens")
    return settings


app = Application()
