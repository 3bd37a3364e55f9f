"""Loads the inputs of a render: the original, and the images that overlays and masks refer to.

Knows the source, what is cached of it, and the references of a plan. Must never know pixels or HTTP.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
)
from dataclasses import replace
from hashlib import sha256
from typing import TypeVar

from msgspec import structs

from pixmill.errors import PixmillError
from pixmill.plan.freshness import CacheDirectives, FreshnessPolicy, merge_directives
from pixmill.plan.ops import Plan
from pixmill.plan.references import Reference, references
from pixmill.plan.source import SourceRef
from pixmill.ports.observe import Event, Observer
from pixmill.ports.pipeline import NO_PURGES, Purges, Source
from pixmill.ports.values import Original, OriginalVersion, PurgeMatch
from pixmill.services.inputs.caches import InputCaches
from pixmill.services.singleflight import PurgeAwareFlights

Loaded = TypeVar("Loaded", Original, Original | OriginalVersion)
Opener = Callable[[SourceRef], AbstractAsyncContextManager[Loaded]]


class InputLoader:
    """Fetches each input once for all who load it at the same time, and holds it while anybody uses it."""

    def __init__(
        self,
        source: Source,
        announce: Callable[[], AbstractContextManager[None]],
        caches: InputCaches,
        freshness: FreshnessPolicy,
        observer: Observer,
        purges: Purges = NO_PURGES,
    ) -> None:
        """``announce`` is the engine's: it raises QueueFull before a fetch whose render would be rejected."""
        self._source = source
        self._announce = announce
        self._caches = caches
        self._freshness = freshness
        self._observer = observer
        self._purges = purges
        # A version flight may end as "not modified", without bytes; who needs the bytes then joins a download flight.
        self._version_flights: PurgeAwareFlights[SourceRef, Original | OriginalVersion] = PurgeAwareFlights(
            purges, dispose=_close_spool
        )
        self._download_flights: PurgeAwareFlights[SourceRef, Original] = PurgeAwareFlights(purges, dispose=_close_spool)

    @asynccontextmanager
    async def load_original(self, ref: SourceRef) -> AsyncIterator[Original]:
        """Yield one original. Raises SourceError, Forbidden, QueueFull."""
        async with self._version_flights.join(ref, self._from_memory_or_fetch, ref) as (found, shared):
            if shared:
                self._observer.increment(Event.COALESCED, kind="fetch")
            if isinstance(found, Original):
                yield found
                return
            async with self._download_flights.join(ref, self._from_memory_or_fetch, ref) as (original, _):
                yield original

    def load(self, ref: SourceRef, *plans: Plan) -> AbstractAsyncContextManager[Original]:
        """Yield the original with the references of these plans, as fresh as the least fresh of them."""
        if not any(plan.overlays or plan.shape.mask or plan.stages for plan in plans):
            return self.load_original(ref)
        referenced = references(*plans)
        return self._load_with_references(ref, referenced) if referenced else self.load_original(ref)

    @asynccontextmanager
    async def _load_with_references(self, ref: SourceRef, referenced: Sequence[Reference]) -> AsyncIterator[Original]:
        async with AsyncExitStack() as stack:
            inputs = await self._load_all(stack, [Reference(ref, "", ""), *referenced], self.load_original)
            yield self._combine(inputs)

    @asynccontextmanager
    async def load_references(self, *plans: Plan) -> AsyncIterator[Sequence[Original]]:
        """Yield the references of these plans, without the original."""
        async with AsyncExitStack() as stack:
            yield await self._load_all(stack, references(*plans), self.load_original)

    @asynccontextmanager
    async def current_version(
        self, ref: SourceRef, plan: Plan, last_known: OriginalVersion | None = None
    ) -> AsyncIterator[OriginalVersion]:
        """Yield the current version of all inputs; ``last_known`` is used if none is cached.

        Only inputs that are not fresh are revalidated, and only those that changed are downloaded. Downloads stay
        available inside the block.
        """
        async with AsyncExitStack() as stack:
            referenced = references(plan)
            if not referenced:
                yield _version_of(await stack.enter_async_context(self._coalesced_version(ref, last_known)))
                return
            inputs = await self._load_all(stack, [Reference(ref, "", ""), *referenced], self._coalesced_version)
            yield self._combine_versions([_version_of(one) for one in inputs])

    def fresh_version(self, ref: SourceRef) -> OriginalVersion | None:
        """Return the cached version if it is fresh and no purge has happened since."""
        version = self._caches.versions.get_fresh(ref)
        if version is None or version.purge_watermark < self._purges.latest:
            return None
        return (
            structs.replace(version, directives=self._directives_of(ref, version.directives))
            if ref.version
            else version
        )

    @asynccontextmanager
    async def _coalesced_version(
        self, ref: SourceRef, last_known: OriginalVersion | None = None
    ) -> AsyncIterator[Original | OriginalVersion]:
        version = self.fresh_version(ref)
        if version is not None:
            yield version
            return
        async with self._version_flights.join(ref, self._fetch_or_revalidate, ref, last_known) as (found, _):
            yield found

    async def _fetch_or_revalidate(
        self, ref: SourceRef, last_known: OriginalVersion | None
    ) -> Original | OriginalVersion:
        last_version = self._caches.versions.get(ref) or last_known
        return (
            await self._from_memory_or_fetch(ref) if last_version is None else await self._revalidate(ref, last_version)
        )

    async def _from_memory_or_fetch(self, ref: SourceRef) -> Original:
        """Return the original in memory if it is fresh or revalidated, else fetch it."""
        cached = self._from_memory(ref)
        if cached is None:
            purge_watermark = self._purges.current_watermark()
            with self._caches.fetch_failures.guard(ref, self._purges.latest, purge_watermark), self._announce():
                return self._store(ref, await self._source.fetch(ref), purge_watermark)
        with cached.spool:
            current = self.fresh_version(ref)
            if current is None or current.validator != cached.version.validator:
                found = await self._revalidate(ref, cached.version)
                if isinstance(found, Original):
                    return found
                current = found
            version = structs.replace(
                cached.version, directives=current.directives, purge_watermark=current.purge_watermark
            )
            return replace(cached, spool=cached.spool.share(), version=version)

    def _from_memory(self, ref: SourceRef) -> Original | None:
        """Return the original in memory unless it is purged, in a spool that the caller closes."""
        cached = self._caches.originals.get(ref)
        if cached is None:
            return None
        if self._purges.match(cached.sources, cached.tags, cached.version.purge_watermark) is PurgeMatch.HARD:
            self._caches.originals.delete(ref)
            return None
        return replace(cached, spool=cached.spool.share())

    async def _revalidate(self, ref: SourceRef, last_version: OriginalVersion) -> Original | OriginalVersion:
        """Ask the source for another version than ``last_version``."""
        purge_watermark = self._purges.current_watermark()
        with self._caches.fetch_failures.guard(ref, self._purges.latest, purge_watermark):
            found = await self._source.revalidate(ref, last_version.validator)
        if isinstance(found, Original):
            return self._store(ref, found, purge_watermark)
        directives = self._directives_of(ref, merge_directives(last_version.directives, found))
        version = structs.replace(last_version, directives=directives, purge_watermark=purge_watermark)
        self._caches.versions.put(ref, version)
        return version

    def _store(self, ref: SourceRef, original: Original, purge_watermark: float) -> Original:
        """Complete a fetched original and cache it; one from a cache of originals keeps its purge watermark."""
        version = structs.replace(
            original.version,
            directives=self._directives_of(ref, original.version.directives),
            purge_watermark=original.version.purge_watermark or purge_watermark,
        )
        original = replace(original, version=version, sources=(ref.text,))
        if version.validator:
            original.spool.identity = sha256(ref.digest + version.validator.encode(errors="surrogatepass")).digest()
        self._caches.store(ref, original)
        return original

    def _directives_of(self, ref: SourceRef, directives: CacheDirectives) -> CacheDirectives:
        return self._freshness.versioned(directives, is_signed=ref.is_version_signed) if ref.version else directives

    async def _load_all(
        self, stack: AsyncExitStack, inputs: Sequence[Reference], opener: Opener[Loaded]
    ) -> list[Loaded]:
        """Load all at the same time; if one fails, the others are cancelled."""
        tasks = [asyncio.create_task(stack.enter_async_context(_open_reference(one, opener))) for one in inputs]
        try:
            return await asyncio.gather(*tasks)
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise

    def _combine(self, inputs: Sequence[Original]) -> Original:
        """Return the first input with the others as its extras."""
        original, *others = inputs
        return Original(
            original.spool,
            self._combine_versions([one.version for one in inputs]),
            tuple(one.spool for one in others),
            sources=tuple(source for one in inputs for source in one.sources),
            tags=tuple(dict.fromkeys(tag for one in inputs for tag in one.tags)),
        )

    def _combine_versions(self, versions: Sequence[OriginalVersion]) -> OriginalVersion:
        """Return a version that changes with each of them and is as fresh as the least fresh."""
        digests = (sha256(one.validator.encode(errors="surrogatepass")).digest() for one in versions)
        times = [one.modified for one in versions]
        return OriginalVersion(
            sha256(b"".join(digests)).hexdigest(),
            self._freshness.most_restrictive([one.directives for one in versions]),
            min(one.purge_watermark for one in versions),
            max(times) if all(times) else 0.0,
        )


@asynccontextmanager
async def _open_reference(reference: Reference, opener: Opener[Loaded]) -> AsyncIterator[Loaded]:
    """Open one input; a failure of a reference names its parameter."""
    async with AsyncExitStack() as stack:
        try:
            found = await stack.enter_async_context(opener(reference.source))
        except PixmillError as error:
            if not reference.param:
                raise
            raise error.with_subject(reference.name, reference.param) from error
        yield found


def _version_of(loaded: Original | OriginalVersion) -> OriginalVersion:
    return loaded.version if isinstance(loaded, Original) else loaded


def _close_spool(loaded: Original | OriginalVersion) -> None:
    if isinstance(loaded, Original):
        loaded.spool.close()
