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

from pixmill.errors import PixmillError, SourceError
from pixmill.plan.freshness import Freshness, promised, repeated
from pixmill.plan.ops import Plan
from pixmill.plan.references import Reference, references
from pixmill.plan.source import SourceRef
from pixmill.ports import NEVER, Event, Observer, Original, Purges, Seen, Source, Verdict
from pixmill.services.originals import NOWHERE, Originals
from pixmill.services.records import Records
from pixmill.services.refusals import UNREMEMBERED, Refusals
from pixmill.services.singleflight import Flights

Found = TypeVar("Found", Original, Original | Seen)
Opening = Callable[[SourceRef], AbstractAsyncContextManager[Found]]


class Materials:
    """Fetches each picture once for all who need it at the same time, and holds it while anybody does."""

    def __init__(
        self,
        source: Source,
        freshness: Freshness,
        observer: Observer,
        coming: Callable[[], AbstractContextManager[None]],
        *,
        purges: Purges = NEVER,
        originals: Originals = NOWHERE,
        refusals: Refusals = UNREMEMBERED,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``coming`` is the engine's: it tells at once when there is no use in fetching. ``clock`` is never put back."""
        self._source = source
        self._freshness = freshness
        self._observer = observer
        self._coming = coming
        self._purges = purges
        self._originals = originals
        self._refusals = refusals
        self._records = Records(freshness, clock)
        self._flights: Flights[tuple[SourceRef, float], Original | Seen] = Flights(dispose=_close)
        self._downloads: Flights[tuple[SourceRef, float], Original] = Flights(dispose=_close)

    @asynccontextmanager
    async def original(self, ref: SourceRef) -> AsyncIterator[Original]:
        """One picture. Raises SourceError, Forbidden, QueueFull. What is asked for after a purge is not what was under way before."""
        flight = (ref, self._purges.newest)
        async with self._flights.join(flight, lambda: self._fetched(ref)) as (found, shared):
            if shared:
                self._observer.counted(Event.FLIGHT_SHARED, kind="fetch")
            if isinstance(found, Original):
                yield found
                return
            async with self._downloads.join(flight, lambda: self._fetched(ref)) as (original, _):
                yield original

    @asynccontextmanager
    async def version(self, ref: SourceRef, plan: Plan, known: Seen | None = None) -> AsyncIterator[Seen]:
        """Which version there is now of the original and of all that the plan refers to; ``known`` is the last that one knows of.

        The sources are asked only for what they do not vouch for any more, and no bytes come of what has not changed. What does come
        is held: whoever needs it in here has it.
        """
        async with AsyncExitStack() as held:
            others = references(plan)
            if not others:
                yield _version(await held.enter_async_context(self._seen(ref, known)))
                return
            found = await self._all(held, [Reference(ref, "", ""), *others], self._seen)
            yield Seen(
                _validator(found),
                self._freshness.weakest([one.vouched for one in found]),
                min(one.heeds for one in found),
                _modified(found),
            )

    @asynccontextmanager
    async def of(self, ref: SourceRef, *plans: Plan) -> AsyncIterator[Original]:
        """The original with all that these plans refer to; it is as fresh as the least fresh of them."""
        wanted = references(*plans)
        if not wanted:
            async with self.original(ref) as original:
                yield original
            return
        async with AsyncExitStack() as held:
            original, *others = await self._all(held, [Reference(ref, "", ""), *wanted], self.original)
            yield self._joined(original, others)

    @asynccontextmanager
    async def beside(self, plan: Plan) -> AsyncIterator[Sequence[Original]]:
        """What the plan refers to, without the original."""
        async with AsyncExitStack() as held:
            yield await self._all(held, references(plan), self.original)

    @asynccontextmanager
    async def _seen(self, ref: SourceRef, known: Seen | None = None) -> AsyncIterator[Original | Seen]:
        record = self.good(ref)
        if record is not None:
            yield record
            return
        async with self._flights.join((ref, self._purges.newest), lambda: self._look(ref, known)) as (found, _):
            yield found

    def good(self, ref: SourceRef) -> Seen | None:
        """What the source vouches for still; after any purge it is asked again."""
        record = self._records.good(ref)
        if record is None or record.heeds < self._purges.newest:
            return None
        return replace(record, vouched=promised(ref.version, record.vouched)) if ref.version else record

    async def _look(self, ref: SourceRef, known: Seen | None) -> Original | Seen:
        """Ask the source for another version than the last one known."""
        before = self._records.last(ref) or known
        return await self._fetched(ref) if before is None else await self._checked(ref, before)

    async def _checked(self, ref: SourceRef, before: Seen) -> Original | Seen:
        heeds = self._purges.horizon()
        with self._patiently(ref, heeds):
            found = await self._source.refetch(ref, before.validator)
        if isinstance(found, Original):
            return self._noted(ref, found, heeds)
        vouched = promised(ref.version, repeated(before.vouched, found))
        seen = Seen(before.validator, vouched, heeds, before.modified)
        self._records.note(ref, seen)
        return seen

    async def _fetched(self, ref: SourceRef) -> Original:
        """The one that was kept if its source vouches for it, or says that it has no other; else a new one."""
        kept = self._kept(ref)
        if kept is None:
            heeds = self._purges.horizon()
            with self._patiently(ref, heeds), self._coming():
                return self._noted(ref, await self._source.fetch(ref), heeds)
        with kept.spool:
            found: Original | Seen | None = self.good(ref)
            if found is None or found.validator != kept.validator:
                found = await self._checked(ref, _version(kept))
            if isinstance(found, Original):
                return found
            return replace(kept, spool=kept.spool.share(), vouched=found.vouched, heeds=found.heeds)

    def _kept(self, ref: SourceRef) -> Original | None:
        """What was kept of this source and no purge concerns, in a spool that is the caller's."""
        kept = self._originals.find(ref)
        if kept is not None and self._purges.verdict(kept.sources, kept.tags, kept.heeds) is Verdict.GONE:
            self._originals.forget(ref)
            kept = None
        return None if kept is None else replace(kept, spool=kept.spool.share())

    @contextmanager
    def _patiently(self, ref: SourceRef, heeds: float) -> Iterator[None]:
        """The source is not asked if it refused a moment ago."""
        self._refusals.check(ref, self._purges.newest)
        try:
            yield
        except SourceError as error:
            self._refusals.note(ref, error, heeds)
            raise

    def _noted(self, ref: SourceRef, original: Original, heeds: float) -> Original:
        """The original with what its entries need, kept, and the word of its source on record. One that comes from a depot heeds what it did."""
        vouched = promised(ref.version, original.vouched)
        original = replace(original, vouched=vouched, sources=(ref.text,), heeds=original.heeds or heeds)
        self._records.note(ref, original)
        self._originals.keep(ref, original)
        return original

    async def _all(self, held: AsyncExitStack, wanted: Sequence[Reference], opening: Opening[Found]) -> list[Found]:
        """All at once. When one cannot be had nobody waits for the others."""
        tasks = [asyncio.create_task(held.enter_async_context(_named(one, opening))) for one in wanted]
        try:
            return await asyncio.gather(*tasks)
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise

    def _joined(self, original: Original, others: Sequence[Original]) -> Original:
        everything = (original, *others)
        return Original(
            original.spool,
            _validator(everything),
            self._freshness.weakest([one.vouched for one in everything]),
            tuple(one.spool for one in others),
            sources=tuple(source for one in everything for source in one.sources),
            tags=tuple(dict.fromkeys(tag for one in everything for tag in one.tags)),
            heeds=min(one.heeds for one in everything),
            modified=_modified(everything),
        )


@asynccontextmanager
async def _named(reference: Reference, opening: Opening[Found]) -> AsyncIterator[Found]:
    """A failure says which of them it was; of the original that needs no saying."""
    async with AsyncExitStack() as held:
        try:
            found = await held.enter_async_context(opening(reference.source))
        except PixmillError as error:
            if not reference.param:
                raise
            raise error.about(reference.name, reference.param) from error
        yield found


def _version(found: Original | Seen) -> Seen:
    return found if isinstance(found, Seen) else Seen(found.validator, found.vouched, found.heeds, found.modified)


def _validator(everything: Sequence[Original | Seen]) -> str:
    """Changes when that of any of them does."""
    digests = (sha256(one.validator.encode(errors="surrogatepass")).digest() for one in everything)
    return sha256(b"".join(digests)).hexdigest()


def _modified(everything: Sequence[Original | Seen]) -> float:
    """When the last of them was; not known if it is not of one."""
    times = [one.modified for one in everything]
    return max(times) if all(times) else 0.0


def _close(found: Original | Seen) -> None:
    if isinstance(found, Original):
        found.spool.close()
