"""Cache of parsed requests, byte for byte, with responses prepared for the current second.

Holds only requests that passed every check. Must never know how a request is parsed.
"""

from dataclasses import dataclass, field

from starlette.types import Scope

from pixmill.api.fastpath.request_key import RequestKey, RequestKeyReader
from pixmill.api.fastpath.telemetry_batch import ResponseClass
from pixmill.api.middleware.request_context import route_template
from pixmill.plan.key import Key
from pixmill.plan.request import ImageRequest
from pixmill.ports.values import Entry
from pixmill.runtime.bounded import BoundedDict

MAX_CACHED_REQUESTS = 4_096
"""Beyond this the request that was parsed the longest ago is evicted."""

MAX_KEY_BYTES = 1_024
"""Longer request keys are not cached, so that clients cannot fill the memory with them: 4 MiB at most."""

RawHeaders = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class PreparedResponse:
    """A response that is the same for all requests of one second, without its request id."""

    response_class: ResponseClass
    headers: RawHeaders
    body: bytes


@dataclass(slots=True)
class CachedRequest:
    """What a request means. ``responses``, by method, or 304, are made of ``entry`` in that ``second``."""

    image_request: ImageRequest
    result_key: Key
    expires: int | None
    etag_prefix: str = ""
    route: str = ""
    entry: Entry | None = None
    second: int = 0
    responses: dict[str, PreparedResponse] = field(default_factory=dict)


class RequestCache:
    """Parsed requests by their key."""

    def __init__(self, reader: RequestKeyReader) -> None:
        self.reader = reader
        self._requests: BoundedDict[RequestKey, CachedRequest] = BoundedDict(MAX_CACHED_REQUESTS)

    def put(self, scope: Scope, request_key: RequestKey, cached: CachedRequest) -> None:
        """Keep the meaning of a request that passed every check; its route is that of the scope."""
        if sum(map(len, request_key)) <= MAX_KEY_BYTES:
            cached.route = route_template(scope)
            self._requests[request_key] = cached

    def get(self, request_key: RequestKey, now: float) -> CachedRequest | None:
        """Return a cached request whose signature has not expired."""
        cached = self._requests.get(request_key)
        if cached is None or (cached.expires is not None and now >= cached.expires):
            return None
        return cached
