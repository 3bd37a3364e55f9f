"""What every request passes on its way in and every answer on its way out. Pure ASGI, outermost first:

(What was asked before is answered before all this: ``familiar.py``.)

- ``Conversation`` gives the request its id, and the answer the headers that all have; tells the log and the metrics;
- ``Errors`` answers what was raised;
- ``Draining``, ``UrlLimit`` and ``Preflight`` turn requests away, or answer them, before any work.

``Conversation`` leaves an ``Exchange`` in the scope's state and wraps ``send`` in it once; the others only read it. On a
cached answer all of this together is a good part of the time, so it counts every call.
Must never know what a picture is, nor who counts and where the log goes.
"""

import itertools
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final, Protocol

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, ExceptionHandler, Message, Receive, Scope, Send

from pixmill.api.http.problems import SERVER_ERROR, problem_response, translate
from pixmill.errors import Draining as DrainingError
from pixmill.errors import (
    HeadersTooLarge,
    InternalError,
    MalformedRequest,
    MethodNotAllowed,
    PixmillError,
    RequestTooLarge,
    UploadTimeout,
)

CLIENT_CLOSED_REQUEST: Final = 499
"""In the log and the metrics only: the client went away before it was answered (nginx's number)."""

COMMON_HEADERS: Final = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"*"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"timing-allow-origin", b"*"),
    (b"x-content-type-options", b"nosniff"),
]
"""On everything, also on errors: pictures are made to be embedded elsewhere, and never to be taken for scripts."""

PREFLIGHT_HEADERS: Final = {
    "access-control-allow-methods": "GET, HEAD, POST, OPTIONS",
    "access-control-allow-headers": "*",
    "access-control-max-age": "86400",
}

MONITORING_PATHS: Final = ("/health", "/metrics")

_VALID_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_generated_ids = map(f"{secrets.token_hex(6)}-{{:x}}".format, itertools.count(1))
"""Ids unlike those of any other process; a counter costs a tenth of a random number."""


class RequestMetrics(Protocol):
    """Who counts requests."""

    in_flight: int
    """Whoever answers adds one for each request, and takes it away when that is over."""

    def record(self, route: str, status: int, format_name: str, body_bytes: int, durations_s: Sequence[float]) -> None:
        """Answers of a kind, with so many bytes each, as many as there are times that they took."""


AccessRecord = tuple[Any, str, bytes, float, float]
"""What was spelled, who asked (an address), the id of the request, when it ended (seconds since the epoch), how many seconds it took."""


class AccessLogger(Protocol):
    """Who writes down requests: one line each, at level ``info`` or ``warning``; keeps secrets to itself."""

    def format(self, level: str, event: str, fields: dict[str, object]) -> Any:
        """What the lines of all requests say that have these facts in common, for ``write``; None: nothing is to be written."""

    def write(self, records: Iterable[AccessRecord]) -> None:
        """The lines of some of them."""


ADMIN_PREFIX: Final = "/admin/"

SAME_ORIGIN_HEADERS: Final = [(name, value) for name, value in COMMON_HEADERS if b"origin" not in name]
"""No page of another origin may read these answers."""


class RequestContext:
    """One request, and what has been sent of its answer; ``status`` is 0 until that has begun. ``left``: the client went away before that."""

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
        """An ASGI ``send``. Not a coroutine itself: that would be one more for each message."""
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
        """A header of the answer, empty when it has none of this name (in lower case)."""
        return next((value.decode("latin-1") for name, value in self.headers if name == header_name), "")


class RequestContextMiddleware:
    """Opens and closes the exchange; the outermost middleware.

    A handler may leave the ``format`` of its answer in ``request.state``, for the log and the metrics.
    """

    def __init__(self, app: ASGIApp, request_metrics: RequestMetrics, access_log: AccessLogger | None = None) -> None:
        self.app = app
        self._request_metrics = request_metrics
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        common_headers = SAME_ORIGIN_HEADERS if is_admin_path(scope) else COMMON_HEADERS
        request_context = RequestContext(choose_request_id(_requested_id(scope)), send, common_headers)
        scope["state"] = {**scope.get("state", {}), "exchange": request_context}
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


def access_fields(
    scope: Scope, route: str, status: int, format_name: str, body_bytes: int, cache_status: str
) -> dict[str, object]:
    """What the log says of a request and its answer, but for what is new each time."""
    return {
        "method": scope["method"],
        "route": route,
        "path": raw_path(scope).decode("ascii", "backslashreplace"),
        "query": scope["query_string"].decode("ascii", "backslashreplace"),
        "status": status,
        "format": format_name,
        "bytes": body_bytes,
        "cache": cache_status,
    }


def remote_address(scope: Scope) -> str:
    """The address of who asks."""
    return scope["client"][0] if scope.get("client") else ""


def route_template(scope: Scope) -> str:
    """The template of the path, where there is one."""
    return getattr(scope.get("route"), "path", "none")


