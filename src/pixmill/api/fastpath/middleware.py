"""The short way for a request that was answered before: nothing of its URL is read, checked or looked up twice.

Knows which requests, byte for byte, mean which picture. Only requests that passed every check are remembered, and only what the checks
looked at is part of their name: path, query, Accept and the header of tags. What time changes, the end of a signed URL, is looked at again.

In a rush (``rush.py``) it also refuses, at no more cost, what it does not know.

It stands before everything else, and does for its answers what ``middleware.py`` does for all others: id and common headers; counts
and log lines by way of ``books.py``.
What is the same in all answers of one second is made once. On an answer that costs 40 microseconds in all, every call here shows.
"""

import time
from dataclasses import dataclass, field
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from pixmill.api.fastpath.load_shedder import LoadShedder, PreparedRejection, RequestKey
from pixmill.api.fastpath.telemetry_batch import ResponseClass, TelemetryBatch
from pixmill.api.http.cache_headers import entity_tags, not_modified_since
from pixmill.api.http.image_headers import image_headers
from pixmill.api.middleware.request_context import (
    COMMON_HEADERS,
    access_fields,
    choose_request_id,
    remote_address,
    route_template,
)
from pixmill.plan.key import Key
from pixmill.plan.request import ImageRequest
from pixmill.ports.values import Entry, Hit
from pixmill.services.results.answer import CacheOutcome, ResizeResult
from pixmill.services.results.cache import ResultCache
from pixmill.services.results.revalidation import metadata_of

MAX_CACHED_REQUESTS = 4_096
"""When so many are known, all are forgotten: reading them again costs each one a few microseconds, once."""

MAX_KEY_BYTES = 1_024
"""Requests whose path, query and Accept are longer together are not remembered, so that strangers cannot fill the memory with them: 4 MiB at the most."""

_METHODS: Final = frozenset({"GET", "HEAD"})

RawHeaders = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class PreparedResponse:
    """What is the same in all answers of one second to a request."""

    response_class: ResponseClass
    headers: RawHeaders
    body: bytes


@dataclass(slots=True)
class CachedRequest:
    """What a request means. ``replies``, by method, or 304 when the client has the bytes, are made of ``entry`` in that ``second``."""

    image_request: ImageRequest
    result_key: Key
    expires: int | None
    route: str
    entry: Entry | None = None
    second: int = 0
    responses: dict[str, PreparedResponse] = field(default_factory=dict)


class RequestCache:
    """The requests that are known."""

    def __init__(self, tag_header: str = "") -> None:
        self.tag_header = tag_header.lower().encode()
        self._requests: dict[RequestKey, CachedRequest] = {}

    def put(
        self, scope: Scope, request_key: RequestKey, image_request: ImageRequest, result_key: Key, expires: int | None
    ) -> None:
        """Keep what a request that was answered means."""
        if sum(map(len, request_key)) > MAX_KEY_BYTES:
            return
        if len(self._requests) >= MAX_CACHED_REQUESTS:
            self._requests.clear()
        self._requests[request_key] = CachedRequest(image_request, result_key, expires, route_template(scope))

    def get(self, request_key: RequestKey, now: float) -> CachedRequest | None:
        """What a request means that is still good; None when it has to be read."""
        cached = self._requests.get(request_key)
        if cached is None or (cached.expires is not None and now >= cached.expires):
            return None
        return cached


