"""Size limits of URL and headers, checked before either is parsed."""

import itertools
from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send

from pixmill.api.middleware.paths import raw_path
from pixmill.errors import HeadersTooLarge, RequestTooLarge


class RequestSizeMiddleware:
    """Rejects requests whose URL or headers exceed their limits."""

    def __init__(self, app: ASGIApp, max_url_bytes: int, max_header_bytes: int = 32_768) -> None:
        self.app = app
        self._max_url_bytes = max_url_bytes
        self._max_header_bytes = max_header_bytes

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "http":
            self._check(scope)
        return self.app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        if len(raw_path(scope)) + len(scope["query_string"]) > self._max_url_bytes:
            raise RequestTooLarge(f"Path and query may have at most {self._max_url_bytes} bytes")
        if sum(map(len, itertools.chain.from_iterable(scope["headers"]))) > self._max_header_bytes:
            raise HeadersTooLarge(f"All headers together may have at most {self._max_header_bytes} bytes")
