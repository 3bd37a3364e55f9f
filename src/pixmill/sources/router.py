"""The one source that the service knows: it sends each reference to whoever can fetch it.

Knows kinds, the allow-list and the observer. Must never know how anything is fetched.
"""

from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from typing import TypeVar

from pixmill.errors import PixmillError, SourceBusy, SourceForbidden
from pixmill.plan.freshness import CacheDirectives
from pixmill.plan.source import SourceKind, SourceRef
from pixmill.ports.observe import Event, Observer, RequestStage
from pixmill.ports.pipeline import Source
from pixmill.ports.values import Original
from pixmill.runtime.memory_budget import UNLIMITED_BUDGET, MemoryBudget
from pixmill.runtime.rate_limiter import RateLimiter
from pixmill.sources.allowlist import AllowList
from pixmill.sources.config import SourcesConfig
from pixmill.sources.dns import Lookup, system_lookup
from pixmill.sources.http.lazy import LazyHttpSource
from pixmill.sources.limiter import FetchLimiter
from pixmill.sources.stores import LocateObject, PathSource, ReadableStore, StoreSource, no_stores

Fetched = TypeVar("Fetched", Original, Original | CacheDirectives)


class SourceRouter:
    """Fetches every kind of reference that it has a source for; times and counts what comes of it."""

    def __init__(
        self,
        sources: Mapping[SourceKind, Source],
        allow_list: AllowList,
        observer: Observer,
        limiter: FetchLimiter,
        rate_limiter: RateLimiter | None = None,
    ) -> None:
        """``rates`` are those of each origin."""
        self._rate_limiter = rate_limiter
        self._sources = sources
        self._allow_list = allow_list
        self._observer = observer
        self.limiter = limiter

    async def fetch(self, ref: SourceRef) -> Original:
        """The original into a spool that the caller closes. Raises SourceError or Forbidden."""
        return await self._run_observed(ref, lambda source: source.fetch(ref))

    async def revalidate(self, ref: SourceRef, validator: str) -> Original | CacheDirectives:
        """The same if its validator is no longer ``known``."""
        return await self._run_observed(ref, lambda source: source.revalidate(ref, validator))

    async def _run_observed(self, ref: SourceRef, operation: Callable[[Source], Awaitable[Fetched]]) -> Fetched:
        started = perf_counter()
        try:
            source = self._source_for(ref)
            self._check_rate(ref)
            async with self.limiter.slot(_origin_key(ref)):
                found = await operation(source)
        except PixmillError as error:
            self._record(ref, started, error.code)
            raise
        if isinstance(found, Original):
            self._record(ref, started, "ok")
            self._observer.increment(Event.FETCH_BYTES, found.spool.size)
        else:
            self._record(ref, started, "not_modified")
        return found

    def _record(self, ref: SourceRef, started: float, outcome: str) -> None:
        self._observer.observe_duration(RequestStage.FETCH, perf_counter() - started)
        self._observer.increment(Event.FETCH, kind=ref.kind.value, outcome=outcome)

    def _check_rate(self, ref: SourceRef) -> None:
        """An origin is not asked more often than it may be, however many of us wait for it."""
        if self._rate_limiter is None or ref.kind is SourceKind.PATH:
            return
        wait_s = self._rate_limiter.try_acquire(_origin_key(ref))
        if wait_s:
            self._observer.increment(Event.REJECTED, reason="source_rate")
            raise SourceBusy("This origin is asked as often as it may be; try again shortly", retry_after_s=wait_s)

    def _source_for(self, ref: SourceRef) -> Source:
        self._allow_list.check(ref)
        source = self._sources.get(ref.kind)
        if source is None:
            raise SourceForbidden(detail=f"nothing fetches sources of kind {ref.kind.value}")
        return source


class Sources(SourceRouter):
    """The router with its real sources; ``open`` it in the loop that fetches, and ``close`` it.

    ``images`` is the store of the image root, None without one. The stores stay their owner's to close.
    """

    def __init__(
        self,
        config: SourcesConfig,
        observer: Observer,
        *,
        images: ReadableStore | None = None,
        locate: LocateObject = no_stores,
        lookup: Lookup = system_lookup,
        budget: MemoryBudget = UNLIMITED_BUDGET,
    ) -> None:
        allow_list = config.allow_list()
        self._http = LazyHttpSource(config, allow_list, lookup, budget)
        sources: dict[SourceKind, Source] = {
            SourceKind.HTTP: self._http,
            SourceKind.STORE: StoreSource(config, locate, budget),
        }
        if images is not None:
            sources[SourceKind.PATH] = PathSource(config, images, budget)
        limiter = FetchLimiter(config, lambda: observer.increment(Event.REJECTED, reason="source_queue"))
        super().__init__(sources, allow_list, observer, limiter, config.source_rate_limiter())

    async def open(self) -> None:
        """Nothing has to be made before the first fetch."""

    async def close(self) -> None:
        await self._http.close()


def _origin_key(ref: SourceRef) -> str:
    """What its fetches share: scheme, host and port of a URL, a bucket, or the image root."""
    scheme, separator, rest = ref.text.partition("://")
    return (
        scheme + separator + rest.partition("/")[0] if separator and ref.kind is not SourceKind.PATH else ref.kind.value
    )
