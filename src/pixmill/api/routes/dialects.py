"""Routes derived from the dialect registry."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, request_response
from starlette.types import ASGIApp, Receive, Scope, Send

from pixmill.api.context import ApiContext
from pixmill.api.fastpath.request_cache import RequestKey
from pixmill.api.routes.images import get_image
from pixmill.api.routes.info import get_info
from pixmill.api.routes.srcset import get_srcset
from pixmill.api.routes.uploads import post_image, post_info
from pixmill.dialects.port import Endpoint
from pixmill.dialects.registry import DialectMatch
from pixmill.errors import MethodNotAllowed

Handler = Callable[[ApiContext, Request], Awaitable[Response]]

_HANDLERS: Final[dict[Endpoint, Handler]] = {
    Endpoint.IMAGE: get_image,
    Endpoint.FACTS: get_info,
    Endpoint.SRCSET: get_srcset,
}
_UPLOAD_HANDLERS: Final[dict[Endpoint, Handler]] = {Endpoint.IMAGE: post_image, Endpoint.FACTS: post_info}
_UPLOAD_METHOD: Final = "POST"


class DialectRoutes(BaseRoute):
    """Answers whatever a dialect of the registry matches; leaves the match in the scope."""

    def __init__(self, context: ApiContext) -> None:
        """``context`` is handed to every handler."""
        self._dialects = context.images.dialects
        self._endpoints: dict[Endpoint, ASGIApp] = {
            endpoint: request_response(partial(handler, context)) for endpoint, handler in _HANDLERS.items()
        }
        self._requests = context.images.request_cache.reader
        self._upload_endpoints: dict[Endpoint, ASGIApp] = {
            endpoint: request_response(partial(handler, context)) for endpoint, handler in _UPLOAD_HANDLERS.items()
        }

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http":
            return Match.NONE, {}
        match: DialectMatch | None = scope["dialect_match"] if "dialect_match" in scope else self._match(scope)
        if match is None:
            return Match.NONE, {}
        is_allowed = scope["method"] in match.route.methods
        return (Match.FULL if is_allowed else Match.PARTIAL), {"dialect_match": match}

    def _match(self, scope: Scope) -> DialectMatch | None:
        """Match a request that did not come by the fast path, such as an upload."""
        host = next((value for name, value in scope["headers"] if name == b"host"), b"")
        return self._dialects.match(self._dialects.known_host(host), scope["raw_path"])

    def _request_key_of(self, scope: Scope) -> RequestKey:
        """Return the key of a POST that is answered as a GET."""
        return self._requests.read(scope)[0]

    def handle(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:  # type: ignore[override]  # passed on
        match: DialectMatch = scope["dialect_match"]
        if scope["method"] not in match.route.methods:
            raise MethodNotAllowed
        is_upload = scope["method"] == _UPLOAD_METHOD and match.route.takes_body
        if "request_key" not in scope and not is_upload:
            scope["request_key"] = self._request_key_of(scope)
        endpoints = self._upload_endpoints if is_upload else self._endpoints
        return endpoints[match.route.endpoint](scope, receive, send)
