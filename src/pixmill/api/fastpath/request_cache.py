"""Cache of parsed requests, byte for byte, with responses prepared for the current second.

The key is everything that the checks of a request look at, as raw bytes. Holds only requests that passed every check.
Must never know how a request is parsed.
"""

from dataclasses import dataclass, field
from functools import lru_cache

from starlette.types import Scope

from pixmill.api.fastpath.telemetry_batch import ResponseClass
from pixmill.api.http.path_prefix import PREFIX_KEY
from pixmill.api.middleware.guards import MAX_HEADER_BYTES, MAX_HOST_BYTES, is_host
from pixmill.dialects.port import READ_METHODS
from pixmill.dialects.registry import DialectMatch, DialectRegistry
from pixmill.plan.key import Key
from pixmill.plan.request import ImageRequest
from pixmill.ports.values import EntryMetadata
from pixmill.runtime.bounded import BoundedDict

MAX_CACHED_REQUESTS = 4_096
"""Beyond this the request that was parsed the longest ago is evicted."""

MAX_KEY_BYTES = 1_024
"""Longer request keys are not cached, so that clients cannot fill the memory with them: 4 MiB at most."""

RequestKey = tuple[bytes, bytes, bytes, bytes]
"""Path, query and Accept, as they came, and the host if a dialect is mounted on it."""

_is_host_cached = lru_cache(1_024)(is_host)
"""Takes no longer than ``MAX_HOST_BYTES`` each, so that clients cannot fill the memory with them."""

RawHeaders = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class RequestKeyReader:
    """Reads request keys.

    ``other_headers``, in lower case, are those besides Accept and Host that results depend on: the header that adds
    tags, and client hints, if they are configured.
    """

    dialects: DialectRegistry
    other_headers: frozenset[bytes] = frozenset()

    def read(self, scope: Scope) -> tuple[RequestKey, bytes, bytes, bytes | None, bool]:
        """Return the request key, If-None-Match, If-Modified-Since, the requested id, and whether the head is valid.

        It is checked here as in ``guards.py``, where invalid ones are rejected.

        Takes one pass over the headers. Other headers are appended to Accept behind a NUL, which no header contains.
        """
        accept, if_none_match, if_modified_since, requested_id, host = b"", b"", b"", None, b""
        hosts, size = 0, 0
        for header, value in scope["headers"]:
            size += len(header) + len(value)
            if header == b"host":
                host = value
                hosts += 1
            elif header == b"accept":
                accept = accept + b"\n" + value if accept else value
            elif header == b"if-none-match":
                if_none_match = value
            elif header == b"if-modified-since":
                if_modified_since = value
            elif header == b"x-request-id" and requested_id is None:
                requested_id = value
            elif header in self.other_headers:
                accept += b"\0%b:%b" % (header, value)
        if PREFIX_KEY in scope:  # dialects may link to URLs below it
            accept += b"\0\0%b" % scope[PREFIX_KEY].encode()
        # Without mounted hosts every hit saves the call.
        known_host = self.dialects.known_host(host) if host and self.dialects.hosts else b""
        request_key = (scope["raw_path"], scope["query_string"], accept, known_host)
        is_valid = hosts == 1 and size <= MAX_HEADER_BYTES and len(host) <= MAX_HOST_BYTES and _is_host_cached(host)
        return request_key, if_none_match, if_modified_since, requested_id, is_valid

    def match(self, request_key: RequestKey) -> DialectMatch | None:
        """Return the match of a request key."""
        return self.dialects.match(request_key[3], request_key[0])


@dataclass(slots=True)
class PreparedResponse:
    """A response that is the same for all requests of one second, without its request id and an image.

    ``has_image``: its body is that of the entry.
    """

    response_class: ResponseClass
    headers: RawHeaders
    has_image: bool = False


@dataclass(slots=True)
class CachedRequest:
    """What a request means. ``responses``, by method, or 304, are made of the entry with ``meta`` in that ``second``.

    The entry itself is not kept: memory is freed when its tier evicts it.
    ``route`` is the label of its route, for metrics and logs; ``methods`` are those that it answers. ``adds_headers``
    is the match of a dialect with headers that depend on the original.
    """

    image_request: ImageRequest
    result_key: Key
    expires: int | None
    etag_prefix: str = ""
    route: str = ""
    adds_headers: DialectMatch | None = None
    methods: frozenset[str] = READ_METHODS
    meta: EntryMetadata | None = None
    second: int = 0
    responses: dict[str, PreparedResponse] = field(default_factory=dict)


class RequestCache:
    """Parsed requests by their key."""

    def __init__(self, reader: RequestKeyReader) -> None:
        self.reader = reader
        self._requests: BoundedDict[RequestKey, CachedRequest] = BoundedDict(MAX_CACHED_REQUESTS)

    def put(self, request_key: RequestKey, cached: CachedRequest) -> None:
        """Keep the meaning of a request that passed every check."""
        if sum(map(len, request_key)) <= MAX_KEY_BYTES:
            self._requests[request_key] = cached

    def get(self, request_key: RequestKey, now: float) -> CachedRequest | None:
        """Return a cached request whose signature has not expired."""
        cached = self._requests.get(request_key)
        if cached is None or (cached.expires is not None and now >= cached.expires):
            return None
        return cached
