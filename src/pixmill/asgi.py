"""``pixmill.asgi:app``, for any ASGI server: settings from the environment, opened and closed by the lifespan protocol."""

from starlette.types import ASGIApp, Receive, Scope, Send

from pixmill.api.app import create_app
from pixmill.settings import Settings, SettingsError, load
from pixmill.telemetry.logs import configure_logging
from pixmill.wiring import build_services


class Application:
    """The service as one ASGI callable; nothing is opened before the server says that it starts."""

    def __init__(self) -> None:
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._run_lifespan(receive, send)
        elif self._app is None:
            raise RuntimeError("pixmill.asgi needs a server that speaks the lifespan protocol")
        else:
            await self._app(scope, receive, send)

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
        raise SettingsError("PIXMILL_ADMIN_LISTEN is for `pixmill serve`: here another server listens")
    return settings


app = Application()
