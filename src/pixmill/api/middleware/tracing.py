"""Traces of requests: outermost, and there only while tracing is on.

Begins the trace of each request and leaves it in the scope, as ``trace``: the middleware that counts the request ends
it, and writes its ids into the log. Must never know a tracing library.
"""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from pixmill.api.middleware.paths import raw_path
from pixmill.api.middleware.telemetry import RequestTracer

UNTRACED_PATHS: Final = frozenset({"/health", "/health/live", "/health/ready", "/metrics"})
"""Probes and scrapes, every few seconds, would be most of the traces of an idle server."""


class TracingMiddleware:
    """Traces all requests but probes."""

    def __init__(self, app: ASGIApp, tracer: RequestTracer) -> None:
        self.app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in UNTRACED_PATHS:
            await self.app(scope, receive, send)
            return
        peer = scope["client"][0] if scope.get("client") else ""
        with self._tracer.begin(scope["method"], scope["headers"], peer) as trace:
            if trace.is_sampled:
                path, query = raw_path(scope), scope["query_string"]
                trace.describe(
                    scope["method"], path.decode("ascii", "backslashreplace"), query.decode("ascii", "backslashreplace")
                )
            scope["trace"] = trace
            await self.app(scope, receive, send)
