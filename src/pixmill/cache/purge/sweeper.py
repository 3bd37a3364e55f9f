"""Removal of purged entries from tiers, in the background.

Knows which rules a tier was not swept for yet, and when to sweep it. Rules hold without it: a tier that fails, or was
not swept, returns entries that are then not served.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import time
from typing import Final

from pixmill.cache.purge.rules import PurgeRules
from pixmill.cache.purge.selection import PurgeSelection
from pixmill.cache.tier import Purgeable
from pixmill.plan.purge_rule import PurgeRule
from pixmill.ports.observe import Event, Observer

RESUME_WINDOW_S: Final = 86_400.0
"""After a purge within a day before the start the tiers are swept again: the last run may have ended before its sweep.
"""

MAX_DUE: Final = 16_384
"""Rules that a sweep looks for one by one; of more, everything is looked at."""

_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class _Sweep:
    """Tiers swept together, and the rules that they are due for; None for all in force."""

    tiers: list[Purgeable]
    due: list[PurgeRule] | None = field(default_factory=list)
    pending: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, rules: Sequence[PurgeRule] | None) -> None:
        self.due = None if rules is None or self.due is None else [*self.due, *rules]
        if self.due is not None and len(self.due) > MAX_DUE:
            self.due = None
        self.pending.set()

    def take(self) -> list[PurgeRule] | None:
        due, self.due = self.due, []
        return due


class Sweeper:
    """Sweeps memory at once, and the other tiers in two tasks."""

    def __init__(
        self,
        rules: PurgeRules,
        observer: Observer,
        memory_tiers: Sequence[Purgeable],
        local_tiers: Sequence[Purgeable],
        remote_tiers: Sequence[Purgeable],
        drain: Callable[[], Awaitable[None]],
    ) -> None:
        self._rules = rules
        self._observer = observer
        self._memory = _Sweep(list(memory_tiers))
        self._local, self._remote = _Sweep(list(local_tiers)), _Sweep(list(remote_tiers))
        self._drains = [drain]
        self._removed: dict[str, int] = {}

    def add_local_tier(self, tier: Purgeable, drain: Callable[[], Awaitable[None]]) -> None:
        self._local.tiers.append(tier)
        self._drains.append(drain)

    def leave_folders(self) -> None:
        self._local.tiers.clear()

    def start(self) -> list[asyncio.Task[None]]:
        """Return the tasks that sweep; after a recent purge local tiers are swept for all rules."""
        if self._rules.newest > time() - RESUME_WINDOW_S:
            self._local.add(None)
        sweeps = (self._memory, self._local, self._remote)
        return [asyncio.create_task(self._run(sweep)) for sweep in sweeps if sweep.tiers]

    def removed_by_tier(self) -> Mapping[str, int]:
        return dict(self._removed)

    def is_sweeping(self) -> bool:
        return any(sweep.tiers and sweep.pending.is_set() for sweep in (self._memory, self._local, self._remote))

    async def sweep_memory(self, selection: PurgeSelection) -> int:
        """Remove purged entries from memory; returns their number."""
        return await self._remove(self._memory.tiers, selection)

    def add_issued(self, rules: Sequence[PurgeRule]) -> None:
        """Sweep what other servers do not: remote tiers too."""
        self._local.add(rules)
        self._remote.add(rules)

    def add_learned(self, rules: Sequence[PurgeRule] | None) -> None:
        """Sweep what is this server's own; for all rules in force if there is no list."""
        if rules is None or any(rule.hard for rule in rules):
            self._memory.add(rules)
            self._local.add(rules)

    async def _run(self, sweep: _Sweep) -> None:
        while True:
            await sweep.pending.wait()
            due = sweep.take()
            if sweep is not self._memory:
                await asyncio.gather(*(drain() for drain in self._drains))
            selection = PurgeSelection(self._rules, due)
            if selection.new is None or selection.new:
                await self._remove(sweep.tiers, selection)
            if sweep.due == []:
                sweep.pending.clear()

    async def _remove(self, tiers: Iterable[Purgeable], selection: PurgeSelection) -> int:
        """Remove hard-purged entries; returns their number. A tier that fails rejects them when they are read."""
        total = 0
        for tier in tiers:
            try:
                removed = await tier.purge(selection)
            except Exception as error:  # noqa: BLE001 - a failing tier must not keep the next one from its sweep
                self._observer.increment(Event.CACHE_ERROR, tier=tier.name, operation="purge")
                _LOG.warning("Purged entries could not be removed from %s: %r", tier.name, error)
                continue
            total += removed
            self._removed[tier.name] = self._removed.get(tier.name, 0) + removed
            self._observer.increment(Event.PURGED, removed, tier=tier.name)
        return total
