"""Takes the prefix off the path before anything else sees it, for applications that are not at the root of their host.

What comes after it works as at the root: routes, signatures, request keys, limits, log lines. What writes URLs asks
``prefix_of``. Must never know who mounts the application.
"""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send

from pixmill.api.http.path_prefix import PathPrefix


class PathPrefixMiddleware:
    """Gives the application a scope of its own."""

    def __init__(self, app: ASGIApp, prefix: PathPrefix) -> None:
        self.app = app
        self._prefix = prefix

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        own = self._prefix.own_scope(scope) if scope["type"] == "http" else scope
        return self.app(own, receive, send)
