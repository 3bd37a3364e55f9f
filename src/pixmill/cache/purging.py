"""Purging: what is asked for here is in force here at once, is written up, and is heard of by all who share a place with us.

Knows the rules, the boards where they are written, and the tiers from which what is gone is removed in the background.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import time
from typing import Final

from pixmill.cache.rules import Rules
from pixmill.cache.slips import Board
from pixmill.cache.tier import Purgeable
from pixmill.errors import StoreError
from pixmill.plan.purge import Purge, Target
from pixmill.ports import Event, Observer, Purged, Traced, Unobserved, Verdict

BOARD_LIMIT_S: Final = 5.0
RESUMED_S: Final = 86_400.0
"""What was purged within a day before the start is looked for once more: the last run may have been ended before it was through."""

_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class _Sweep:
    """Tiers that are gone through; ``pending`` is set when there is something new to look for."""

    tiers: list[Purgeable]
    pending: asyncio.Event = field(default_factory=asyncio.Event)


async def _at_once() -> None:
    """Nothing is being written."""


class Purging:
    """``ports.Purger`` over rules, boards and tiers.

    Memory is swept at once; our ``own`` tiers behind that, also when another server has purged; ``remote`` ones by who purges only.
    Before a sweep ``settle`` waits for what is being written.
    """

    def __init__(
        self,
        rules: Rules,
        boards: Sequence[Board] = (),
        *,
        memory: Sequence[Purgeable] = (),
        own: Sequence[Purgeable] = (),
        remote: Sequence[Purgeable] = (),
        settle: Callable[[], Awaitable[None]] = _at_once,
        observer: Observer | None = None,
    ) -> None:
        self._rules = rules
        self._boards = list(boards)
        self._memory = tuple(memory)
        self._own, self._remote = _Sweep(list(own)), _Sweep(list(remote))
        self._settle = [settle]
        self._observer = observer or Unobserved()
        self._removed: dict[str, int] = {}
        self._unwell: set[str] = set()
        self._agreed: dict[str, tuple[Sequence[Purge], Sequence[Purge]]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def include(self, tier: Purgeable, board: Board, settle: Callable[[], Awaitable[None]]) -> None:
        """One more of our own, with what goes with it; before it is opened."""
        self._own.tiers.append(tier)
        self._boards.append(board)
        self._settle.append(settle)

    async def open(self) -> None:
        """Hear of what was purged before the first request is answered; a board that cannot be read is asked again later."""
        await self.hear()
        if self._rules.newest > time() - RESUMED_S:
            self._own.pending.set()
        self._tasks = [asyncio.create_task(self._follow(board), name=f"{board.name}-purges") for board in self._boards]
        self._tasks += [asyncio.create_task(self._sweep(sweep)) for sweep in (self._own, self._remote) if sweep.tiers]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for board in self._boards:
            with suppress(StoreError):
                await board.close()

    async def hear(self) -> None:
        """Take in what others have purged, now; otherwise that happens every few seconds."""
        await asyncio.gather(*map(self._meet, self._boards))

    async def purge(self, targets: Sequence[Target]) -> Purged:
        """See ``ports.Purger``."""
        purges = self._rules.issue(targets)
        for target in targets:
            self._observer.counted(Event.PURGE, kind=target.scope)
        removed = await self._remove(self._memory)
        self._own.pending.set()
        self._remote.pending.set()
        written = await asyncio.gather(*(self._attempt(board, board.write(purges)) for board in self._boards))
        missed = tuple(board.name for board, well in zip(self._boards, written, strict=True) if not well)
        return Purged(rules=len(purges), removed=removed, unwritten=missed)

    def rules(self) -> Sequence[Purge]:
        """All that are in force, the oldest first."""
        return self._rules.listed()

    def removed(self) -> Mapping[str, int]:
        """How many entries were removed since the start, by tier."""
        return dict(self._removed)

    def sweeping(self) -> bool:
        """Whether what was purged is still being looked for."""
        return any(sweep.tiers and sweep.pending.is_set() for sweep in (self._own, self._remote))

    async def _follow(self, board: Board) -> None:
        while True:
            await asyncio.sleep(board.poll_s)
            await self._meet(board)

    async def _meet(self, board: Board) -> None:
        await self._attempt(board, self._exchange(board))

    async def _exchange(self, board: Board) -> None:
        """Hear what is new on a board, and write there what is missing."""
        found = await board.read()
        if self._agreed.get(board.name) == (found, self._rules.listed()):
            return  # as at the last look, when nothing was missing
        if news := self._rules.merge(found):
            await self._heard(news)
        rules, known = self._rules.listed(), set(found)
        if missing := [rule for rule in rules if rule not in known]:
            await board.write(missing)
        await board.tidy(rules)
        if not missing:
            self._agreed[board.name] = found, rules

    async def _heard(self, news: Iterable[Purge]) -> None:
        if any(purge.target.hard for purge in news):
            await self._remove(self._memory)
            self._own.pending.set()

    async def _attempt(self, board: Board, work: Awaitable[None]) -> bool:
        """Whether it was done, in its time. What changes is logged; a board that fails is one that hears of it later."""
        try:
            async with asyncio.timeout(BOARD_LIMIT_S):
                await work
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a board, the purge is in force here
            self._observer.counted(Event.CACHE_ERROR, tier=board.name, operation="purges")
            if board.name not in self._unwell:
                self._unwell.add(board.name)
                detail = error.detail if isinstance(error, StoreError) else repr(error)
                _LOG.warning("Purges cannot be written to %s or read from there: %s", board.name, detail)
            return False
        if board.name in self._unwell:
            self._unwell.remove(board.name)
            _LOG.info("Purges are written to %s and read from there again", board.name)
        return True

    async def _sweep(self, sweep: _Sweep) -> None:
        while True:
            await sweep.pending.wait()
            upto = self._rules.newest
            await asyncio.gather(*(settle() for settle in self._settle))
            await self._remove(sweep.tiers)
            if self._rules.newest == upto:
                sweep.pending.clear()

    async def _remove(self, tiers: Iterable[Purgeable]) -> int:
        """Remove what is gone; how much that was. A tier that fails is left to lose it when it is met."""
        total = 0
        for tier in tiers:
            try:
                removed = await tier.purge(self._is_gone)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one tier, the next one is swept
                self._observer.counted(Event.CACHE_ERROR, tier=tier.name, operation="purge")
                _LOG.warning("What was purged could not be removed from %s: %r", tier.name, error)
                continue
            total += removed
            self._removed[tier.name] = self._removed.get(tier.name, 0) + removed
            self._observer.counted(Event.PURGED, removed, tier=tier.name)
        return total

    def _is_gone(self, item: Traced) -> bool:
        return self._rules.verdict(item.sources, item.tags, item.heeds) is Verdict.GONE
