"""How often each client may ask.

Must never know what is asked. Answers from memory to requests that are known byte for byte (``familiar.py``) come before this and do
not count: counting would cost as much as answering.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from pixmill.api.middleware import OPERATORS_PATHS
from pixmill.api.proxies import Network, bucket_of, client_of
from pixmill.errors import RateLimited
from pixmill.ports import Event, Observer
from pixmill.rates import Rates


class RateLimit:
    """Turns away clients who ask too often; what operators ask does not count."""

    def __init__(self, app: ASGIApp, rates: Rates, trusted: tuple[Network, ...], observer: Observer) -> None:
        self.app = app
        self._rates = rates
        self._trusted = trusted
        self._observer = observer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(OPERATORS_PATHS):
            self._count(scope)
        await self.app(scope, receive, send)

    def _count(self, scope: Scope) -> None:
        peer = scope["client"][0] if scope.get("client") else ""
        wait_s = self._rates.take(bucket_of(client_of(peer, scope["headers"], self._trusted)))
        if wait_s:
            self._observer.counted(Event.REFUSED, limit="client")
            raise RateLimited(retry_after_s=wait_s)
