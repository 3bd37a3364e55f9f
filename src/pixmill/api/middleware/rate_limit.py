"""Identifies the client of a request, for all parts that share something out by client, and limits its rate (GCRA).

Must never know what is requested. Byte-for-byte repeats that memory answers (``fastpath/middleware.py``) come
before this and do not count: counting would cost as much as answering.
"""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send

from pixmill.api.http.forwarded import ProxyNetwork, client_address, throttle_key
from pixmill.api.middleware.paths import MONITORING_PATHS
from pixmill.errors import RateLimited
from pixmill.ports.observe import Event, Observer
from pixmill.runtime.client import CURRENT_CLIENT
from pixmill.runtime.rate_limiter import RateLimiter


class RateLimitMiddleware:
    """Sets ``CURRENT_CLIENT``, and rejects clients above their request rate. Health and metrics do not count.

    Without a ``limiter`` no rate is limited.
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
        peer = scope["client"][0] if scope.get("client") else ""
        client = throttle_key(client_address(peer, scope["headers"], self._trusted_proxies))
        CURRENT_CLIENT.set(client)
        retry_after_s = 0.0 if self._limiter is None else self._limiter.try_acquire(client)
        if retry_after_s:
            self._observer.increment(Event.REJECTED, reason="rate_limit")
            raise RateLimited(retry_after_s=retry_after_s)
