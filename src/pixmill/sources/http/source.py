"""Fetches originals over HTTP: connect, follow redirects, stream into a spool.

Must never connect other than through ``connections``, where the address guard is.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Final

from aiohttp import ClientResponse, ClientSession
from aiohttp.helpers import is_ip_address
from yarl import URL

from pixmill.errors import (
    BadRequest,
    InternalError,
    SourceBadResponse,
    SourceTooLarge,
    TooManyRedirects,
    release_frames,
)
from pixmill.plan.freshness import CacheDirectives
from pixmill.plan.source import SourceRef, parse_redirect
from pixmill.ports.observe import NullObserver, Observer, TracingObserver, no_trace_headers
from pixmill.ports.values import Original, OriginalVersion
from pixmill.runtime.backoff import Backoff
from pixmill.runtime.memory_budget import UNLIMITED_BUDGET, MemoryBudget
from pixmill.runtime.spool import Spool
from pixmill.sources.config import SourcesConfig
from pixmill.sources.errors import translate_errors
from pixmill.sources.http.connections import open_session, stop_read_timeout
from pixmill.sources.http.content_encoding import decode_content
from pixmill.sources.http.errors import (
    HTTP_ERROR_TYPES,
    NOT_MODIFIED,
    REDIRECT_STATUSES,
    check_complete,
    check_received,
    is_complete,
    is_retryable,
)
from pixmill.sources.http.minimum_rate import MinimumRate
from pixmill.sources.http.origin_headers import (
    cache_directives,
    combined_field_value,
    conditional_headers,
    last_modified_s,
    purge_tags_from,
    validator_from,
)
from pixmill.sources.names.lookup import Lookup
from pixmill.sources.names.service import NameService

CheckSource = Callable[[SourceRef], None]
"""Raises SourceForbidden for a source that is not allowed."""

ChargeRedirect = Callable[[SourceRef], Awaitable[None]]
"""Counts the rest of a fetch for the origin that it was redirected to. Raises SourceBusy."""

_RETRY_BACKOFF: Final = Backoff(initial_s=0.05, max_s=5.0)
_DIGEST_ON_LOOP_BYTES: Final = 256 * 1024  # SHA-256 takes about a millisecond for this


def _allow_all(_ref: SourceRef) -> None:
    """Allow every source."""


async def _charge_nobody(_ref: SourceRef) -> None:
    """Limit no redirect."""


class HttpSource:
    """Fetches http(s) URLs. ``check_source`` checks redirect targets; ``lookup`` resolves names, in place of
    name servers.

    Redirects from https to http are followed: the headers of ``source_headers``, which may be secret, are chosen again
    for each request, and those of a pattern of https are not sent by http.
    """

    def __init__(
        self,
        config: SourcesConfig,
        check_source: CheckSource = _allow_all,
        lookup: Lookup | None = None,
        budget: MemoryBudget = UNLIMITED_BUDGET,
        charge_redirect: ChargeRedirect = _charge_nobody,
        observer: Observer | None = None,
    ) -> None:
        self._config = config
        self._request_headers = config.request_headers()
        self._charge_redirect = charge_redirect
        self._observer = observer or NullObserver()
        self._trace_headers = observer.trace_headers if isinstance(observer, TracingObserver) else no_trace_headers
        self._traced_origins = config.traced_origins()
        self._budget = budget
        self._check_source = check_source
        self._lookup = lookup
        self._names: NameService | None = None
        self._session: ClientSession | None = None

    async def open(self) -> None:
        """Create the connection pool, for the running event loop."""
        lookup = self._lookup
        if lookup is None:
            lookup = self._names = NameService(self._config, self._observer)
        self._session = open_session(self._config, lookup)

    async def close(self) -> None:
        """Close every connection; closing twice is harmless."""
        session, self._session = self._session, None
        names, self._names = self._names, None
        if session is not None:
            await session.close()
        if names is not None:
            await names.close()

    @property
    def lookups_in_flight(self) -> int:
        """Look-ups of host names in progress."""
        return self._names.lookups_in_flight if self._names else 0

    async def prepare(self, ref: SourceRef) -> None:
        """Look the host up, so that ``fetch`` has it at hand and does not hold its slot meanwhile.

        Raises SourceError. The addresses are checked by ``fetch``.
        """
        if self._names is None:
            return
        host = URL(ref.text, encoded=True).raw_host or ""
        if not is_ip_address(host):
            with translate_errors(HTTP_ERROR_TYPES):
                async with asyncio.timeout(self._config.source_connect_timeout_s):
                    await self._names(host)

    async def fetch(self, ref: SourceRef) -> Original:
        """Download into a spool that the caller closes. Raises SourceError, AddressForbidden, SourceForbidden."""
        async with self._open_response(ref, {}) as response:
            return await self._read_original(response)

    async def revalidate(self, ref: SourceRef, validator: str) -> Original | CacheDirectives:
        """Fetch with a conditional request; return directives if the validator still holds, without reading a body."""
        conditions = conditional_headers(validator)
        async with self._open_response(ref, conditions) as response:
            not_modified = response.status == NOT_MODIFIED and conditions
            if not_modified or (is_complete(response.status, response.headers) and _has_validator(response, validator)):
                return cache_directives(response.headers, response.status)
            return await self._read_original(response)

    @asynccontextmanager
    async def _open_response(self, ref: SourceRef, conditions: Mapping[str, str]) -> AsyncIterator[ClientResponse]:
        """Yield the first response that is no redirect; translate errors, also those of the block."""
        with translate_errors(HTTP_ERROR_TYPES):
            async with asyncio.timeout(self._config.source_timeout_s):
                async with await self._follow_redirects(ref, conditions) as response:
                    yield response

    async def _follow_redirects(self, ref: SourceRef, conditions: Mapping[str, str]) -> ClientResponse:
        """Send the condition with every request: a redirecting server must ignore it (RFC 9110 §13.2.1)."""
        visited = {ref.text}
        for _ in range(self._config.max_redirects + 1):
            response = await self._send_with_retries(ref.text, self._headers_for(ref, conditions))
            if response.status not in REDIRECT_STATUSES:
                return response
            response.release()
            ref = _redirect_target(ref, response)
            self._check_source(ref)
            if ref.text in visited:
                break
            visited.add(ref.text)
            await self._charge_redirect(ref)
        raise TooManyRedirects(detail=f"last to {ref.text}")

    def _headers_for(self, ref: SourceRef, conditions: Mapping[str, str]) -> Mapping[str, str]:
        """Return the condition with the operator's headers for this origin, and the trace if it receives that."""
        origins = self._traced_origins
        trace = {} if origins is None or not origins.allows(ref) else self._trace_headers()
        return {**self._request_headers.of(ref), **conditions, **trace}

    async def _send_with_retries(self, url: str, headers: Mapping[str, str]) -> ClientResponse:
        """Return a response, with retries after connection failures."""
        for attempt in range(self._config.source_retries):
            try:
                return await self._send_once(url, headers)
            except Exception as error:
                if not is_retryable(error):
                    raise
                release_frames(error)
            await asyncio.sleep(_RETRY_BACKOFF.delay_s(attempt))
        return await self._send_once(url, headers)

    async def _send_once(self, url: str, headers: Mapping[str, str]) -> ClientResponse:
        if self._session is None:
            raise InternalError(detail="the source is not open")
        async with asyncio.timeout(self._config.source_connect_timeout_s + self._config.source_idle_timeout_s):
            response = await self._session.get(URL(url, encoded=True), headers=headers, allow_redirects=False)
        stop_read_timeout(response)
        return response

    async def _read_original(self, response: ClientResponse) -> Original:
        check_complete(response.status, response.headers)
        if (response.content_length or 0) > self._config.max_source_bytes:
            raise SourceTooLarge(detail=f"Content-Length {response.content_length}")
        spool = Spool(self._config.max_source_bytes, reservation=self._budget.new_reservation())
        try:
            spool.expect(response.content_length or 0)
            await _stream_to_spool(response, spool, self._config)
            check_received(response.status, response.headers, spool.size)
            validator = validator_from(response.headers, spool.size) or await _digest(spool)
            tags = purge_tags_from(response.headers, self._config.source_tag_header)
            directives = cache_directives(response.headers, response.status)
            version = OriginalVersion(validator, directives, modified=last_modified_s(response.headers))
            return Original(spool, version, tags=tags)
        except BaseException:
            spool.close()
            raise


