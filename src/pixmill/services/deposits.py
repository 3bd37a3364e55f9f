"""A source in front of another one: what was fetched is laid down in a depot, and asked for there first.

Knows a depot, words of sources and how old they are by the clock of the wall, since other servers wrote them down. Must never know where the
depot is. What it has heeds the purges that it heeded when it was fetched, and no others.
"""

import time
from collections.abc import AsyncIterator, Callable, Container
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from pixmill.plan.freshness import SILENT, Freshness, Vouched, promised, repeated
from pixmill.plan.source import SourceRef
from pixmill.ports import Deposit, Depot, Original, Purges, Source, Verdict

TOLERANCE_S: Final = 60.0
"""Clocks of servers that share a depot may differ by this much; what is said to be of later has no age that could be told."""


class Deposited:
    """``ports.Source``. Of the sources that are not worth it (``kinds``) nothing is laid down."""

    def __init__(
        self,
        source: Source,
        depot: Depot,
        freshness: Freshness,
        purges: Purges,
        kinds: Container[str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._source = source
        self._depot = depot
        self._freshness = freshness
        self._purges = purges
        self._kinds = kinds
        self._clock = clock

    async def fetch(self, ref: SourceRef) -> Original:
        """From the depot if its source vouches for it still, or says that it has no other; else anew, once for all servers."""
        if ref.kind not in self._kinds:
            return await self._source.fetch(ref)
        async with self._found(ref) as deposit:
            if deposit is not None and self._is_good(deposit):
                return self._aged(deposit)
            async with self._depot.turn(ref) as waited:
                return await (self._made_by_another(ref) if waited else self._asked(ref, deposit))

    async def refetch(self, ref: SourceRef, known: str) -> Original | Vouched:
        """As the source says; what comes is laid down, and what has not changed is good for longer there."""
        heeds = self._purges.horizon()
        found = await self._source.refetch(ref, known)
        if ref.kind not in self._kinds:
            return found
        if isinstance(found, Original):
            return await self._laid(ref, found, heeds)
        await self._renew(ref, known, found, heeds)
        return found

    async def _renew(self, ref: SourceRef, known: str, now: Vouched, heeds: float) -> None:
        """Lay down once more what its source has just vouched for, so that other servers need not ask. What is asked about every time is not
        worth it: each answer would cost a file.
        """
        if now != SILENT and now.may_keep and not self._freshness.ttl(now):
            return
        async with self._found(ref) as deposit:
            if deposit is None or deposit.original.validator != known:
                return
            vouched = repeated(deposit.original.vouched, now)
            if not vouched.may_keep or self._freshness.ttl(vouched):
                await self._laid(ref, replace(deposit.original, vouched=vouched), heeds)

    async def _made_by_another(self, ref: SourceRef) -> Original:
        """What somebody has laid down for whom we waited; if that came to nothing it is for us to ask."""
        async with self._found(ref) as deposit:
            if deposit is not None and self._is_good(deposit):
                return self._aged(deposit)
            return await self._asked(ref, deposit)

    @asynccontextmanager
    async def _found(self, ref: SourceRef) -> AsyncIterator[Deposit | None]:
        """What no purge concerns; whoever goes on with its bytes shares them."""
        deposit = await self._depot.find(ref)
        if deposit is None:
            yield None
            return
        with deposit.original.spool:
            if not self._is_gone(deposit):
                yield deposit
                return
        await self._depot.forget(ref)
        yield None

    def _is_gone(self, deposit: Deposit) -> bool:
        return self._purges.verdict(deposit.sources, deposit.tags, deposit.heeds) is Verdict.GONE

    def _is_good(self, deposit: Deposit) -> bool:
        """Whether its source vouches for it still, and no purge has made that doubtful since."""
        age_s = self._clock() - deposit.checked_at
        return deposit.heeds >= self._purges.newest and -TOLERANCE_S < age_s < self._freshness.ttl(
            deposit.original.vouched
        )

    def _aged(self, deposit: Deposit) -> Original:
        """With what remains of its source's word."""
        age_s = max(0.0, self._clock() - deposit.checked_at)
        original = deposit.original
        vouched = self._freshness.remaining(original.vouched, age_s)
        return replace(original, spool=original.spool.share(), vouched=vouched)

    async def _asked(self, ref: SourceRef, deposit: Deposit | None) -> Original:
        heeds = self._purges.horizon()
        if deposit is None or self._is_gone(deposit):  # it may have been purged while its turn was waited for
            return await self._laid(ref, await self._source.fetch(ref), heeds)
        old = deposit.original
        found = await self._source.refetch(ref, old.validator)
        if isinstance(found, Original):
            return await self._laid(ref, found, heeds)
        vouched = repeated(old.vouched, found)
        return await self._laid(ref, replace(old, spool=old.spool.share(), vouched=vouched), heeds)

    async def _laid(self, ref: SourceRef, original: Original, heeds: float) -> Original:
        """Laid down if it may be, and not there any more if it may not."""
        vouched = promised(ref.version, original.vouched)
        original = replace(original, vouched=vouched, sources=(ref.text,), heeds=heeds)
        if not original.vouched.may_keep:
            await self._depot.forget(ref)
            return original
        at = self._clock()
        kept_until = self._freshness.lifetime(at, original.vouched).kept_until
        await self._depot.keep(ref, Deposit(original, at, kept_until))
        return original
