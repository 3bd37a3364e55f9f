"""Fast path: answers repeated requests from memory without parsing or checking them again.

Only the expiry of a signed URL, which time changes, is checked again. Under overload it also sheds load
(``load_shedder.py``). Results that are text are passed on: they are compressed (``compression.py``).

It is outermost, and does for its responses what the other middleware does for all others: request id and common
headers; metrics and log lines through ``telemetry_batch.py``. A response costs 40 microseconds in all, so every
call here shows.
"""

import time
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from pixmill.api.fastpath.load_shedder import LoadShedder, PreparedRejection
from pixmill.api.fastpath.request_cache import CachedRequest, PreparedResponse, RequestCache
from pixmill.api.fastpath.telemetry_batch import ResponseClass, TelemetryBatch
from pixmill.api.http.cache_headers import entity_tags, image_headers, not_modified_since
from pixmill.api.http.compression import COMPRESSIBLE_FORMATS
from pixmill.api.http.dialect_answers import result_headers
from pixmill.api.http.forwarded import ProxyNetwork
from pixmill.api.http.path_prefix import prefix_of
from pixmill.api.middleware.cors import COMMON_HEADERS
from pixmill.api.middleware.guards import InFlightRequests, identify_client
from pixmill.api.middleware.request_context import choose_request_id
from pixmill.api.middleware.response_body import ResponseBodies
from pixmill.api.middleware.telemetry import RequestTrace, access_fields, remote_address
from pixmill.errors import MemoryExhausted
from pixmill.plan.limits import LARGE_RESULT_BYTES
from pixmill.plan.request import Headers
from pixmill.ports.values import Hit
from pixmill.services.results.answer import CacheOutcome, ResizeResult
from pixmill.services.results.cache import ResultCache

_METHODS: Final = frozenset({"GET", "HEAD"})


def end_trace(trace: RequestTrace, scope: Scope, response_class: ResponseClass, raw_id: bytes, seconds: float) -> bytes:
    """End the trace of a response; return its ids for the log."""
    one = response_class
    trace.end(
        one.route, one.status, one.body_bytes, seconds, method=scope["method"], request_id=raw_id.decode("latin-1")
    )
    return trace.log_fields


