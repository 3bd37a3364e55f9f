"""The outermost middlewares: request id, common headers, access log and request metrics; and errors as responses.

The first keeps a ``RequestContext`` in the scope's state and wraps ``send`` in it once; inner middlewares read it. The
second answers exceptions as the dialect of the request says, else with RFC 9457 problem documents, or as people see
errors in a browser. On a cached response
the middleware is a good part of the time, so every call counts: those with nothing to do after the response return the
inner application's awaitable instead of awaiting it. Must never know what an image is, nor who counts and where the log
goes.
"""

import itertools
import os
import re
import secrets
import time
from collections.abc import Awaitable, Iterator, Sequence
from typing import Final

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, ExceptionHandler, Message, Receive, Scope, Send

from pixmill.api.http.dialect_answers import own_error_response
from pixmill.api.http.error_display import NO_DISPLAY, ErrorDisplay, FailedRequest, readable_hint
from pixmill.api.http.error_form import ErrorForm
from pixmill.api.http.path_prefix import prefix_of
from pixmill.api.http.problems import SERVER_ERROR, problem_response, translate
from pixmill.api.middleware.cors import COMMON_HEADERS, SAME_ORIGIN_HEADERS
from pixmill.api.middleware.paths import ADMIN_PREFIX, raw_path
from pixmill.api.middleware.telemetry import (
    AccessLogger,
    RequestMetrics,
    RequestTrace,
    access_fields,
    remote_address,
)
from pixmill.dialects.catalogue import marked_services
from pixmill.dialects.factory import DIALECTS
from pixmill.dialects.port import Redirect
from pixmill.dialects.registry import DialectMatch
from pixmill.errors import (
    Draining,
    InternalError,
    MalformedRequest,
    MethodNotAllowed,
    PixmillError,
    RouteNotFound,
    UploadTimeout,
    release_frames,
)
from pixmill.runtime.event_log import EventLog

CLIENT_CLOSED_REQUEST: Final = 499
"""In the log and the metrics only: the client disconnected before the response began (nginx's number)."""

_VALID_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


def _generate_ids() -> Iterator[str]:
    """Return request ids unlike those of any other process; a counter costs a tenth of a random number."""
    return map(f"{secrets.token_hex(6)}-{{:x}}".format, itertools.count(1))


def _generate_new_ids() -> None:
    global _generated_ids  # noqa: PLW0603 - a fork must not repeat the ids of its parent
    _generated_ids = _generate_ids()


_generated_ids = _generate_ids()
os.register_at_fork(after_in_child=_generate_new_ids)


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

    def restrict_to_own_origin(self) -> None:
        """Let no page of another origin read the response."""
        self._common_headers = SAME_ORIGIN_HEADERS

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
        trace: RequestTrace | None = scope.get("trace")
        structlog.contextvars.bind_contextvars(request_id=request_context.id, **(trace.ids if trace else {}))
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
        trace: RequestTrace | None = scope.get("trace")
        if trace:
            trace.end(
                route,
                status,
                request_context.body_bytes,
                seconds,
                method=scope["method"],
                request_id=request_context.id,
                error_code=request_context.error.code if request_context.error else "",
            )
        error, request_context.error = request_context.error, None  # its traceback holds the request, which holds this
        if self._access_log:
            fields = access_fields(
                scope, route, status, format_name, request_context.body_bytes, request_context.header(b"cache-status")
            )
            if error:
                fields |= {"code": error.code, "detail": error.detail or error.message}
            formatted = self._access_log.format("warning" if status >= SERVER_ERROR else "info", "request", fields)
            if formatted is not None:
                ids = trace.log_fields if trace else b""
                self._access_log.write(
                    [(formatted, remote_address(scope), request_context.id.encode(), time.time(), seconds, ids)]
                )


