"""Purge service: a purge is in force on this server at once, is logged, and reaches every server that shares a purge
log.

Knows the rules, the purge logs, and the tiers from which purged entries are removed in the background. Must never know
what a tier is made of.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import time
from typing import Final

from pixmill.cache.purge.rules import PurgeRules
from pixmill.cache.purge_log import PurgeLog
from pixmill.cache.tier import Purgeable
from pixmill.errors import StoreError
from pixmill.plan.purge import Purge, PurgeTarget
from pixmill.ports.observe import Event, NullObserver, Observer
from pixmill.ports.values import HasPurgeKeys, PurgeMatch, PurgeResult

SYNC_TIMEOUT_S: Final = 5.0
RESUME_WINDOW_S: Final = 86_400.0
"""After a purge within a day before the start the tiers are swept again: the last run may have ended before its sweep.
"""

_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class _Sweep:
    """Tiers swept together; ``pending`` is set when there are new purges."""

    tiers: list[Purgeable]
    pending: asyncio.Event = field(default_factory=asyncio.Event)


async def _nothing_pending() -> None:
    """Returns at once: no tier has pending writes."""


class PurgeService:
    """``ports.Purger`` over rules, purge logs and tiers.

    * Memory tiers are swept before ``purge`` returns.
    * Local tiers are swept in the background, also after a purge of another server.
    * Remote tiers are swept in the background by the server that received the purge, and no other.

    Before a sweep ``drain`` waits for pending writes.
    """

    def __init__(
        self,
        rules: PurgeRules,
        purge_logs: Sequence[PurgeLog] = (),
        *,
        memory_tiers: Sequence[Purgeable] = (),
        local_tiers: Sequence[Purgeable] = (),
        remote_tiers: Sequence[Purgeable] = (),
        drain: Callable[[], Awaitable[None]] = _nothing_pending,
        observer: Observer | None = None,
    ) -> None:
        self._rules = rules
        self._purge_logs = list(purge_logs)
        self._memory_tiers = tuple(memory_tiers)
        self._local_sweep, self._remote_sweep = _Sweep(list(local_tiers)), _Sweep(list(remote_tiers))
        self._drains = [drain]
        self._observer = observer or NullObserver()
        self._removed: dict[str, int] = {}
        self._failing: set[str] = set()
        self._synced: dict[str, tuple[Sequence[Purge], Sequence[Purge]]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def add_local_tier(self, tier: Purgeable, purge_log: PurgeLog, drain: Callable[[], Awaitable[None]]) -> None:
        """Add a local tier with its purge log and its pending writes; call it before ``open``."""
        self._local_sweep.tiers.append(tier)
        self._purge_logs.append(purge_log)
        self._drains.append(drain)

    async def open(self) -> None:
        """Read the purge logs before the first request is answered; one that fails is read again later."""
        await self.pull()
        if self._rules.latest > time() - RESUME_WINDOW_S:
            self._local_sweep.pending.set()
        self._tasks = [
            asyncio.create_task(self._poll(purge_log), name=f"{purge_log.name}-purges")
            for purge_log in self._purge_logs
        ]
        self._tasks += [
            asyncio.create_task(self._sweep(sweep)) for sweep in (self._local_sweep, self._remote_sweep) if sweep.tiers
        ]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for purge_log in self._purge_logs:
            with suppress(StoreError):
                await purge_log.close()

    async def pull(self) -> None:
        """Apply the purges of other servers now; otherwise that happens at every poll."""
        await asyncio.gather(*map(self._sync, self._purge_logs))

    async def purge(self, targets: Sequence[PurgeTarget]) -> PurgeResult:
        """See ``ports.Purger``."""
        purges = self._rules.issue(targets)
        for target in targets:
            self._observer.increment(Event.PURGE, kind=target.scope)
        removed = await self._remove(self._memory_tiers)
        self._local_sweep.pending.set()
        self._remote_sweep.pending.set()
        results = await asyncio.gather(
            *(self._attempt(purge_log, purge_log.write(purges)) for purge_log in self._purge_logs)
        )
        unsynced = tuple(purge_log.name for purge_log, ok in zip(self._purge_logs, results, strict=True) if not ok)
        return PurgeResult(issued=len(purges), removed=removed, unsynced=unsynced)

    def active_purges(self) -> Sequence[Purge]:
        """Returns all purges in force, the oldest first."""
        return self._rules.sorted_rules()

    def removed_by_tier(self) -> Mapping[str, int]:
        """Returns the number of entries removed since the start, by tier."""
        return dict(self._removed)

    def is_sweeping(self) -> bool:
        """Whether a sweep is running or due."""
        return any(sweep.tiers and sweep.pending.is_set() for sweep in (self._local_sweep, self._remote_sweep))

    async def _poll(self, purge_log: PurgeLog) -> None:
        while True:
            await asyncio.sleep(purge_log.poll_s)
            await self._sync(purge_log)

    async def _sync(self, purge_log: PurgeLog) -> None:
        await self._attempt(purge_log, self._sync_once(purge_log))

    async def _sync_once(self, purge_log: PurgeLog) -> None:
        """Apply new rules of a purge log, and write the rules that it lacks."""
        found = await purge_log.read()
        if self._synced.get(purge_log.name) == (found, self._rules.sorted_rules()):
            return  # nothing changed since the last poll, when nothing was missing
        if new_rules := self._rules.merge(found):
            await self._apply(new_rules)
        rules, logged = self._rules.sorted_rules(), set(found)
        if missing := [rule for rule in rules if rule not in logged]:
            await purge_log.write(missing)
        await purge_log.compact(rules)
        if not missing:
            self._synced[purge_log.name] = found, rules

    async def _apply(self, new_rules: Iterable[Purge]) -> None:
        if any(purge.target.hard for purge in new_rules):
            await self._remove(self._memory_tiers)
            self._local_sweep.pending.set()

    async def _attempt(self, purge_log: PurgeLog, work: Awaitable[None]) -> bool:
        """Whether it succeeded in time. Logs changes of state; a log that fails gets the purge at a later poll."""
        try:
            async with asyncio.timeout(SYNC_TIMEOUT_S):
                await work
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a purge log, the purge is in force here
            self._observer.increment(Event.CACHE_ERROR, tier=purge_log.name, operation="purge_log")
            if purge_log.name not in self._failing:
                self._failing.add(purge_log.name)
                detail = error.detail if isinstance(error, StoreError) else repr(error)
                _LOG.warning("Purges are not shared over the cache tier %s (PIXMILL_CACHE): %s", purge_log.name, detail)
            return False
        if purge_log.name in self._failing:
            self._failing.remove(purge_log.name)
            _LOG.info("Purges are shared over the cache tier %s again", purge_log.name)
        return True

    async def _sweep(self, sweep: _Sweep) -> None:
        while True:
            await sweep.pending.wait()
            watermark = self._rules.latest
            await asyncio.gather(*(drain() for drain in self._drains))
            await self._remove(sweep.tiers)
            if self._rules.latest == watermark:
                sweep.pending.clear()

    async def _remove(self, tiers: Iterable[Purgeable]) -> int:
        """Remove hard-purged entries; returns their number. A tier that fails rejects them when they are read."""
        total = 0
        for tier in tiers:
            try:
                removed = await tier.purge(self._is_purged)
            except Exception as error:  # noqa: BLE001 - a failing tier must not keep the next one from its sweep
                self._observer.increment(Event.CACHE_ERROR, tier=tier.name, operation="purge")
                _LOG.warning("Purged entries could not be removed from %s: %r", tier.name, error)
                continue
            total += removed
            self._removed[tier.name] = self._removed.get(tier.name, 0) + removed
            self._observer.increment(Event.PURGED, removed, tier=tier.name)
        return total

    def _is_purged(self, item: HasPurgeKeys) -> bool:
        return self._rules.match(item.sources, item.tags, item.purge_watermark) is PurgeMatch.HARD
