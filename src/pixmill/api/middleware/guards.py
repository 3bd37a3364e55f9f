"""The checks between error handling and routing: rate limit, draining, requests in flight, size limits, CORS preflight.

In the order of the stack in ``app.py``. Must never know what a request asks for.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Container, Hashable, Iterable
from contextlib import suppress
from typing import Final

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pixmill.api.http.forwarded import ProxyNetwork, client_address, throttle_key
from pixmill.api.middleware.cors import PREFLIGHT_HEADERS
from pixmill.api.middleware.paths import ADMIN_PREFIX, MONITORING_PATHS, raw_path
from pixmill.errors import Draining, HeadersTooLarge, MalformedRequest, RateLimited, RequestTooLarge
from pixmill.ports.observe import Event, Observer
from pixmill.runtime.client import CURRENT_CLIENT
from pixmill.runtime.rate_limiter import RateLimiter

MAX_HEADER_BYTES: Final = 32_768
"""Names and values of all headers together (431 above)."""

MAX_HOST_BYTES: Final = 261
"""A name of 255 bytes (RFC 1035 §3.1) and a port."""

_HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]+)(?::[0-9]*)?")
"""uri-host and port of RFC 3986 §3.2, not empty."""


def identify_client(scope: Scope, trusted_proxies: tuple[ProxyNetwork, ...]) -> Hashable:
    """Return the key of the client, and set ``CURRENT_CLIENT``."""
    if "client_key" not in scope:
        peer = scope["client"][0] if scope.get("client") else ""
        scope["client_key"] = throttle_key(client_address(peer, scope["headers"], trusted_proxies))
        CURRENT_CLIENT.set(scope["client_key"])
    key: Hashable = scope["client_key"]
    return key


class RateLimitMiddleware:
    """Sets ``CURRENT_CLIENT``, and rejects clients above their request rate. Health and metrics do not count.

    Without a ``limiter`` no rate is limited (GCRA). Byte-for-byte repeats that memory answers
    (``fastpath/middleware.py``) come before this and do not count: counting would cost as much as answering.
    """

    def __init__(
        self, app: ASGIApp, limiter: RateLimiter | None, trusted_proxies: tuple[ProxyNetwork, ...], observer: Observer
    ) -> None:
        self.app = app
        self._limiter = limiter
        self._trusted_proxies = trusted_proxies
        self._observer = observer

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "http" and scope["path"] not in MONITORING_PATHS:
            self._identify_and_check(scope)
        return self.app(scope, receive, send)

    def _identify_and_check(self, scope: Scope) -> None:
        client = identify_client(scope, self._trusted_proxies)
        retry_after_s = 0.0 if self._limiter is None else self._limiter.try_acquire(client)
        if retry_after_s:
            self._observer.increment(Event.REJECTED, reason="rate_limit")
            raise RateLimited(retry_after_s=retry_after_s)


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


class InFlightRequests:
    """The tasks that answer requests at this moment, so that they can be cancelled when the server must end."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()
        self._cancelled = False
        self._idle: asyncio.Event | None = None

    async def wait_idle(self, timeout_s: float) -> bool:
        """Return True when no request is in flight, False if there still is one after ``timeout_s``."""
        if self._tasks:
            self._idle = asyncio.Event()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), timeout_s)
        return not self._tasks

    def cancel_all(self) -> int:
        """Cancel all requests, each of which then raises Draining; return how many there were."""
        self._cancelled = True
        for task in self._tasks:
            task.cancel()
        return len(self._tasks)

    async def track(self, work: Awaitable[None]) -> None:
        """Await ``work`` in the task of its request."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a request is answered outside of any task")
        self._tasks.add(task)
        try:
            await work
        except asyncio.CancelledError:
            if not self._cancelled:
                raise
            raise Draining from None
        finally:
            self._tasks.discard(task)
            if self._idle is not None and not self._tasks:
                self._idle.set()


class InFlightMiddleware:
    """Registers each request as in flight."""

    def __init__(self, app: ASGIApp, requests: InFlightRequests) -> None:
        self.app = app
        self._requests = requests

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        return self._requests.track(self.app(scope, receive, send))


class RequestSizeMiddleware:
    """Rejects requests whose URL or headers exceed their limits, or without exactly one Host, before parsing them."""

    def __init__(self, app: ASGIApp, max_url_bytes: int, max_header_bytes: int = MAX_HEADER_BYTES) -> None:
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
        check_head(scope["headers"], scope.get("http_version", "1.1"), self._max_header_bytes)


class CorsPreflightMiddleware:
    """Answers OPTIONS for any origin (Fetch standard, CORS-preflight), except below ``/admin``."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "http" and scope["method"] == "OPTIONS" and not scope["path"].startswith(ADMIN_PREFIX):
            return Response(status_code=204, headers=PREFLIGHT_HEADERS)(scope, receive, send)
        return self.app(scope, receive, send)


def is_host(value: bytes) -> bool:
    """Whether a Host field names a host."""
    return len(value) <= MAX_HOST_BYTES and _HOST.fullmatch(value) is not None


def check_head(
    headers: Iterable[tuple[bytes, bytes]], http_version: str, max_header_bytes: int = MAX_HEADER_BYTES
) -> None:
    """Raise HeadersTooLarge, or MalformedRequest without exactly one Host (RFC 9112 §3.2).

    What the HTTP server itself rejects or repairs does not arrive here.
    """
    hosts, size = [], 0
    for name, value in headers:
        size += len(name) + len(value)
        if name == b"host":
            hosts.append(value)
    if size > max_header_bytes:
        raise HeadersTooLarge(f"All headers together may have at most {max_header_bytes} bytes")
    is_missing = not any(hosts)  # Granian adds an empty one
    if len(hosts) > 1 or (not is_missing and not is_host(hosts[0])) or (is_missing and http_version == "1.1"):
        raise MalformedRequest("A request has exactly one Host header, which names a host")
