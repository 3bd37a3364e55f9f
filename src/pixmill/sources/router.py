"""The one source that the service knows: it sends each reference to whoever can fetch it.

Knows kinds, the allow-list and the observer. Must never know how anything is fetched.
"""

from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from typing import TypeVar

from pixmill.budget import UNBOUNDED, Budget
from pixmill.errors import PixmillError, SourceBusy, SourceForbidden
from pixmill.plan.freshness import Vouched
from pixmill.plan.source import SourceKind, SourceRef
from pixmill.ports import Event, Observer, Original, Source, Stage
from pixmill.rates import Rates
from pixmill.sources.allowlist import AllowList
from pixmill.sources.config import SourcesConfig
from pixmill.sources.lookup import Lookup, system_lookup
from pixmill.sources.stores import Locate, PathSource, StoreSource, Supply, nowhere
from pixmill.sources.turns import Turns
from pixmill.sources.web import WebSource

Found = TypeVar("Found", Original, Original | Vouched)


class SourceRouter:
    """Fetches every kind of reference that it has a source for; times and counts what comes of it."""

    def __init__(
        self,
        sources: Mapping[SourceKind, Source],
        allowed: AllowList,
        observer: Observer,
        turns: Turns,
        rates: Rates | None = None,
    ) -> None:
        """``rates`` are those of each origin."""
        self._rates = rates
        self._sources = sources
        self._allowed = allowed
        self._observer = observer
        self.turns = turns

    async def fetch(self, ref: SourceRef) -> Original:
        """The original into a spool that the caller closes. Raises SourceError or Forbidden."""
        return await self._observed(ref, lambda source: source.fetch(ref))

    async def refetch(self, ref: SourceRef, known: str) -> Original | Vouched:
        """The same if its validator is no longer ``known``."""
        return await self._observed(ref, lambda source: source.refetch(ref, known))

    async def _observed(self, ref: SourceRef, ask: Callable[[Source], Awaitable[Found]]) -> Found:
        started = perf_counter()
        try:
            source = self._source(ref)
            self._count(ref)
            async with self.turns.turn(_origin(ref)):
                found = await ask(source)
        except PixmillError as error:
            self._observe(ref, started, error.code)
            raise
        if isinstance(found, Original):
            self._observe(ref, started, "ok")
            self._observer.counted(Event.FETCH_BYTES, found.spool.size)
        else:
            self._observe(ref, started, "unchanged")
        return found

    def _observe(self, ref: SourceRef, started: float, outcome: str) -> None:
        self._observer.timed(Stage.FETCH, perf_counter() - started)
        self._observer.counted(Event.FETCH, kind=ref.kind.value, outcome=outcome)

    def _count(self, ref: SourceRef) -> None:
        """An origin is not asked more often than it may be, however many of us wait for it."""
        if self._rates is None or ref.kind is SourceKind.PATH:
            return
        wait_s = self._rates.take(_origin(ref))
        if wait_s:
            self._observer.counted(Event.REFUSED, limit="origin")
            raise SourceBusy("This origin is asked as often as it may be; try again shortly", retry_after_s=wait_s)

    def _source(self, ref: SourceRef) -> Source:
        self._allowed.check(ref)
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
        images: Supply | None = None,
        locate: Locate = nowhere,
        lookup: Lookup = system_lookup,
        budget: Budget = UNBOUNDED,
    ) -> None:
        allowed = config.allow_list()
        self._web = WebSource(config, allowed, lookup, budget)
        sources: dict[SourceKind, Source] = {
            SourceKind.HTTP: self._web,
            SourceKind.STORE: StoreSource(config, locate, budget),
        }
        if images is not None:
            sources[SourceKind.PATH] = PathSource(config, images, budget)
        turns = Turns(config, lambda: observer.counted(Event.REFUSED, limit="fetches"))
        super().__init__(sources, allowed, observer, turns, config.source_rates())

    async def open(self) -> None:
        """Nothing has to be made before the first fetch."""

    async def close(self) -> None:
        await self._web.close()


def _origin(ref: SourceRef) -> str:
    """What its fetches share: scheme, host and port of a URL, a bucket, or the image root."""
    scheme, separator, rest = ref.text.partition("://")
    return (
        scheme + separator + rest.partition("/")[0] if separator and ref.kind is not SourceKind.PATH else ref.kind.value
    )
