"""The service as an ASGI application: a part of another one (``create_app``), or run by any ASGI server (``app``).

``create_app`` takes settings from the program. ``pixmill.asgi:app`` takes them from the environment, when it starts.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from starlette.types import ASGIApp, Receive, Scope, Send

from pixmill.api.app import create_app as create_public_app
from pixmill.embedding.app import EmbeddedApp, serve_lifespan
from pixmill.embedding.settings import embedded_settings
from pixmill.settings import Settings, SettingsError, load
from pixmill.telemetry.logs import configure_logging
from pixmill.wiring import build_services

__all__ = ["EmbeddedApp", "SettingsError", "app", "create_app"]


def create_app(settings: Settings | Mapping[str, object] | None = None, /, **given: object) -> EmbeddedApp:
    """Return an application to mount in FastAPI, Starlette or Django: ``create_app(images="photos", keys=KEY)``.

    ``settings`` and ``given`` have the names of settings (``allowed_sources`` for PIXMILL_ALLOWED_SOURCES); what
    neither has comes from the environment and ``.env``. Nothing is started here: see ``EmbeddedApp.lifespan``. Raises
    SettingsError with all that is wrong.
    """
    return EmbeddedApp(embedded_settings(settings, given))


class Application:
    """The service alone in its process, run by a server that is not Pixmill's; opens nothing before the lifespan."""

    def __init__(self) -> None:
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await serve_lifespan(self._lifespan(), receive, send)
        elif self._app is None:
            raise RuntimeError(
                "pixmill.asgi:app needs a server that supports the lifespan protocol; to mount it, use create_app()"
            )
        else:
            await self._app(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self) -> AsyncIterator[None]:
        settings = load()
        if settings.admin_listen:
            raise SettingsError("PIXMILL_ADMIN_LISTEN works with `pixmill serve` only: here another server listens")
        if settings.process_count() > 1:
            raise SettingsError(
                "PIXMILL_PROCESSES works with `pixmill serve` only: set the workers of your ASGI server"
            )
        configure_logging(settings)
        async with build_services(settings) as services:
            self._app = create_public_app(services, has_root_path=True)
            yield


app = Application()
