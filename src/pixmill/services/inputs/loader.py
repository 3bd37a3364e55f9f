"""All the pictures that a result is made of: the original, and those that overlays and masks refer to.

Knows sources, flights and what a plan refers to. Must never know pixels or HTTP.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import replace
from hashlib import sha256
from typing import TypeVar

from msgspec import structs

from pixmill.errors import PixmillError, SourceError
from pixmill.plan.freshness import FreshnessPolicy, directives_for_version, merge_directives
from pixmill.plan.ops import Plan
from pixmill.plan.references import Reference, references
from pixmill.plan.source import SourceRef
from pixmill.ports.observe import Event, Observer
from pixmill.ports.pipeline import NO_PURGES, Purges, Source
from pixmill.ports.values import Original, OriginalVersion, PurgeMatch
from pixmill.services.inputs.fetch_failures import NO_FAILURE_CACHE, FetchFailureCache
from pixmill.services.inputs.memory import NO_ORIGINAL_CACHE, MemoryOriginalCache
from pixmill.services.inputs.versions import VersionCache
from pixmill.services.singleflight import Flights

Loaded = TypeVar("Loaded", Original, Original | OriginalVersion)
Opener = Callable[[SourceRef], AbstractAsyncContextManager[Loaded]]


class InputLoader:
    """Fetches each picture once for all who need it at the same time, and holds it while anybody does."""

    def __init__(
        self,
        source: Source,
        freshness: FreshnessPolicy,
        observer: Observer,
        announce: Callable[[], AbstractContextManager[None]],
        *,
        purges: Purges = NO_PURGES,
        originals: MemoryOriginalCache = NO_ORIGINAL_CACHE,
        fetch_failures: FetchFailureCache = NO_FAILURE_CACHE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``coming`` is the engine's: it tells at once when there is no use in fetching. ``clock`` is never put back."""
        self._source = source
        self._freshness = freshness
        self._observer = observer
        self._announce = announce
        self._purges = purges
        self._originals = originals
        self._fetch_failures = fetch_failures
        self._versions = VersionCache(freshness, clock)
        self._version_flights: Flights[tuple[SourceRef, float], Original | OriginalVersion] = Flights(
            dispose=_close_spool
        )
        self._download_flights: Flights[tuple[SourceRef, float], Original] = Flights(dispose=_close_spool)

    @asynccontextmanager
    async def load_original(self, ref: SourceRef) -> AsyncIterator[Original]:
        """One picture. Raises SourceError, Forbidden, QueueFull. What is asked for after a purge is not what was under way before."""
        flight_key = (ref, self._purges.latest)
        async with self._version_flights.join(flight_key, lambda: self._from_memory_or_fetch(ref)) as (found, shared):
            if shared:
                self._observer.increment(Event.COALESCED, kind="fetch")
            if isinstance(found, Original):
                yield found
                return
            async with self._download_flights.join(flight_key, lambda: self._from_memory_or_fetch(ref)) as (
                original,
                _,
            ):
                yield original

    @asynccontextmanager
    async def current_version(
        self, ref: SourceRef, plan: Plan, last_known: OriginalVersion | None = None
    ) -> AsyncIterator[OriginalVersion]:
        """Which version there is now of the original and of all that the plan refers to; ``known`` is the last that one knows of.

        The sources are asked only for what they do not vouch for any more, and no bytes come of what has not changed. What does come
        is held: whoever needs it in here has it.
        """
        async with AsyncExitStack() as stack:
            referenced = references(plan)
            if not referenced:
                yield _version_of(await stack.enter_async_context(self._coalesced_version(ref, last_known)))
                return
            inputs = await self._load_all(stack, [Reference(ref, "", ""), *referenced], self._coalesced_version)
            yield self._combine_versions([_version_of(one) for one in inputs])

    @asynccontextmanager
    async def load(self, ref: SourceRef, *plans: Plan) -> AsyncIterator[Original]:
        """The original with all that these plans refer to; it is as fresh as the least fresh of them."""
        referenced = references(*plans)
        if not referenced:
            async with self.load_original(ref) as original:
                yield original
            return
        async with AsyncExitStack() as stack:
            original, *others = await self._load_all(stack, [Reference(ref, "", ""), *referenced], self.load_original)
            yield self._combine(original, others)

    @asynccontextmanager
    async def load_references(self, plan: Plan) -> AsyncIterator[Sequence[Original]]:
        """What the plan refers to, without the original."""
        async with AsyncExitStack() as stack:
            yield await self._load_all(stack, references(plan), self.load_original)

    @asynccontextmanager
    async def _coalesced_version(
        self, ref: SourceRef, last_known: OriginalVersion | None = None
    ) -> AsyncIterator[Original | OriginalVersion]:
        version = self.fresh_version(ref)
        if version is not None:
            yield version
            return
        async with self._version_flights.join(
            (ref, self._purges.latest), lambda: self._fetch_or_revalidate(ref, last_known)
        ) as (found, _):
            yield found

    def fresh_version(self, ref: SourceRef) -> OriginalVersion | None:
        """What the source vouches for still; after any purge it is asked again."""
        version = self._versions.get_fresh(ref)
        if version is None or version.purge_watermark < self._purges.latest:
            return None
        if not ref.version:
            return version
        return structs.replace(version, directives=directives_for_version(ref.version, version.directives))

    async def _fetch_or_revalidate(
        self, ref: SourceRef, last_known: OriginalVersion | None
    ) -> Original | OriginalVersion:
        """Ask the source for another version than the last one known."""
        last_version = self._versions.get(ref) or last_known
        return (
            await self._from_memory_or_fetch(ref) if last_version is None else await self._revalidate(ref, last_version)
        )

    async def _revalidate(self, ref: SourceRef, last_version: OriginalVersion) -> Original | OriginalVersion:
        purge_watermark = self._purges.current_watermark()
        with self._guard_fetch(ref, purge_watermark):
            found = await self._source.revalidate(ref, last_version.validator)
        if isinstance(found, Original):
            return self._store(ref, found, purge_watermark)
        directives = directives_for_version(ref.version, merge_directives(last_version.directives, found))
        version = structs.replace(last_version, directives=directives, purge_watermark=purge_watermark)
        self._versions.put(ref, version)
        return version

    async def _from_memory_or_fetch(self, ref: SourceRef) -> Original:
        """The one that was kept if its source vouches for it, or says that it has no other; else a new one."""
        cached = self._from_memory(ref)
        if cached is None:
            purge_watermark = self._purges.current_watermark()
            with self._guard_fetch(ref, purge_watermark), self._announce():
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
        """What was kept of this source and no purge concerns, in a spool that is the caller's."""
        cached = self._originals.get(ref)
        if (
            cached is not None
            and self._purges.match(cached.sources, cached.tags, cached.version.purge_watermark) is PurgeMatch.HARD
        ):
            self._originals.delete(ref)
            cached = None
        return None if cached is None else replace(cached, spool=cached.spool.share())

    @contextmanager
    def _guard_fetch(self, ref: SourceRef, purge_watermark: float) -> Iterator[None]:
        """The source is not asked if it refused a moment ago."""
        self._fetch_failures.check(ref, self._purges.latest)
        try:
            yield
        except SourceError as error:
            self._fetch_failures.record(ref, error, purge_watermark)
            raise

    def _store(self, ref: SourceRef, original: Original, purge_watermark: float) -> Original:
        """The original with what its entries need, kept, and the word of its source on record. One that comes from a depot heeds what it did."""
        version = structs.replace(
            original.version,
            directives=directives_for_version(ref.version, original.version.directives),
            purge_watermark=original.version.purge_watermark or purge_watermark,
        )
        original = replace(original, version=version, sources=(ref.text,))
        self._versions.put(ref, version)
        self._originals.put(ref, original)
        return original

    async def _load_all(
        self, stack: AsyncExitStack, inputs: Sequence[Reference], opener: Opener[Loaded]
    ) -> list[Loaded]:
        """All at once. When one cannot be had nobody waits for the others."""
        tasks = [asyncio.create_task(stack.enter_async_context(_open_reference(one, opener))) for one in inputs]
        try:
            return await asyncio.gather(*tasks)
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise

    def _combine(self, original: Original, others: Sequence[Original]) -> Original:
        inputs = (original, *others)
        return Original(
            original.spool,
            self._combine_versions([one.version for one in inputs]),
            tuple(one.spool for one in others),
            sources=tuple(source for one in inputs for source in one.sources),
            tags=tuple(dict.fromkeys(tag for one in inputs for tag in one.tags)),
        )

    def _combine_versions(self, versions: Sequence[OriginalVersion]) -> OriginalVersion:
        """Return a version that changes with each of them and is as fresh as the least fresh."""
        return OriginalVersion(
            _combined_validator(versions),
            self._freshness.most_restrictive([one.directives for one in versions]),
            min(one.purge_watermark for one in versions),
            _latest_modified(versions),
        )


@asynccontextmanager
async def _open_reference(reference: Reference, opener: Opener[Loaded]) -> AsyncIterator[Loaded]:
    """A failure says which of them it was; of the original that needs no saying."""
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


def _combined_validator(versions: Sequence[OriginalVersion]) -> str:
    digests = (sha256(one.validator.encode(errors="surrogatepass")).digest() for one in versions)
    return sha256(b"".join(digests)).hexdigest()


def _latest_modified(versions: Sequence[OriginalVersion]) -> float:
    """Return when the last of them was modified; 0 (unknown) if that of any is unknown."""
    times = [one.modified for one in versions]
    return max(times) if all(times) else 0.0


def _close_spool(loaded: Original | OriginalVersion) -> None:
    if isinstance(loaded, Original):
        loaded.spool.close()
