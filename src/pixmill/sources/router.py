"""Source router: sends each reference to the source for its kind, and says what its fetch is counted by.

Knows kinds, the allowlist, the limits and the metrics. Must never know how anything is fetched, nor resolve a name.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Mapping
from contextvars import ContextVar
from ipaddress import IPv6Address
from typing import Any, Final, ParamSpec, Protocol, TypeVar, runtime_checkable
from urllib.parse import urlsplit

from pixmill.errors import PixmillError, SourceBusy, SourceForbidden
from pixmill.plan.freshness import CacheDirectives
from pixmill.plan.source import SourceKind, SourceRef
from pixmill.ports.observe import BoundCounters, Event, Observer, RequestStage, counter_of, measure_of
from pixmill.ports.pipeline import Source
from pixmill.ports.storage import Lister
from pixmill.ports.values import Original
from pixmill.runtime.client import CURRENT_CLIENT
from pixmill.runtime.memory_budget import UNLIMITED_BUDGET, MemoryBudget
from pixmill.runtime.rate_limiter import RateLimiter
from pixmill.runtime.registrable_domain import load_public_suffixes, registrable_domain
from pixmill.sources.allowlist import AllowList
from pixmill.sources.canvases import CanvasSource
from pixmill.sources.causes import no_image_root
from pixmill.sources.config import SourcesConfig
from pixmill.sources.http.lazy import LazyHttpSource
from pixmill.sources.limiter import FetchKey, FetchLimiter, Slot
from pixmill.sources.names.lookup import Lookup
from pixmill.sources.stores import LocateObject, PathSource, ReadableStore, StoreSource, no_stores

Fetched = TypeVar("Fetched", Original, Original | CacheDirectives)
P = ParamSpec("P")


class _NoSource:
    """Rejects references of a kind that has no source."""

    async def fetch(self, ref: SourceRef) -> Original:
        if ref.kind is SourceKind.PATH:
            raise no_image_root(ref)
        raise SourceForbidden(detail=f"no source for kind {ref.kind.value}")

    async def revalidate(self, ref: SourceRef, _validator: str) -> Original | CacheDirectives:
        return await self.fetch(ref)


_NO_SOURCE = _NoSource()
_HELD_KINDS: Final = frozenset({SourceKind.CANVAS, SourceKind.UPLOAD})
"""What the server makes or has itself."""

_IPV6_HOST_BITS: Final = 64  # one machine has at least a /64 (RFC 6177 §2)

_CURRENT_SLOT: Final[ContextVar[Slot | None]] = ContextVar("slot", default=None)
"""The slot that the fetch of the current task holds."""


@runtime_checkable
class Preparable(Protocol):
    """A source with work that may take long at no cost, and so must hold no fetch slot."""

    async def prepare(self, ref: SourceRef) -> None:
        """Do it; ``fetch`` and ``revalidate`` follow. Raises SourceError."""


class SourceRouter:
    """Checks, limits, times and counts every fetch. Canvases and uploads are not fetched: no list or limit applies."""

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
        self._held_kinds = _HELD_KINDS & sources.keys()
        self._preparations = {kind: each.prepare for kind, each in sources.items() if isinstance(each, Preparable)}
        self._allow_list = allow_list
        self._observer = observer
        self._measure_fetch = measure_of(observer, RequestStage.FETCH)
        self._count_fetch = BoundCounters(observer, Event.FETCH, "kind", "outcome")
        self._count_bytes = counter_of(observer, Event.FETCH_BYTES)
        self.limiter = limiter
        self._is_ready = False

    def fetch(self, ref: SourceRef) -> Coroutine[Any, Any, Original]:
        """Fetch into a spool that the caller closes. Raises SourceError or Forbidden."""
        source = self._sources.get(ref.kind, _NO_SOURCE)
        if ref.kind in self._held_kinds:
            return source.fetch(ref)
        return self._run_measured(ref, source.fetch, ref)

    def revalidate(self, ref: SourceRef, validator: str) -> Coroutine[Any, Any, Original | CacheDirectives]:
        """Fetch if the validator no longer holds, else return the new directives."""
        source = self._sources.get(ref.kind, _NO_SOURCE)
        if ref.kind in self._held_kinds:
            return source.revalidate(ref, validator)
        return self._run_measured(ref, source.revalidate, ref, validator)

    async def _run_measured(
        self, ref: SourceRef, operation: Callable[P, Awaitable[Fetched]], *args: P.args, **kwargs: P.kwargs
    ) -> Fetched:
        with self._measure_fetch(origin=origin_key(ref)):
            return await self._run_counted(ref, operation, *args, **kwargs)

    async def _run_counted(
        self, ref: SourceRef, operation: Callable[P, Awaitable[Fetched]], *args: P.args, **kwargs: P.kwargs
    ) -> Fetched:
        try:
            if self._allow_list.patterns:
                self._allow_list.check(ref)
            self._check_rate(ref)
            if ref.kind is SourceKind.HTTP and not self._is_ready:
                await asyncio.to_thread(load_public_suffixes)
                self._is_ready = True
            if prepare := self._preparations.get(ref.kind):
                await prepare(ref)
            async with self.limiter.slot(fetch_key(ref)) as slot:
                _CURRENT_SLOT.set(slot)
                found = await operation(*args, **kwargs)
        except PixmillError as error:
            self._count_fetch[ref.kind.value, error.code](1)
            raise
        if isinstance(found, Original):
            self._count_fetch[ref.kind.value, "ok"](1)
            self._count_bytes(found.spool.size)
        else:
            self._count_fetch[ref.kind.value, "not_modified"](1)
        return found

    async def charge_redirect(self, target: SourceRef) -> None:
        """Count the rest of the current task's fetch for the origin that it was redirected to. Raises SourceBusy.

        Otherwise a stalling site would be blamed on the one that redirects to it, and many names that redirect to one
        origin would be a way around its limits.
        """
        slot, key = _CURRENT_SLOT.get(), fetch_key(target)
        if slot is not None and slot.key.origin != key.origin:
            self._check_rate(target)
            await slot.move_to(key)

    def _check_rate(self, ref: SourceRef) -> None:
        """Enforce the request rate of an origin."""
        if self._rate_limiter is None or ref.kind is SourceKind.PATH:
            return
        wait_s = self._rate_limiter.try_acquire(origin_key(ref))
        if wait_s:
            self._observer.increment(Event.REJECTED, reason="source_rate")
            raise SourceBusy("The rate limit of this origin is reached; try again shortly", retry_after_s=wait_s)


class Sources(SourceRouter):
    """The router with its real sources; ``open`` it in the event loop that fetches, and ``close`` it.

    ``images`` is the store of the image root, ``uploads`` has uploads by name; None without. ``listed_images`` is the
    former if missing files are to be explained by those that are there. It closes none of them.
    """

    def __init__(
        self,
        config: SourcesConfig,
        observer: Observer,
        *,
        images: ReadableStore | None = None,
        uploads: Source | None = None,
        listed_images: Lister | None = None,
        locate: LocateObject = no_stores,
        lookup: Lookup | None = None,
        budget: MemoryBudget = UNLIMITED_BUDGET,
    ) -> None:
        allow_list = config.allow_list()
        self._http = LazyHttpSource(config, allow_list, lookup, budget, self.charge_redirect, observer)
        sources: dict[SourceKind, Source] = {
            SourceKind.HTTP: self._http,
            SourceKind.STORE: StoreSource(config, locate, budget),
            SourceKind.CANVAS: CanvasSource(config, budget),
        }
        if uploads is not None:
            sources[SourceKind.UPLOAD] = uploads
        if images is not None:
            sources[SourceKind.PATH] = PathSource(config, images, budget, listed_images)
        limiter = FetchLimiter(config, lambda: observer.increment(Event.REJECTED, reason="source_queue"))
        super().__init__(sources, allow_list, observer, limiter, config.source_rate_limiter())

    async def open(self) -> None:
        """Nothing is created before the first fetch."""

    async def close(self) -> None:
        await self._http.close()

    @property
    def lookups_in_flight(self) -> int:
        """Look-ups of host names in progress."""
        return self._http.lookups_in_flight


def fetch_key(ref: SourceRef) -> FetchKey:
    """Return the keys of a fetch that the current task begins."""
    origin = origin_key(ref)
    site = _site_of(ref.text) if ref.kind is SourceKind.HTTP else (origin,)
    return FetchKey(origin, site, CURRENT_CLIENT.get(), is_own=ref.kind is SourceKind.PATH)


def origin_key(ref: SourceRef) -> str:
    """Return the key of the origin of a reference."""
    scheme, separator, rest = ref.text.partition("://")
    return (
        scheme + separator + rest.partition("/")[0] if separator and ref.kind is not SourceKind.PATH else ref.kind.value
    )


def _site_of(url: str) -> Hashable:
    host = urlsplit(url).hostname or ""
    domain = registrable_domain(host)
    return int(IPv6Address(domain)) >> _IPV6_HOST_BITS if ":" in domain else domain
