"""Resolves names of origins: caches addresses and failures, and shares look-ups in progress.

Knows names, times and bounds. Must never know how a name server is queried, nor which addresses are allowed: the guard
checks each address again whenever one is connected to, also a cached one.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from pixmill.errors import SourceBusy
from pixmill.ports.observe import Event, Observer
from pixmill.runtime.bounded import BoundedDict
from pixmill.runtime.client import CURRENT_CLIENT
from pixmill.runtime.registrable_domain import registrable_domain
from pixmill.sources.names.client import Answer, NameNotFound
from pixmill.sources.names.shares import LookupShares

MAX_CACHED_NAMES: Final = 4096
MIN_TTL_S: Final = 5.0
MAX_TTL_S: Final = 300.0
FAILURE_TTL_S: Final = 10.0
"""RFC 2308 §7 allows five minutes for servers that fail; a name that was just created should not wait for that."""

REFRESH_S: Final = 30.0
"""Time after the TTL in which the old addresses are used at once, while the name is looked up in the background."""

STALE_WAIT_S: Final = 1.8
STALE_S: Final = 3600.0
"""RFC 8767 §5: old addresses are used if the servers do not answer within 1.8 s. It allows days; the address may by
then be somebody else's."""

_REPEAT_S: Final = 0.05

Query = Callable[[str], Awaitable[Answer]]
"""Raises NameNotFound if the name has no address, TimeoutError and other OSErrors if that is unknown."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What is known of a name: its addresses, or the kind and text of a failure. Holds no exception: no traceback."""

    label: str
    addresses: tuple[str, ...] = ()
    failure: type[OSError] = OSError
    detail: str = ""
    fresh_until: float = 0.0
    stale_until: float = 0.0

    def result(self) -> list[str]:
        """Return the addresses, or raise the failure as a new exception."""
        if self.addresses:
            return list(self.addresses)
        if self.label == _BUSY:
            raise SourceBusy(detail=self.detail, retry_after_s=_BUSY_RETRY_S)
        raise self.failure(self.detail)


_OK: Final = "ok"
_NOT_FOUND: Final = "not_found"
_TIMEOUT: Final = "timeout"
_FAILED: Final = "error"
_BUSY: Final = "rejected"
_BUSY_RETRY_S: Final = 2.0


class NameResolver:
    """A ``Lookup`` of which cached names never wait. ``close`` it in the event loop in which it was used."""

    def __init__(self, query: Query, shares: LookupShares, timeout_s: float, observer: Observer) -> None:
        self._query = query
        self._shares = shares
        self._timeout_s = timeout_s
        self._observer = observer
        self._outcomes: BoundedDict[str, _Outcome] = BoundedDict(MAX_CACHED_NAMES)
        self._lookups: dict[str, asyncio.Task[_Outcome]] = {}
        self._queries: set[asyncio.Future[Answer]] = set()

    async def __call__(self, host: str, _port: int = 0) -> list[str]:
        """Return the addresses of the name. Raises NameNotFound, other OSErrors, TimeoutError and SourceBusy."""
        name = host.lower()
        known, now = self._get_recent(name), asyncio.get_running_loop().time()
        if known and now < known.fresh_until:
            return known.result()
        lookup = self._lookups.get(name) or self._start(name)
        if known and now < known.stale_until:
            if now >= known.fresh_until + REFRESH_S:
                await asyncio.wait((lookup,), timeout=STALE_WAIT_S)
            return (lookup.result() if lookup.done() else known).result()
        return (await asyncio.shield(lookup)).result()

    async def close(self) -> None:
        """Cancel what is in progress."""
        for lookup in self._lookups.values():
            lookup.cancel()
        for query in self._queries:
            query.cancel()
        await asyncio.gather(*self._lookups.values(), return_exceptions=True)
        await asyncio.gather(*self._queries, return_exceptions=True)

    def _get_recent(self, name: str) -> _Outcome | None:
        known = self._outcomes.get(name)
        if known is not None:
            self._outcomes.move_to_end(name)
        return known

    def _start(self, name: str) -> "asyncio.Task[_Outcome]":
        """Begin a look-up that ends by itself, also when nobody waits any more."""
        lookup = self._lookups[name] = asyncio.create_task(self._look_up(name))
        lookup.add_done_callback(lambda _: self._lookups.pop(name, None))
        return lookup

    async def _look_up(self, name: str) -> _Outcome:
        outcome = await self._attempt(name, registrable_domain(name))
        self._observer.increment(Event.NAME_LOOKUP, outcome=outcome.label)
        now, known = asyncio.get_running_loop().time(), self._outcomes.get(name)
        if not outcome.addresses and outcome.label != _NOT_FOUND and known and now < known.stale_until:
            outcome = replace(known, fresh_until=now + FAILURE_TTL_S)
        if outcome.label == _BUSY:
            self._observer.increment(Event.REJECTED, reason="name_lookups")
        else:
            self._outcomes[name] = outcome
        return outcome

    async def _attempt(self, name: str, domain: str) -> _Outcome:
        """Turn every end into an outcome: there may be nobody to see an exception."""
        try:
            await self._shares.acquire(domain, self._timeout_s / 2, CURRENT_CLIENT.get())
            answer = await self._query_until_answered(name, domain)
        except SourceBusy as error:
            return _Outcome(_BUSY, detail=error.detail)
        except OSError as error:
            label = _LABELS.get(type(error), _FAILED)
            until = asyncio.get_running_loop().time() + FAILURE_TTL_S
            return _Outcome(label, failure=type(error), detail=f"{name}: {error}", fresh_until=until)
        now = asyncio.get_running_loop().time()
        fresh_until = now + min(max(answer.ttl_s, MIN_TTL_S), MAX_TTL_S)
        return _Outcome(_OK, answer.addresses, fresh_until=fresh_until, stale_until=fresh_until + STALE_S)

    async def _query_until_answered(self, name: str, domain: str) -> Answer:
        """Query until there is an answer or the time is over. Releases the share when the last query has ended."""
        query: asyncio.Future[Answer] | None = None
        client = CURRENT_CLIENT.get()
        try:
            async with asyncio.timeout(self._timeout_s):
                while True:
                    query = asyncio.ensure_future(self._query(name))
                    self._queries.add(query)
                    query.add_done_callback(self._end_query)
                    try:
                        return await asyncio.shield(query)
                    except TimeoutError:  # the client's own, shorter where servers have answered fast before
                        await asyncio.sleep(_REPEAT_S)
        except TimeoutError:
            raise TimeoutError(f"no answer in {self._timeout_s} s") from None
        finally:
            if query is None or query.done():
                self._shares.release(domain, client)
            else:
                query.add_done_callback(lambda _: self._shares.release(domain, client))

    def _end_query(self, query: "asyncio.Future[Answer]") -> None:
        self._queries.discard(query)
        if not query.cancelled():
            query.exception()  # retrieved, also if nobody waits any more


_LABELS: Final = {NameNotFound: _NOT_FOUND, TimeoutError: _TIMEOUT}