class FastPathMiddleware:
    """Answers familiar requests with what memory has fresh, refuses in a rush what would be refused anyway; sends all others on."""

    def __init__(
        self,
        app: ASGIApp,
        request_cache: RequestCache,
        results: ResultCache,
        load_shedder: LoadShedder,
        telemetry_batch: TelemetryBatch,
    ) -> None:
        self.app = app
        self._load_shedder = load_shedder
        self._request_cache = request_cache
        self._results = results
        self._telemetry_batch = telemetry_batch
        self._request_metrics = telemetry_batch.request_metrics
        self._access_log = telemetry_batch.access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        if scope["type"] != "http" or scope["method"] not in _METHODS:
            await self.app(scope, receive, send)
            return
        now = time.time()
        request_key, if_none_match, if_modified_since, requested_id = read_request_key(
            scope, self._request_cache.tag_header
        )
        cached = self._request_cache.get(request_key, now)
        hit = cached and self._results.peek_fresh(cached.result_key, cached.image_request.tags)
        if cached and hit:
            response, id_ = (
                self._cached_response(scope, cached, hit, if_none_match, if_modified_since, now),
                choose_request_id(requested_id),
            )
        elif rejection := self._load_shedder.rejection(request_key):
            response = self._rejection_response(scope, rejection, id_ := choose_request_id(requested_id))
        else:
            async with self._load_shedder.admit(request_key):
                await self.app(scope, receive, send)
            return
        raw_id = id_.encode()
        self._request_metrics.in_flight += 1
        try:
            headers = [*response.headers, (b"x-request-id", raw_id)]
            await send({"type": "http.response.start", "status": response.response_class.status, "headers": headers})
            await send({"type": "http.response.body", "body": response.body})
        finally:
            self._request_metrics.in_flight -= 1
            seconds = time.perf_counter() - started
            self._telemetry_batch.add((response.response_class, remote_address(scope), raw_id, now + seconds, seconds))

    def _rejection_response(self, scope: Scope, rejection: PreparedRejection, id_: str) -> PreparedResponse:
        body = rejection.body(id_)
        headers = [*rejection.headers, (b"content-length", b"%d" % len(body)), *COMMON_HEADERS]
        route = scope["raw_path"].decode()
        body = b"" if scope["method"] == "HEAD" else body
        log_record = None
        if self._access_log:
            fields = access_fields(scope, route, rejection.status, "none", len(body), rejection.cache_status)
            log_record = self._access_log.format("warning", "request", fields | rejection.log_fields)
        return PreparedResponse(
            ResponseClass(route, rejection.status, "none", len(body), log_record, is_hit=False), headers, body
        )

    def _cached_response(
        self, scope: Scope, cached: CachedRequest, hit: Hit, if_none_match: bytes, if_modified_since: bytes, now: float
    ) -> PreparedResponse:
        second = int(now)
        if cached.entry is not hit.entry or cached.second != second:
            cached.entry, cached.second = hit.entry, second
            cached.responses.clear()
        if if_none_match:
            not_modified = if_none_match == hit.entry.etag.encode() or hit.entry.etag in entity_tags(
                if_none_match.decode("latin-1")
            )
        else:
            not_modified = bool(if_modified_since) and not_modified_since(
                hit.entry, if_modified_since.decode("latin-1")
            )
        variant = "304" if not_modified else scope["method"]
        return cached.responses.get(variant) or cached.responses.setdefault(
            variant, self._prepare_response(scope, cached, hit, not_modified=not_modified)
        )

    def _prepare_response(
        self, scope: Scope, cached: CachedRequest, hit: Hit, *, not_modified: bool
    ) -> PreparedResponse:
        entry = hit.entry
        result = ResizeResult(metadata_of(entry) if not_modified else entry, CacheOutcome.HIT, hit.tier)
        headers = image_headers(cached.image_request, result, cached.expires)
        raw_headers = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()] + COMMON_HEADERS
        status, format_name = (304, "none") if not_modified else (200, entry.format.value)
        body = b"" if not_modified or scope["method"] == "HEAD" else entry.body
        log_record = None
        if self._access_log:
            fields = access_fields(scope, cached.route, status, format_name, len(body), headers["cache-status"])
            log_record = self._access_log.format("info", "request", fields)
        return PreparedResponse(
            ResponseClass(cached.route, status, format_name, len(body), log_record, is_hit=True), raw_headers, body
        )


def read_request_key(scope: Scope, tag_header: bytes) -> tuple[RequestKey, bytes, bytes, bytes | None]:
    """The name of a request, its If-None-Match, its If-Modified-Since and the id that it asks for, in one pass over the headers.

    With Accept goes the header that adds tags, where there is one: behind a NUL, which no header has.
    """
    accept, if_none_match, if_modified_since, requested_id = b"", b"", b"", None
    for header, value in scope["headers"]:
        if header == b"accept":
            accept = accept + b"\n" + value if accept else value
        elif header == b"if-none-match":
            if_none_match = value
        elif header == b"if-modified-since":
            if_modified_since = value
        elif header == b"x-request-id" and requested_id is None:
            requested_id = value
        elif header == tag_header:
            accept += b"\0" + value
    return (scope["raw_path"], scope["query_string"], accept), if_none_match, if_modified_since, requested_id
