"""Originals from the web.

Knows the story of a fetch: connect, follow redirects, stream into a spool. Must never connect by any other way than
``connections``, where the address guard is.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Final

from aiohttp import ClientResponse, ClientSession
from yarl import URL

from pixmill.budget import UNBOUNDED, Budget
from pixmill.errors import BadRequest, Internal, SourceBroken, SourceTooLarge, TooManyRedirects
from pixmill.plan.freshness import Vouched
from pixmill.plan.source import SourceRef, parse_redirect
from pixmill.ports import Original
from pixmill.sources.config import SourcesConfig
from pixmill.sources.connections import open_session, stop_clock
from pixmill.sources.decoding import decoded
from pixmill.sources.faults import (
    GOOD_STATUSES,
    NOT_MODIFIED,
    REDIRECTS,
    check_status,
    named_here,
)
from pixmill.sources.http_faults import HTTP_FAULTS, may_retry
from pixmill.sources.lookup import Lookup, system_lookup
from pixmill.sources.vouching import condition, stated_tags, stated_time, stated_validator, vouched
from pixmill.spool import Spool

Permit = Callable[[SourceRef], None]
"""Raises SourceForbidden for a reference that may not be fetched."""

_FIRST_PAUSE_S: Final = 0.05
_DIGEST_ON_LOOP_BYTES: Final = 256 * 1024  # SHA-256 takes about a millisecond for this


def _everything(_ref: SourceRef) -> None:
    """No source is refused."""


class HttpSource:
    """Fetches http(s) URLs. ``permit`` judges where redirects lead; ``lookup`` resolves names.

    Redirects from https to http are followed: nothing secret goes with a request.
    """

    def __init__(
        self,
        config: SourcesConfig,
        permit: Permit = _everything,
        lookup: Lookup = system_lookup,
        budget: Budget = UNBOUNDED,
    ) -> None:
        self._config = config
        self._budget = budget
        self._permit = permit
        self._lookup = lookup
        self._session: ClientSession | None = None

    async def open(self) -> None:
        """Make the connection pool; needs the running loop that will fetch."""
        self._session = open_session(self._config, self._lookup)

    async def close(self) -> None:
        """Close every connection; closing twice is harmless."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def fetch(self, ref: SourceRef) -> Original:
        """The original into a spool that the caller closes. Raises SourceError, AddressForbidden, SourceForbidden."""
        async with self._answer(ref, {}) as response:
            return await self._take(response)

    async def refetch(self, ref: SourceRef, known: str) -> Original | Vouched:
        """The same if its validator is no longer ``known``: asked with a condition, and not read to the end in vain."""
        asked = condition(known)
        async with self._answer(ref, asked) as response:
            unchanged = response.status == NOT_MODIFIED and asked
            if unchanged or (response.status in GOOD_STATUSES and _states(response, known)):
                return vouched(response.headers)
            return await self._take(response)

    @asynccontextmanager
    async def _answer(self, ref: SourceRef, asked: Mapping[str, str]) -> AsyncIterator[ClientResponse]:
        """The first answer that is no redirect; whatever fails in here has a name of ours."""
        with named_here(HTTP_FAULTS):
            async with asyncio.timeout(self._config.source_timeout_s):
                async with await self._arrive(ref, asked) as response:
                    yield response

    async def _arrive(self, ref: SourceRef, asked: Mapping[str, str]) -> ClientResponse:
        """The condition goes with every request: whoever redirects has to ignore it (RFC 9110 §13.2.1)."""
        visited = {ref.text}
        for _ in range(self._config.max_redirects + 1):
            response = await self._request(ref.text, asked)
            if response.status not in REDIRECTS:
                return response
            response.release()
            ref = _target(ref, response)
            self._permit(ref)
            if ref.text in visited:
                break
            visited.add(ref.text)
        raise TooManyRedirects(detail=f"last to {ref.text}")

    async def _request(self, url: str, asked: Mapping[str, str]) -> ClientResponse:
        """An answer's head, in as many attempts as connection faults allow."""
        for attempt in range(self._config.source_retries):
            try:
                return await self._attempt(url, asked)
            except Exception as error:
                if not may_retry(error):
                    raise
            await asyncio.sleep(_FIRST_PAUSE_S * 2**attempt)
        return await self._attempt(url, asked)

    async def _attempt(self, url: str, asked: Mapping[str, str]) -> ClientResponse:
        if self._session is None:
            raise Internal(detail="the source is not open")
        response = await self._session.get(URL(url, encoded=True), headers=asked, allow_redirects=False)
        stop_clock(response)
        return response

    async def _take(self, response: ClientResponse) -> Original:
        check_status(response.status)
        if (response.content_length or 0) > self._config.max_source_bytes:
            raise SourceTooLarge(detail=f"Content-Length {response.content_length}")
        spool = Spool(self._config.max_source_bytes, claim=self._budget.claim())
        try:
            spool.expect(response.content_length or 0)
            await _stream(response, spool, self._config.source_idle_timeout_s)
            validator = stated_validator(response.headers, spool.size) or await _digest(spool)
            tags = stated_tags(response.headers, self._config.source_tag_header)
            return Original(
                spool, validator, vouched(response.headers), tags=tags, modified=stated_time(response.headers)
            )
        except BaseException:
            spool.close()
            raise


def _states(response: ClientResponse, known: str) -> bool:
    """Whether an answer's head says that the body is what is known; by date only if it says how long the body is."""
    size = response.content_length
    return stated_validator(response.headers, -1 if size is None else size) == known


def _target(ref: SourceRef, response: ClientResponse) -> SourceRef:
    location = response.headers.get("Location")
    if location is None:
        raise SourceBroken(detail=f"status {response.status} without Location")
    try:
        return parse_redirect(ref, location)
    except BadRequest as error:
        raise SourceBroken(detail=f"redirect to {location[:200]!r}: {error.message}") from error


async def _stream(response: ClientResponse, spool: Spool, max_silence_s: float) -> None:
    coding = response.headers.get("Content-Encoding", "")
    async with aclosing(decoded(coding, _arriving(response, max_silence_s))) as pieces:
        async for piece in pieces:
            await spool.append(piece)


async def _arriving(response: ClientResponse, max_silence_s: float) -> AsyncIterator[bytes]:
    """Pieces as they come, unjoined. Raises TimeoutError; that nobody here was ready to take more is no silence of the origin."""
    while True:
        async with asyncio.timeout(max_silence_s):
            piece, end_of_chunk = await response.content.readchunk()
        if piece:
            yield piece
        elif not end_of_chunk:
            return


async def _digest(spool: Spool) -> str:
    small = spool.size <= _DIGEST_ON_LOOP_BYTES
    return "sha256:" + (spool.digest() if small else await asyncio.to_thread(spool.digest))
