"""Purge service: a purge is in force on this server at once, is logged, and reaches every server that shares a purge
log.

Knows the rules, the purge logs, and the tiers from which purged entries are removed in the background. Must never know
what a tier is made of.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from secrets import token_hex
from time import monotonic, time
from typing import Final

from pixmill.cache.purge.fence import BEAT_S, MAX_GAP_S, PurgeFence
from pixmill.cache.purge.log_sync import SYNC_TIMEOUT_S, Learned, LogSync
from pixmill.cache.purge.rules import PurgeRules
from pixmill.cache.purge.selection import PurgeSelection
from pixmill.cache.purge.sweeper import Sweeper
from pixmill.cache.purge_log import MEMBER_S, Confirmation, PurgeLog
from pixmill.cache.tier import Purgeable
from pixmill.errors import StoreError
from pixmill.plan.freshness import YEAR_S
from pixmill.plan.purge import PurgeTarget
from pixmill.plan.purge_rule import PurgeRule
from pixmill.ports.observe import Event, NullObserver, Observer
from pixmill.ports.purges import PeerUpdates
from pixmill.ports.values import PurgeResult

LEASE_S: Final = MEMBER_S * 0.9
"""Without a sequenced log for this long, other servers may not name this one any more: it fences itself."""

RECONNECT_S: Final = 1.0

Announce = Callable[[Sequence[PurgeRule]], Awaitable[Confirmation]]
"""Tells other processes or servers of purges, and returns who has confirmed them."""


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
        self._observer = observer or NullObserver()
        self._logs = [LogSync(log, rules, self._observer) for log in purge_logs]
        self._sweeper = Sweeper(rules, self._observer, memory_tiers, local_tiers, remote_tiers, drain)
        self.fence = PurgeFence(rules)
        self.server = token_hex(8)
        self._announcers: list[Announce] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._purges: set[asyncio.Task[PurgeResult]] = set()
        self._opened_at = monotonic()

    def add_local_tier(self, tier: Purgeable, purge_log: PurgeLog, drain: Callable[[], Awaitable[None]]) -> None:
        """Add a local tier with its purge log and its pending writes; call it before ``open``."""
        self._sweeper.add_local_tier(tier, drain)
        self._logs.append(LogSync(purge_log, self._rules, self._observer))

    def add_announcer(self, announce: Announce) -> None:
        """Tell others of each purge, beside the logs; they call ``receive``."""
        self._announcers.append(announce)

    def leave_folders(self) -> None:
        """Let another process sweep the folders that it shares with this one; call it before ``open``."""
        self._sweeper.leave_folders()

    def add_log(self, log: PurgeLog, title: str) -> None:
        """Add a log that belongs to no tier, as operators know it; call it before ``open``."""
        self._logs.append(LogSync(log, self._rules, self._observer, title))

    async def accept(self, rules: Sequence[PurgeRule]) -> bool:
        """See ``ports.purges.PurgeExchange``."""
        latest = time() + YEAR_S
        await self.receive([rule for rule in rules if 0 < rule.at < latest])
        confirmations = await asyncio.gather(*(announce(rules) for announce in self._announcers))
        return not any(one.unconfirmed for one in confirmations)

    def updates(self, server: str, after: int) -> PeerUpdates:
        """See ``ports.purges.PurgeExchange``."""
        rules = self._rules.added_since(after) if server == self.server else None
        return PeerUpdates(self.server, self._rules.place, list(self._rules.rules()) if rules is None else rules)

    async def receive(self, rules: Sequence[PurgeRule], *, shares_logs: bool = False) -> None:
        """Apply purges that another process or server has announced and logs: in the same logs or its own."""
        learned = self._rules.merge(rules)
        if shares_logs:
            self._sweeper.add_learned(learned)
        elif learned:
            await self._apply(None, Learned(learned))

    async def open(self) -> None:
        """Read the purge logs before the first request is answered; one that fails is read again later."""
        self._opened_at = monotonic()
        if any(log.sequenced for log in self._logs):
            self.fence.max_gap_s = MAX_GAP_S
        self.fence.put_up()
        self.fence.beat()
        await self.pull()
        self._tasks = [
            asyncio.create_task(self._beat(), name="purge-beat"),
            *(asyncio.create_task(self._poll(log), name=f"{log.name}-purges") for log in self._logs),
            *(asyncio.create_task(self._listen(log)) for log in self._logs if log.sequenced),
            *self._sweeper.start(),
        ]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._purges, return_exceptions=True)
        self._tasks = []
        for log in self._logs:
            with suppress(StoreError):
                await log.log.close()

    async def pull(self) -> None:
        """Apply the purges of other servers now; otherwise that happens at every poll."""
        await asyncio.gather(*map(self._sync, self._logs))
        self._lower_fence()  # without any log there is nothing to wait for

    async def purge(self, targets: Sequence[PurgeTarget]) -> PurgeResult:
        """See ``ports.Purger``. Goes on if the caller is cancelled: a purge that is in force here must be logged."""
        task = asyncio.create_task(self._purge(targets))
        self._purges.add(task)
        task.add_done_callback(self._purges.discard)
        return await asyncio.shield(task)

    def active_purges(self) -> Sequence[PurgeRule]:
        """Returns the last purges in force, the oldest first."""
        return self._rules.recent()

    def count_purges(self) -> int:
        """Returns the number of all purges in force."""
        return len(self._rules)

    def removed_by_tier(self) -> Mapping[str, int]:
        """Returns the number of entries removed since the start, by tier."""
        return self._sweeper.removed_by_tier()

    def is_sweeping(self) -> bool:
        """Whether a sweep is running or due."""
        return self._sweeper.is_sweeping()

    async def _purge(self, targets: Sequence[PurgeTarget]) -> PurgeResult:
        sequenced = [log for log in self._logs if log.sequenced]
        rules: Sequence[PurgeRule] = self._rules.issue(targets, provisional=bool(sequenced))
        for target in targets:
            self._observer.increment(Event.PURGE, kind=target.scope)
        removed = await self._sweeper.sweep_memory(PurgeSelection(self._rules, rules))
        unsynced: list[str] = []
        for log in sequenced:  # first: it gives the rules the times with which all others get them
            rules = await self._write(log, rules, unsynced)
        others = [log for log in self._logs if not log.sequenced]
        await asyncio.gather(*(self._write(log, rules, unsynced) for log in others))
        confirmations = await asyncio.gather(
            *(announce(rules) for announce in self._announcers),
            *(self._confirm(log, rules, unsynced) for log in sequenced),
        )
        self._sweeper.add_issued(rules)
        await self._forget()
        return PurgeResult(
            issued=len(rules),
            removed=removed,
            unsynced=tuple(unsynced),
            confirmed=tuple(sorted({name for one in confirmations for name in one.confirmed})),
            unconfirmed=tuple(sorted({name for one in confirmations for name in one.unconfirmed})),
        )

    async def _write(self, log: LogSync, rules: Sequence[PurgeRule], unsynced: list[str]) -> Sequence[PurgeRule]:
        """Return the rules with the times that they have in the log; as they are if it is not written."""
        written = await log.write(rules)
        if written is None:
            unsynced.append(log.name)
        return rules if written is None else written

    async def _confirm(self, log: LogSync, rules: Sequence[PurgeRule], unsynced: Sequence[str]) -> Confirmation:
        """Return who has the rules; if the log does not say it, who had read it lately is unconfirmed."""
        if log.sequenced is None:
            return Confirmation()
        with suppress(StoreError, TimeoutError):
            if log.name not in unsynced:
                async with asyncio.timeout(SYNC_TIMEOUT_S):
                    return await log.sequenced.confirm(rules)
        return Confirmation(unconfirmed=log.sequenced.known_servers())

    async def _sync(self, log: LogSync) -> None:
        learned = await log.sync()
        if learned.rules or learned.is_cut_off:
            await self._apply(log, learned)
        self._lower_fence()

    async def _apply(self, origin: LogSync | None, learned: Learned) -> None:
        """Pass rules of other servers on to the other logs, and remove what they name."""
        for log in self._logs:
            if log is not origin:
                log.add_pending(learned.rules, is_cut_off=learned.is_cut_off)
        self._sweeper.add_learned(None if learned.is_cut_off else learned.rules)
        await self._forget()

    async def _forget(self) -> None:
        marker = self._rules.forget()
        if marker is not None:
            await asyncio.gather(*(log.trim(marker) for log in self._logs))

    async def _poll(self, log: LogSync) -> None:
        while True:
            await asyncio.sleep(max(0.0, log.read_at + log.log.poll_s - monotonic()) or log.log.poll_s)
            if monotonic() - log.read_at >= log.log.poll_s:
                await self._sync(log)

    async def _listen(self, log: LogSync) -> None:
        """Read a log whenever a message says that there is something new."""
        while log.sequenced:
            with suppress(StoreError):
                async for _ in log.sequenced.messages():
                    await self._sync(log)
            await asyncio.sleep(RECONNECT_S)

    async def _beat(self) -> None:
        """Notice that this process stood still or cannot read its logs; read them until it has caught up."""
        while True:
            self.fence.beat()
            if any(log.sequenced and monotonic() - max(log.read_at, self._opened_at) > LEASE_S for log in self._logs):
                self.fence.put_up()
            if self._rules.fenced:
                await self._race_to_pull()
            await asyncio.sleep(BEAT_S)

    async def _race_to_pull(self) -> None:
        """Read the logs, and beat meanwhile."""
        pull = asyncio.create_task(self.pull())
        try:
            while not pull.done():
                await asyncio.wait({pull}, timeout=BEAT_S)
                self.fence.beat()
        finally:
            pull.cancel()
            await asyncio.gather(pull, return_exceptions=True)

    def _lower_fence(self) -> None:
        """Take the fence down if every sequenced log was read since it went up.

        Logs that do not say who has read them must have been tried: they are read when they can be.
        """
        sequenced = [log.read_at for log in self._logs if log.sequenced]
        if all(at >= self.fence.raised_at for at in sequenced or [log.tried_at for log in self._logs]):
            self.fence.take_down()