class ErrorMiddleware:
    """Answers what was raised with a problem document; nothing can be told any more once an answer has begun.

    A handler may leave in ``request.state.vary`` the ``Vary`` of the answer that it would have given.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._log = structlog.get_logger("api")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except ClientDisconnect:
            await self._handle_disconnect(scope, receive, send)
        except Exception as error:
            request_context: RequestContext = scope["state"]["exchange"]
            request_context.error = translate(error)
            if isinstance(request_context.error, InternalError):
                self._log.exception("request_failed", detail=request_context.error.detail)
            if request_context.status:
                raise  # the server breaks the connection, so that half a picture is not taken for a whole one
            await _problem_response(scope, request_context, request_context.error)(scope, receive, send)

    async def _handle_disconnect(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Somebody may be there still: a body that is not well formed looks as if the client had gone, and the server's own word for an
        answer that does not come is 500.
        """
        request_context: RequestContext = scope["state"]["exchange"]
        request_context.client_disconnected = not request_context.status
        if request_context.client_disconnected and scope["method"] == "POST":
            await _problem_response(scope, request_context, MalformedRequest("The request ends before its body does"))(
                scope, receive, send
            )


class DrainMiddleware:
    """Turns new requests away while ``draining()``; what operators ask is still answered."""

    def __init__(
        self, app: ASGIApp, is_draining: Callable[[], bool], exempt_paths: tuple[str, ...] = MONITORING_PATHS
    ) -> None:
        self.app = app
        self._is_draining = is_draining
        self._exempt_paths = exempt_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._is_draining() and scope["type"] == "http" and not scope["path"].startswith(self._exempt_paths):
            raise DrainingError
        await self.app(scope, receive, send)


class RequestSizeMiddleware:
    """Turns away URLs and headers that are longer than anybody needs, before they are read."""

    def __init__(self, app: ASGIApp, max_url_bytes: int, max_header_bytes: int = 32_768) -> None:
        self.app = app
        self._max_url_bytes = max_url_bytes
        self._max_header_bytes = max_header_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self._check(scope)
        await self.app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        if len(raw_path(scope)) + len(scope["query_string"]) > self._max_url_bytes:
            raise RequestTooLarge(f"Path and query may have at most {self._max_url_bytes} bytes")
        if sum(map(len, itertools.chain.from_iterable(scope["headers"]))) > self._max_header_bytes:
            raise HeadersTooLarge(f"All headers together may have at most {self._max_header_bytes} bytes")


class CorsPreflightMiddleware:
    """Answers OPTIONS: any page may ask (Fetch standard, CORS-preflight)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "OPTIONS" and not is_admin_path(scope):
            await Response(status_code=204, headers=PREFLIGHT_HEADERS)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


async def raise_translated(_request: Request, error: Exception) -> Response:
    """Starlette's own refusals, made ours, for ``Errors`` to answer."""
    raise translate(error) from error


EXCEPTION_HANDLERS: Final[dict[type[Exception], ExceptionHandler]] = {HTTPException: raise_translated}
"""For ``Starlette(exception_handlers=…)``, which would otherwise answer 404 and 405 in plain text."""


def is_admin_path(scope: Scope) -> bool:
    return bool(scope["path"].startswith(ADMIN_PREFIX))


def _problem_response(scope: Scope, request_context: RequestContext, error: PixmillError) -> Response:
    allow = ", ".join(_allowed_methods(scope)) if isinstance(error, MethodNotAllowed) else ""
    response = problem_response(
        error,
        request_id=request_context.id,
        vary=scope["state"].get("vary", ""),
        allow=allow,
        head=scope["method"] == "HEAD",
    )
    if isinstance(error, DrainingError | UploadTimeout) and scope.get("http_version", "1.1").startswith("1"):
        response.headers["connection"] = "close"  # HTTP/2 has no such header (RFC 9113 §8.2.2)
    return response


def _allowed_methods(scope: Scope) -> list[str]:
    """The methods of all the routes at this path; starlette tells those of the first one only."""
    routes: list[BaseRoute] = scope["router"].routes if "router" in scope else []
    methods = [getattr(route, "methods", None) or () for route in routes if route.matches(scope)[0] is not Match.NONE]
    return sorted({"OPTIONS"}.union(*methods))


def choose_request_id(requested_id: bytes | None) -> str:
    """The id that a client asks for if it is a sane one, else an own."""
    if requested_id is not None:
        text = requested_id.decode("latin-1")
        if _VALID_REQUEST_ID.fullmatch(text):
            return text
    return next(_generated_ids)


def _requested_id(scope: Scope) -> bytes | None:
    return next((value for name, value in scope["headers"] if name == b"x-request-id"), None)


def raw_path(scope: Scope) -> bytes:
    raw: bytes = scope.get("raw_path") or scope["path"].encode(errors="surrogateescape")
    return raw