class FastPathMiddleware:
    """Answers cached requests with fresh results from memory; sheds load; passes on the rest.

    Leaves the request key and the match of its dialect in the scope of what it passes on.
    """

    def __init__(
        self,
        app: ASGIApp,
        request_cache: RequestCache,
        results: ResultCache,
        load_shedder: LoadShedder,
        telemetry_batch: TelemetryBatch,
        *,
        response_bodies: ResponseBodies,
        in_flight: InFlightRequests,
        trusted_proxies: tuple[ProxyNetwork, ...] = (),
    ) -> None:
        self.app = app
        self._trusted_proxies = trusted_proxies
        self._load_shedder = load_shedder
        self._request_cache = request_cache
        self._results = results
        self._telemetry_batch = telemetry_batch
        self._response_bodies = response_bodies
        self._in_flight = in_flight
        self._request_metrics = telemetry_batch.request_metrics
        self._access_log = telemetry_batch.access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        if scope["type"] != "http" or scope["method"] not in _METHODS:
            await self.app(scope, receive, send)
            return
        now = time.time()
        request_key, if_none_match, if_modified_since, requested_id, is_valid = self._request_cache.reader.read(scope)
        cached = self._request_cache.get(request_key, now) if is_valid else None
        cached = cached if cached and scope["method"] in cached.methods else None
        hit = cached and self._results.peek_fresh(cached.result_key, cached.image_request.tags)
        if cached and hit and hit.entry.format not in COMPRESSIBLE_FORMATS:
            raw_id = choose_request_id(requested_id).encode()
            response = self._cached_response(scope, cached, hit, if_none_match, if_modified_since, now)
            body = hit.entry.body if response.has_image else b""
        else:
            match = self._request_cache.reader.match(request_key)
            identify_client(scope, self._trusted_proxies)  # whose share of the queue it would take
            rejection = self._load_shedder.rejection(request_key, match, scope["headers"], prefix_of(scope))
            if rejection is None:
                scope["request_key"], scope["dialect_match"] = request_key, match
                async with self._load_shedder.admit(request_key, match):
                    await self.app(scope, receive, send)
                return
            id_ = choose_request_id(requested_id)
            raw_id, body = id_.encode(), rejection.body(id_)
            response = self._rejection_response(scope, rejection, len(body))
            body = b"" if scope["method"] == "HEAD" else body
        if not await self._send(scope, receive, send, response, body, raw_id, started):
            scope["request_key"], scope["dialect_match"] = request_key, self._request_cache.reader.match(request_key)
            await self.app(scope, receive, send)

    async def _send(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        response: PreparedResponse,
        body: bytes,
        raw_id: bytes,
        started: float,
    ) -> bool:
        """Send the response; return False if there was no memory for it and nothing has been sent."""
        headers = [*response.headers, (b"x-request-id", raw_id)]
        start = {"type": "http.response.start", "status": response.response_class.status, "headers": headers}
        is_sent = True
        self._request_metrics.in_flight += 1
        try:
            if len(body) > LARGE_RESULT_BYTES:
                await self._in_flight.track(self._response_bodies.send(body, scope, receive, send, start))
            else:
                await send(start)
                await send({"type": "http.response.body", "body": body})
        except MemoryExhausted:
            is_sent = False
        finally:
            self._request_metrics.in_flight -= 1
            if is_sent:
                seconds, trace = time.perf_counter() - started, scope.get("trace")
                ids = end_trace(trace, scope, response.response_class, raw_id, seconds) if trace else b""
                self._telemetry_batch.add(
                    (response.response_class, remote_address(scope), raw_id, time.time(), seconds, ids)
                )
        return is_sent

    def _rejection_response(self, scope: Scope, rejection: PreparedRejection, size: int) -> PreparedResponse:
        headers = [*rejection.headers, (b"content-length", b"%d" % size), *COMMON_HEADERS]
        route = rejection.route
        body_bytes = 0 if scope["method"] == "HEAD" else size
        log_record = None
        if self._access_log:
            fields = access_fields(scope, route, rejection.status, "none", body_bytes, rejection.cache_status)
            log_record = self._access_log.format("warning", "request", fields | rejection.log_fields)
        return PreparedResponse(
            ResponseClass(route, rejection.status, "none", body_bytes, log_record, is_hit=False), headers
        )

    def _cached_response(
        self, scope: Scope, cached: CachedRequest, hit: Hit, if_none_match: bytes, if_modified_since: bytes, now: float
    ) -> PreparedResponse:
        second = int(now)
        if cached.meta is not hit.entry.meta or cached.second != second:
            cached.meta, cached.second = hit.entry.meta, second
            cached.responses.clear()
        if if_none_match:
            not_modified = if_none_match == hit.entry.meta.etag.encode() or hit.entry.meta.etag in entity_tags(
                if_none_match.decode("latin-1")
            )
        else:
            not_modified = bool(if_modified_since) and not_modified_since(
                hit.entry.meta, if_modified_since.decode("latin-1")
            )
        variant = "304" if not_modified else scope["method"]
        return cached.responses.get(variant) or cached.responses.setdefault(
            variant, self._prepare_response(scope, cached, hit, not_modified=not_modified)
        )

    def _prepare_response(
        self, scope: Scope, cached: CachedRequest, hit: Hit, *, not_modified: bool
    ) -> PreparedResponse:
        entry = hit.entry
        result = ResizeResult(entry.meta, CacheOutcome.HIT, None if not_modified else entry, hit.tier)
        own: Headers = ()
        if cached.adds_headers:
            own = result_headers(cached.adds_headers, scope["query_string"], entry.meta, prefix_of(scope))
        headers = image_headers(cached.image_request, result, cached.expires, cached.etag_prefix, own)
        raw_headers = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()] + COMMON_HEADERS
        status, format_name = (304, "none") if not_modified else (200, entry.format.value)
        has_image = not not_modified and scope["method"] != "HEAD"
        body_bytes = len(entry.body) if has_image else 0
        log_record = None
        if self._access_log:
            fields = access_fields(scope, cached.route, status, format_name, body_bytes, headers["cache-status"])
            log_record = self._access_log.format("info", "request", fields)
        return PreparedResponse(
            ResponseClass(cached.route, status, format_name, body_bytes, log_record, is_hit=True),
            raw_headers,
            has_image,
        )