class ErrorMiddleware:
    """Answers exceptions as the dialect says, unless the response has already begun.

    A handler may leave the ``Vary`` of its intended response in ``request.state.vary``.
    """

    def __init__(self, app: ASGIApp, display: ErrorDisplay = NO_DISPLAY) -> None:
        self.app = app
        self._display = display
        self._log = EventLog("api")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except ClientDisconnect as error:
            release_frames(error)
            await self._handle_disconnect(scope, receive, send)
        except Exception as error:
            request_context: RequestContext = scope["state"]["request_context"]
            request_context.error = translate(error)
            if isinstance(request_context.error, InternalError):
                self._log.exception("request_failed", detail=request_context.error.detail)
            if request_context.status:
                raise  # the server resets the connection, so that half an image is not taken for a whole one
            release_frames(error)
            release_frames(request_context.error)
            await _error_response(scope, request_context, request_context.error, self._display)(scope, receive, send)

    async def _handle_disconnect(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a POST all the same: a malformed body looks like a disconnect.

        Without a response Granian sends 500.
        """
        request_context: RequestContext = scope["state"]["request_context"]
        request_context.client_disconnected = not request_context.status
        if request_context.client_disconnected and scope["method"] == "POST":
            error = MalformedRequest("The request ends before its body does")
            await _error_response(scope, request_context, error, self._display)(scope, receive, send)


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


def _error_response(
    scope: Scope, request_context: RequestContext, error: PixmillError, display: ErrorDisplay
) -> Response:
    allow = ", ".join(_allowed_methods(scope)) if isinstance(error, MethodNotAllowed) else ""
    is_head = scope["method"] == "HEAD"
    hint = readable_hint(error, scope["headers"]) if display.is_development and error.hint else ""
    response = problem_response(
        error,
        request_id=request_context.id,
        vary=scope["state"].get("vary", ""),
        allow=allow,
        head=is_head,
        hint=hint,
    )
    match: DialectMatch | None = scope.get("dialect_match")
    answer = match.error_answer(error, response.status_code, scope["query_string"]) if match else None
    if answer:
        response = own_error_response(answer, response, head=is_head, prefix=prefix_of(scope))
    if display.is_on:
        form = ErrorForm.PROBLEM if isinstance(answer, Redirect) else display.form(scope["headers"])
        failed = FailedRequest(
            error,
            request_context.id,
            raw_path(scope),
            scope["query_string"],
            hint,
            prefix=prefix_of(scope),
            is_head=is_head,
        )
        response = display.show(form, failed, response)
    if isinstance(error, Draining | UploadTimeout) and scope.get("http_version", "1.1").startswith("1"):
        response.headers["connection"] = "close"  # HTTP/2 has no such header (RFC 9113 §8.2.2)
    return response


def _allowed_methods(scope: Scope) -> list[str]:
    """Return the methods of all routes at this path; starlette reports those of the first one only."""
    routes: list[BaseRoute] = scope["router"].routes if "router" in scope else []
    methods = {"OPTIONS"}
    for route in routes:
        match, child_scope = route.matches(scope)
        if match is not Match.NONE:
            dialect_match: DialectMatch | None = child_scope.get("dialect_match")
            methods |= set(dialect_match.route.methods if dialect_match else getattr(route, "methods", None) or ())
    return sorted(methods)


async def raise_translated(request: Request, error: Exception) -> Response:
    """Raise starlette's own errors as ours, for ``ErrorMiddleware`` to answer."""
    translated = translate(error)
    if isinstance(translated, RouteNotFound):
        raise _unknown_route(request.scope) from error
    raise translated from error


def _unknown_route(scope: Scope) -> RouteNotFound:
    """Return the error for a path that no dialect answers; it names those that would, if the URL bears their mark."""
    services = [
        one for one in marked_services(scope.get("raw_path") or b"", scope["query_string"]) if one.name in DIALECTS
    ]
    if not services:
        return RouteNotFound()
    names = ", ".join(f'"{service.name}"' for service in services)
    return RouteNotFound(
        f"Route not found. This is a URL of {services[0].title}: an entry of PIXMILL_DIALECTS with the dialect {names} "
        "answers it"
    )


EXCEPTION_HANDLERS: Final[dict[type[Exception], ExceptionHandler]] = {HTTPException: raise_translated}
"""For ``Starlette(exception_handlers=…)``, which would otherwise answer 404 and 405 in plain text."""
