"""Originals in a folder, as the services see it: a place that never fails, and turns among those who share it.

Knows the tier with its guard and its queue, and names originals. Bodies that are let go of are closed when nobody refers to them any more:
what waits to be written may be read meanwhile.
"""

from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from hashlib import sha256
from time import time

from pixmill.cache.behind import Behind
from pixmill.cache.tier import Absent
from pixmill.cache.turns import SharedTurns
from pixmill.plan.key import Key
from pixmill.plan.source import SourceRef
from pixmill.ports import Deposit, Event, Observer


class FolderDepot:
    """``ports.Depot``."""

    def __init__(self, tier: Behind[Deposit], turns: SharedTurns, observer: Observer) -> None:
        self._tier = tier
        self._turns = turns
        self._observer = observer

    async def find(self, ref: SourceRef) -> Deposit | None:
        try:
            found = await self._tier.get(key_of(ref))
        except Exception:  # noqa: BLE001  (whatever is wrong with the folder, the source is asked)
            self._looked("error")
            self._failed("get")
            return None
        if isinstance(found, Absent):
            self._looked(found.value)
            return None
        if found.kept_until <= time():
            self._looked("miss")
            return None
        self._looked("hit")
        return _shared(found)

    async def keep(self, ref: SourceRef, deposit: Deposit) -> None:
        if deposit.size:
            await self._tier.put(key_of(ref), _shared(deposit))

    async def forget(self, ref: SourceRef) -> None:
        try:
            await self._tier.delete(key_of(ref))
        except Exception:  # noqa: BLE001  (it is judged again when it is met again)
            self._failed("delete")

    def turn(self, ref: SourceRef) -> AbstractAsyncContextManager[bool]:
        return self._turns.turn(key_of(ref))

    def _looked(self, outcome: str) -> None:
        self._observer.counted(Event.CACHE_LOOKUP, tier=self._tier.name, outcome=outcome)

    def _failed(self, operation: str) -> None:
        self._observer.counted(Event.CACHE_ERROR, tier=self._tier.name, operation=operation)


def key_of(ref: SourceRef) -> Key:
    """Under which an original is kept."""
    return Key(sha256(f"{ref.kind}\n{ref.identity}".encode(errors="surrogatepass")).hexdigest())


def _shared(deposit: Deposit) -> Deposit:
    return replace(deposit, original=replace(deposit.original, spool=deposit.original.spool.share()))
