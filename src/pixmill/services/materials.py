"""All the pictures that a result is made of: the original, and those that overlays and masks refer to.

Knows sources, flights and what a plan refers to. Must never know pixels or HTTP.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from hashlib import sha256

from pixmill.errors import PixmillError
from pixmill.plan.freshness import Freshness
from pixmill.plan.ops import Plan
from pixmill.plan.references import Reference, references
from pixmill.plan.source import SourceRef
from pixmill.ports import NEVER, Event, Observer, Original, Purges, Source
from pixmill.services.singleflight import Flights


class Materials:
    """Fetches each picture once for all who need it at the same time, and holds it while anybody does."""

    def __init__(
        self,
        source: Source,
        freshness: Freshness,
        observer: Observer,
        coming: Callable[[], AbstractContextManager[None]],
        purges: Purges = NEVER,
    ) -> None:
        """``coming`` is the engine's: it tells at once when there is no use in fetching."""
        self._source = source
        self._freshness = freshness
        self._observer = observer
        self._coming = coming
        self._purges = purges
        self._flights: Flights[tuple[SourceRef, float], Original] = Flights(dispose=_close)

    @asynccontextmanager
    async def original(self, ref: SourceRef) -> AsyncIterator[Original]:
        """One picture. Raises SourceError, Forbidden, QueueFull. What is asked for after a purge is not what was under way before."""
        async with self._flights.join((ref, self._purges.newest), lambda: self._fetched(ref)) as (original, shared):
            if shared:
                self._observer.counted(Event.FLIGHT_SHARED, kind="fetch")
            yield original

    async def _fetched(self, ref: SourceRef) -> Original:
        heeds = self._purges.horizon()
        with self._coming():
            return replace(await self._source.fetch(ref), sources=(ref.text,), heeds=heeds)

    @asynccontextmanager
    async def of(self, ref: SourceRef, *plans: Plan) -> AsyncIterator[Original]:
        """The original with all that these plans refer to; it is as fresh as the least fresh of them."""
        wanted = references(*plans)
        if not wanted:
            async with self.original(ref) as original:
                yield original
            return
        async with AsyncExitStack() as held:
            original, *others = await self._all(held, [Reference(ref, "", ""), *wanted])
            yield self._joined(original, others)

    @asynccontextmanager
    async def beside(self, plan: Plan) -> AsyncIterator[Sequence[Original]]:
        """What the plan refers to, without the original."""
        async with AsyncExitStack() as held:
            yield await self._all(held, references(plan))

    async def _all(self, held: AsyncExitStack, wanted: Sequence[Reference]) -> list[Original]:
        """All at once. When one cannot be had nobody waits for the others."""
        tasks = [asyncio.create_task(held.enter_async_context(self._named(one))) for one in wanted]
        try:
            return await asyncio.gather(*tasks)
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise

    @asynccontextmanager
    async def _named(self, reference: Reference) -> AsyncIterator[Original]:
        """A failure says which of them it was; of the original that needs no saying."""
        async with AsyncExitStack() as held:
            try:
                original = await held.enter_async_context(self.original(reference.source))
            except PixmillError as error:
                if not reference.param:
                    raise
                raise error.about(reference.name, reference.param) from error
            yield original

    def _joined(self, original: Original, others: Sequence[Original]) -> Original:
        everything = (original, *others)
        said = [one.fresh_s for one in everything]
        return Original(
            original.spool,
            _validator([one.validator for one in everything]),
            None if set(said) == {None} else min(map(self._freshness.vouched, said)),
            tuple(one.spool for one in others),
            sources=tuple(source for one in everything for source in one.sources),
            tags=tuple(dict.fromkeys(tag for one in everything for tag in one.tags)),
            heeds=min(one.heeds for one in everything),
        )


def _validator(validators: Sequence[str]) -> str:
    """Changes when any of them does."""
    digests = (sha256(validator.encode(errors="surrogatepass")).digest() for validator in validators)
    return sha256(b"".join(digests)).hexdigest()


def _close(original: Original) -> None:
    original.spool.close()