def _has_validator(response: ClientResponse, validator: str) -> bool:
    """Whether a response has the known body; by date only if it has a Content-Length."""
    size = response.content_length
    return validator_from(response.headers, -1 if size is None else size) == validator


def _redirect_target(ref: SourceRef, response: ClientResponse) -> SourceRef:
    location = response.headers.get("Location")
    if location is None:
        raise SourceBadResponse(detail=f"status {response.status} without Location")
    try:
        return parse_redirect(ref, location)
    except BadRequest as error:
        raise SourceBadResponse(detail=f"redirect to {location[:200]!r}: {error.message}") from error


async def _stream_to_spool(response: ClientResponse, spool: Spool, config: SourcesConfig) -> None:
    codings = combined_field_value(response.headers, "Content-Encoding")
    async with aclosing(decode_content(codings, _read_chunks(response, config), config.max_source_bytes)) as chunks:
        async for chunk in chunks:
            await spool.append(chunk)


async def _read_chunks(response: ClientResponse, config: SourcesConfig) -> AsyncIterator[bytes]:
    """Yield chunks as they arrive. Raises SourceTimeout, TimeoutError when the origin is slow, not the consumer."""
    rate = MinimumRate(config.source_min_rate)
    while True:
        async with rate.waiting(config.source_idle_timeout_s):
            chunk, end_of_chunk = await response.content.readchunk()
        if chunk:
            rate.received_bytes += len(chunk)
            yield chunk
        elif not end_of_chunk:
            return


async def _digest(spool: Spool) -> str:
    is_small = spool.size <= _DIGEST_ON_LOOP_BYTES
    return "sha256:" + (spool.digest() if is_small else await asyncio.to_thread(spool.digest))
