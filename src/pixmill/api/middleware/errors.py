"""Exceptions as responses: what the dialect of the request says, else RFC 9457 problem documents."""

from typing import Final

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, ExceptionHandler, Receive, Scope, Send

from pixmill.api.http.dialect_answers import own_error_response
from pixmill.api.http.problems import problem_response, translate
from pixmill.api.middleware.request_context import RequestContext
from pixmill.dialects.registry import DialectMatch
from pixmill.errors import (
    Draining,
    InternalError,
    MalformedRequest,
    MethodNotAllowed,
    PixmillError,
    UploadTimeout,
    release_frames,
)


class ErrorMiddleware:
    """Answers exceptions as the dialect says, unless the response has already begun.

    A handler may leave the ``Vary`` of its intended response in ``request.state.vary``.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._log = structlog.get_logger("api")

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
            await _error_response(scope, request_context, request_context.error)(scope, receive, send)

    async def _handle_disconnect(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a POST all the same: a malformed body looks like a disconnect.

        Without a response Granian sends 500.
        """
        request_context: RequestContext = scope["state"]["request_context"]
        request_context.client_disconnected = not request_context.status
        if request_context.client_disconnected and scope["method"] == "POST":
            await _error_response(scope, request_context, MalformedRequest("The request ends before its body does"))(
                scope, receive, send
            )


def _error_response(scope: Scope, request_context: RequestContext, error: PixmillError) -> Response:
    allow = ", ".join(_allowed_methods(scope)) if isinstance(error, MethodNotAllowed) else ""
    response = problem_response(
        error,
        request_id=request_context.id,
        vary=scope["state"].get("vary", ""),
        allow=allow,
        head=scope["method"] == "HEAD",
    )
    match: DialectMatch | None = scope.get("dialect_match")
    if match and (answer := match.error_answer(error, response.status_code, scope["query_string"])):
        response = own_error_response(answer, response, head=scope["method"] == "HEAD")
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


async def raise_translated(_request: Request, error: Exception) -> Response:
    """Raise starlette's own errors as ours, for ``ErrorMiddleware`` to answer."""
    raise translate(error) from error


EXCEPTION_HANDLERS: Final[dict[type[Exception], ExceptionHandler]] = {HTTPException: raise_translated}
"""For ``Starlette(exception_handlers=…)``, which would otherwise answer 404 and 405 in plain text."""
