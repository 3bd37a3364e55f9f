"""Source router: sends each reference to the source for its kind.

Knows kinds, the allowlist, the limits and the metrics. Must never know how anything is fetched.
"""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from time import perf_counter
from typing import Any, TypeVar

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
    """Checks, limits, times and counts every fetch."""

    def __init__(
        self,
        sources: Mapping[SourceKind, Source],
        allow_list: AllowList,
        observer: Observer,
        limiter: FetchLimiter,
        rate_limiter: RateLimiter | None = None,
    ) -> None:
        """``rate_limiter`` has a bucket per origin."""
        self._rate_limiter = rate_limiter
        self._sources = sources
        self._allow_list = allow_list
        self._observer = observer
        self.limiter = limiter

    def fetch(self, ref: SourceRef) -> Coroutine[Any, Any, Original]:
        """Fetch into a spool that the caller closes. Raises SourceError or Forbidden."""
        return self._run_observed(ref, lambda source: source.fetch(ref))

    def revalidate(self, ref: SourceRef, validator: str) -> Coroutine[Any, Any, Original | CacheDirectives]:
        """Fetch if the validator no longer holds, else return the new directives."""
        return self._run_observed(ref, lambda source: source.revalidate(ref, validator))

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
        """Enforce the request rate of an origin."""
        if self._rate_limiter is None or ref.kind is SourceKind.PATH:
            return
        wait_s = self._rate_limiter.try_acquire(_origin_key(ref))
        if wait_s:
            self._observer.increment(Event.REJECTED, reason="source_rate")
            raise SourceBusy("The rate limit of this origin is reached; try again shortly", retry_after_s=wait_s)

    def _source_for(self, ref: SourceRef) -> Source:
        self._allow_list.check(ref)
        source = self._sources.get(ref.kind)
        if source is None:
            raise SourceForbidden(detail=f"no source for kind {ref.kind.value}")
        return source


class Sources(SourceRouter):
    """The router with its real sources; ``open`` it in the event loop that fetches, and ``close`` it.

    ``images`` is the store of the image root, None without one. It does not close the stores.
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
        """Nothing is created before the first fetch."""

    async def close(self) -> None:
        await self._http.close()


def _origin_key(ref: SourceRef) -> str:
    """Return the key of an origin: scheme, host and port of a URL, a bucket, or the image root."""
    scheme, separator, rest = ref.text.partition("://")
    return (
        scheme + separator + rest.partition("/")[0] if separator and ref.kind is not SourceKind.PATH else ref.kind.value
    )
