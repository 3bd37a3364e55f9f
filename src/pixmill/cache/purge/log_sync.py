"""One purge log, kept in step with the rules of this server.

Knows what the log lacks, and that it may fail. Must never know tiers, nor other servers.
"""

import asyncio
import logging
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from time import monotonic
from typing import Final

from pixmill.cache.purge.rules import PurgeRules
from pixmill.cache.purge_log import PurgeLog, SequencedLog
from pixmill.errors import StoreError
from pixmill.plan.purge_rule import PurgeRule
from pixmill.ports.observe import Event, Observer

SYNC_TIMEOUT_S: Final = 5.0
"""Time without progress after which a log counts as failed."""

MAX_PENDING: Final = 16_384
"""Rules that a log lacks, as they are kept; of more, all are compared when it works again."""

_BATCH: Final = 5_000
"""Rules between two turns of the event loop: some milliseconds."""

_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class Learned:
    """Rules that this server did not know before; ``is_cut_off``: there were more than are listed."""

    rules: list[PurgeRule] = field(default_factory=list)
    is_cut_off: bool = False

    def add(self, rules: Sequence[PurgeRule]) -> None:
        self.is_cut_off |= len(self.rules) + len(rules) > MAX_PENDING
        if not self.is_cut_off:
            self.rules += rules


class LogSync:
    """Reads a log, and writes what it lacks. Its methods never raise."""

    def __init__(self, log: PurgeLog, rules: PurgeRules, observer: Observer, title: str = "") -> None:
        """``title``: the log as operators know it; by default a cache tier."""
        self.log = log
        self._title = title or f"the cache tier {log.name} (PIXMILL_CACHE)"
        self.sequenced: SequencedLog | None = log if isinstance(log, SequencedLog) else None
        self.read_at = 0.0
        """Monotonic time at which the last complete read began; 0 before the first."""
        self.tried_at = 0.0
        """Monotonic time at which the last read began, also if it failed."""
        self._rules = rules
        self._observer = observer
        self._lock = asyncio.Lock()
        self._pending: dict[bytes, PurgeRule] = {}
        self._is_failing = False

    @property
    def name(self) -> str:
        return self.log.name

    def add_pending(self, rules: Iterable[PurgeRule], *, is_cut_off: bool = False) -> None:
        """Remember rules that the log may lack: they are written after its next read, unless that returns them.

        If they are cut off, or too many, the whole log is read again and compared.
        """
        self._pending |= {rule.id: rule for rule in rules}
        if is_cut_off or len(self._pending) > MAX_PENDING:
            self._pending = {}
            self.log.rewind()

    async def sync(self) -> Learned:
        """Read what is new, write what is lacking; return the rules that this server did not know."""
        learned = Learned()
        async with self._lock:
            await self._attempt(self._sync(learned), timeout_s=None)
        return learned

    async def write(self, rules: Sequence[PurgeRule]) -> Sequence[PurgeRule] | None:
        """Write rules that were just issued; return them with their times in the log, None if it failed."""
        written: list[PurgeRule] = []
        if not await self._attempt(self._write(rules, written), timeout_s=SYNC_TIMEOUT_S):
            self.add_pending(rules)
            return None
        return written

    async def trim(self, marker: PurgeRule) -> None:
        """Replace the rules up to the marker."""
        await self._attempt(self.log.trim(marker), timeout_s=SYNC_TIMEOUT_S)

    async def _sync(self, learned: Learned) -> None:
        self.tried_at = started = monotonic()
        logged = await self._read(learned)
        if self.sequenced:
            self._rules.clock_offset_s = min(0.0, self.sequenced.clock_offset_s)
        self.read_at = started
        if logged is not None:
            await self._write_missing(logged)
        if self._pending:
            pending = list(self._pending.values())
            async with asyncio.timeout(SYNC_TIMEOUT_S):
                await self._write([rule for rule in pending if self._rules.is_in_force(rule)], [])
            self._drop_pending(pending)
        async with asyncio.timeout(SYNC_TIMEOUT_S):
            await self.log.compact(self._rules.is_in_force)

    async def _read(self, learned: Learned) -> PurgeRules | None:
        """Apply what is new; return all that the log holds if it is read completely."""
        logged: PurgeRules | None = None
        parts = self.log.read()
        while True:
            async with asyncio.timeout(SYNC_TIMEOUT_S):
                part = await anext(parts, None)
            if part is None:
                return logged
            if part.complete:
                logged = PurgeRules()
            for first in range(0, len(part.rules), _BATCH):
                batch = part.rules[first : first + _BATCH]
                learned.add(self._rules.merge(batch))
                self._drop_pending(batch)
                if logged is not None:
                    logged.merge(batch)
                await asyncio.sleep(0)

    async def _write(self, rules: Sequence[PurgeRule], written: list[PurgeRule]) -> None:
        if rules:
            written += await self.log.write(rules)
            self._rules.merge(written)

    async def _write_missing(self, logged: PurgeRules) -> None:
        """Write all rules in force that the log does not have."""
        rules = (rule for rule in self._rules.rules() if logged.needs(rule))
        missing: list[PurgeRule] = []
        while batch := list(islice(rules, _BATCH)):
            missing += batch
            await asyncio.sleep(0)
        if missing:
            async with asyncio.timeout(SYNC_TIMEOUT_S + len(missing) / _BATCH):
                await self._write(missing, [])
        self._drop_pending(list(self._pending.values()))

    def _drop_pending(self, rules: Iterable[PurgeRule]) -> None:
        if self._pending:
            for rule in rules:
                if rule.id in self._pending and self._pending[rule.id].at <= rule.at:
                    del self._pending[rule.id]

    async def _attempt(self, work: Awaitable[None], timeout_s: float | None) -> bool:
        """Whether it succeeded in time. Logs changes of state; a log that fails gets the purge at a later poll."""
        try:
            async with asyncio.timeout(timeout_s):
                await work
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a purge log, the purge is in force here
            self._observer.increment(Event.CACHE_ERROR, tier=self.name, operation="purge_log")
            if not self._is_failing:
                self._is_failing = True
                detail = error.detail if isinstance(error, StoreError) else repr(error)
                _LOG.warning("Purges are not shared over %s: %s", self._title, detail)
            return False
        if self._is_failing:
            self._is_failing = False
            _LOG.info("Purges are shared over %s again", self._title)
        return True
