"""CORS: the headers that every response carries, and preflight requests."""

from collections.abc import Awaitable
from typing import Final

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pixmill.api.middleware.paths import ADMIN_PREFIX

COMMON_HEADERS: Final = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"*"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"timing-allow-origin", b"*"),
    (b"x-content-type-options", b"nosniff"),
]
"""On every response, errors included: images are embedded by other origins, and must never be sniffed as scripts."""

SAME_ORIGIN_HEADERS: Final = [(name, value) for name, value in COMMON_HEADERS if b"origin" not in name]
"""On ``/admin``: no page of another origin may read these responses."""

PREFLIGHT_HEADERS: Final = {
    "access-control-allow-methods": "GET, HEAD, POST, OPTIONS",
    "access-control-allow-headers": "*",
    "access-control-max-age": "86400",
}


class CorsPreflightMiddleware:
    """Answers OPTIONS for any origin (Fetch standard, CORS-preflight), except below ``/admin``."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "http" and scope["method"] == "OPTIONS" and not scope["path"].startswith(ADMIN_PREFIX):
            return Response(status_code=204, headers=PREFLIGHT_HEADERS)(scope, receive, send)
        return self.app(scope, receive, send)
