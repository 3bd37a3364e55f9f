"""Draining: rejects new requests while the server shuts down."""

from collections.abc import Awaitable, Callable, Container

from starlette.types import ASGIApp, Receive, Scope, Send

from pixmill.api.middleware.paths import MONITORING_PATHS
from pixmill.errors import Draining


class DrainMiddleware:
    """Rejects requests while ``is_draining()``; health and metrics are still answered."""

    def __init__(
        self, app: ASGIApp, is_draining: Callable[[], bool], exempt_paths: Container[str] = MONITORING_PATHS
    ) -> None:
        self.app = app
        self._is_draining = is_draining
        self._exempt_paths = exempt_paths

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if self._is_draining() and scope["type"] == "http" and scope["path"] not in self._exempt_paths:
            raise Draining
        return self.app(scope, receive, send)
