"""The outermost middleware: request id, common headers, access log and request metrics.

Keeps a ``RequestContext`` in the scope's state and wraps ``send`` in it once; inner middlewares read it. On a
cached response the middleware is a good part of the time, so every call counts: those with nothing to do after the
response return the inner application's awaitable instead of awaiting it. Must never know what an image is, nor who
counts and where the log goes.
"""

import itertools
import re
import secrets
import time
from collections.abc import Awaitable, Sequence
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pixmill.api.http.problems import SERVER_ERROR
from pixmill.api.middleware.cors import COMMON_HEADERS, SAME_ORIGIN_HEADERS
from pixmill.api.middleware.paths import ADMIN_PREFIX
from pixmill.api.middleware.telemetry import AccessLogger, RequestMetrics, access_fields, remote_address
from pixmill.dialects.registry import DialectMatch
from pixmill.errors import PixmillError

CLIENT_CLOSED_REQUEST: Final = 499
"""In the log and the metrics only: the client disconnected before the response began (nginx's number)."""

_VALID_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_generated_ids = map(f"{secrets.token_hex(6)}-{{:x}}".format, itertools.count(1))
"""Unlike those of any other process; a counter costs a tenth of a random number."""


class RequestContext:
    """One request and what has been sent of its response; ``status`` is 0 until that has begun.

    ``client_disconnected``: the client went away before the response began.
    """

    __slots__ = ("_common_headers", "_send", "body_bytes", "client_disconnected", "error", "headers", "id", "status")

    def __init__(
        self, request_id: str, send: Send, common_headers: Sequence[tuple[bytes, bytes]] = COMMON_HEADERS
    ) -> None:
        self._common_headers = common_headers
        self.id = request_id
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body_bytes = 0
        self.client_disconnected = False
        self.error: PixmillError | None = None
        self._send = send

    def send(self, message: Message) -> Awaitable[None]:
        """Record an ASGI message and pass it on. Not a coroutine itself: that would be one more per message."""
        message_type = message["type"]
        if message_type == "http.response.start":
            self.status = message["status"]
            self.headers = [*message.get("headers", ()), *self._common_headers, (b"x-request-id", self.id.encode())]
            message["headers"] = self.headers
        elif message_type == "http.response.body":
            self.body_bytes += len(message.get("body", b""))
        elif message_type == "http.response.pathsend":
            self.body_bytes = int(self.header(b"content-length") or 0)
        return self._send(message)

    def header(self, header_name: bytes) -> str:
        """Return a response header by its lower-case name, empty if there is none."""
        return next((value.decode("latin-1") for name, value in self.headers if name == header_name), "")


class RequestContextMiddleware:
    """Opens and closes the request context; logs and counts the response.

    A handler may leave the ``format`` of its response in ``request.state``, for the log and the metrics.
    """

    def __init__(self, app: ASGIApp, request_metrics: RequestMetrics, access_log: AccessLogger | None = None) -> None:
        self.app = app
        self._request_metrics = request_metrics
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        common_headers = SAME_ORIGIN_HEADERS if scope["path"].startswith(ADMIN_PREFIX) else COMMON_HEADERS
        request_context = RequestContext(choose_request_id(_requested_id(scope)), send, common_headers)
        scope["state"] = {**scope.get("state", {}), "request_context": request_context}
        structlog.contextvars.bind_contextvars(request_id=request_context.id)
        self._request_metrics.in_flight += 1
        started = time.perf_counter()
        try:
            await self.app(scope, receive, request_context.send)
        finally:
            self._finish(scope, request_context, time.perf_counter() - started)

    def _finish(self, scope: Scope, request_context: RequestContext, seconds: float) -> None:
        route = route_template(scope)
        status = (
            CLIENT_CLOSED_REQUEST
            if request_context.client_disconnected
            else request_context.status or CLIENT_CLOSED_REQUEST
        )
        format_name = scope["state"].get("format", "none")
        self._request_metrics.in_flight -= 1
        self._request_metrics.record(route, status, format_name, request_context.body_bytes, (seconds,))
        error, request_context.error = request_context.error, None  # its traceback holds the request, which holds this
        if self._access_log:
            fields = access_fields(
                scope, route, status, format_name, request_context.body_bytes, request_context.header(b"cache-status")
            )
            if error:
                fields |= {"code": error.code, "detail": error.detail or error.message}
            formatted = self._access_log.format("warning" if status >= SERVER_ERROR else "info", "request", fields)
            if formatted is not None:
                self._access_log.write(
                    [(formatted, remote_address(scope), request_context.id.encode(), time.time(), seconds)]
                )


def choose_request_id(requested_id: bytes | None) -> str:
    """Return the client's request id if it is well-formed, else a generated one."""
    if requested_id is not None:
        text = requested_id.decode("latin-1")
        if _VALID_REQUEST_ID.fullmatch(text):
            return text
    return next(_generated_ids)


def _requested_id(scope: Scope) -> bytes | None:
    return next((value for name, value in scope["headers"] if name == b"x-request-id"), None)


def route_template(scope: Scope) -> str:
    """Return the template of the matched route, for metrics and logs; ``none`` without a match."""
    match: DialectMatch | None = scope.get("dialect_match")
    return match.route.label if match else getattr(scope.get("route"), "path", "none")
