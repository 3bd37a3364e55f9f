"""Renders that nobody waits for yet: several of one original at once, in spare time, each kept under its own key.

Knows ports. Must never know HTTP, nor make anything that is being made already, nor keep a request waiting for a set that fails.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Protocol

from pixmill.media import Format
from pixmill.plan.key import Key, result_key
from pixmill.plan.ops import Plan
from pixmill.plan.references import Reference, references
from pixmill.plan.source import SourceRef
from pixmill.ports import MAX_PLANS, Engine, Entry, Original, Rendered
from pixmill.services.results import Results
from pixmill.services.singleflight import Background

MAX_SETS = 4
"""Originals that are held for sets which wait for spare time."""


class House(Protocol):
    """Who serves the requests that sets are made for."""

    def original(self, ref: SourceRef) -> AbstractAsyncContextManager[Original]:
        """The original, held while this is open. Raises SourceError, Forbidden."""

    def materials(self, ref: SourceRef, *plans: Plan) -> AbstractAsyncContextManager[Original]:
        """The same, with all that these plans refer to."""

    def is_under_way(self, key: Key) -> bool:
        """Whether this is being made for somebody."""


class Warming:
    """Sets of renders on their way. ``made`` lets a request have what a set is making for it anyway."""

    def __init__(self, engine: Engine, results: Results, house: House) -> None:
        self._engine = engine
        self._results = results
        self._house = house
        self._coming: dict[Key, asyncio.Future[Entry | None]] = {}
        self._sets = Background(MAX_SETS)

    def start(self, ref: SourceRef, plans: Iterable[Plan], tags: Iterable[str] = ()) -> bool:
        """Make all of these when there is time; False when so many sets are under way that this one is dropped."""
        wanted = {result_key(ref.identity, plan): plan for plan in plans}
        return self._sets.start(lambda: self.make(ref, wanted, tuple(tags)))

    async def close(self) -> None:
        """End all sets; who waits for one of their results makes it alone."""
        await self._sets.close()

    async def made(self, key: Key) -> Entry | None:
        """What a set at work makes under this key; None when none does, or it could not."""
        coming = self._coming.get(key)
        return None if coming is None else await asyncio.shield(coming)

    async def make(self, ref: SourceRef, wanted: Mapping[Key, Plan], tags: tuple[str, ...]) -> Counter[str]:
        """Make what is missing, each job when there is time. How many were ``made``, were ``there`` or on their way, are ``unkept`` because their
        source forbids to keep them, or failed, by code. Raises what befalls all of them: SourceError, Forbidden, EngineError, ImageError.
        """
        missing = {key: plan for key, plan in wanted.items() if await self._results.find(key, tags) is None}
        done = Counter(there=len(wanted) - len(missing))
        if not missing:
            return done
        async with self._house.original(ref) as original:
            if not self._results.is_kept(original):
                return done + Counter(unkept=len(missing))
            for part in _parts(missing):
                async with self._house.materials(ref, *part.values()) as materials, self._engine.spare_time():
                    done += await self._make(materials, part, tags)
        return done

    async def _make(self, original: Original, wanted: dict[Key, Plan], tags: tuple[str, ...]) -> Counter[str]:
        """Spare time has come: from now on these keys are ours, but for those that somebody has asked for by now."""
        plans = {key: plan for key, plan in wanted.items() if self._is_free(key)}
        done = Counter(there=len(wanted) - len(plans))
        if not plans:
            return done
        with self._claimed(plans) as coming:
            results = await self._engine.render_all(original.spool, list(plans.values()), original.extras)
            for (key, future), result in zip(coming.items(), results, strict=True):
                if isinstance(result, Rendered):
                    future.set_result((await self._results.keep(key, result, original, tags))[0])
                done["made" if isinstance(result, Rendered) else result.code] += 1
        return done

    def _is_free(self, key: Key) -> bool:
        return key not in self._coming and not self._house.is_under_way(key)

    @contextmanager
    def _claimed(self, keys: Iterable[Key]) -> Iterator[dict[Key, "asyncio.Future[Entry | None]"]]:
        """What is not there at the end will not come."""
        loop = asyncio.get_running_loop()
        coming: dict[Key, asyncio.Future[Entry | None]] = {key: loop.create_future() for key in keys}
        self._coming |= coming
        try:
            yield coming
        finally:
            for key, future in coming.items():
                del self._coming[key]
                if not future.done():
                    future.set_result(None)


def _parts(plans: dict[Key, Plan]) -> Iterator[dict[Key, Plan]]:
    """One job for each format, so that one with a slow encoder does not keep a worker for as long as all of them would; and
    one for those that need the same pictures, since the validator of each result is made of those of its pictures.
    """
    alike: dict[tuple[tuple[Format, ...], tuple[Reference, ...]], list[Key]] = {}
    for key, plan in plans.items():
        alike.setdefault((plan.output.formats, references(plan)), []).append(key)
    for keys in alike.values():
        for first in range(0, len(keys), MAX_PLANS):
            yield {key: plans[key] for key in keys[first : first + MAX_PLANS]}
