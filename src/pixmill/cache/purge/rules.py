"""Purge rules in force (a ban list, as in Varnish): which entries may not be served any more, or only as stale.

Knows rules and times, and forgets rules that can no longer match. Must never know tiers, nor where rules are logged.

A purge removes nothing by itself: each entry is matched when it is read, by its sources, its tags and its purge
watermark. The watermark is the time up to which purges do not concern it: its original was fetched by a server that
knew these purges, or so long after them that clock skew cannot be the reason. Of two rules for the same target the
later one counts, so rules from any number of servers, in any order and repeated, merge to the same set.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from math import inf
from time import time
from typing import Final

from msgspec import structs

from pixmill.cache.purge.digest_times import DigestTimes
from pixmill.plan.freshness import YEAR_S
from pixmill.plan.purge import PurgeScope, PurgeTarget
from pixmill.plan.purge_rule import PurgeRule, rule_id, rule_of, text_digest
from pixmill.ports.values import Entry, PurgeMatch
from pixmill.runtime.bounded import BoundedDict

CLOCK_SKEW_S: Final = 10.0
"""Clocks of servers that share purges may differ by this much. An entry made within this time after a purge by a server
that did not know the purge is made again."""

MAX_LIFE_S: Final = 2 * YEAR_S
"""No entry is fresh for more than a year, or stale for more than another."""

MAX_RULES: Final = 2 * 2**20
"""Of sources and tags: 37 MB."""

MAX_PREFIXES: Final = 65_536
MAX_PREFIX_BYTES: Final = 16 * 2**20
"""Beyond one of the limits the oldest quarter is replaced by one rule that purges everything of that age: more than
requested, never less."""

MAX_RECENT: Final = 1_000
"""Rules that are listed."""

MAX_JOURNAL: Final = 16_384
"""Rules that another server can learn of without reading all."""

_FORGET_DIVISOR: Final = 4
_SAMPLE: Final = 10_000
_FORGET_CHECKS: Final = 64
"""Expired rules are looked for 64 times in the life of a rule."""


@dataclass(slots=True)
class _RuleTable:
    """The hard rules, or the soft ones: the time of the latest purge of each target."""

    hard: bool
    everything: float = 0.0
    sources: DigestTimes = field(default_factory=DigestTimes)
    tags: DigestTimes = field(default_factory=DigestTimes)
    prefixes: dict[str, float] = field(default_factory=dict)
    prefix_counts: Counter[int] = field(default_factory=Counter)
    """The number of prefixes by their length."""
    prefix_lengths: tuple[int, ...] = ()
    """A lookup takes one step for each. Replaced and never changed, since sweeps look up in other threads."""

    def __len__(self) -> int:
        return len(self.sources) + len(self.tags) + len(self.prefixes)

    @property
    def prefix_bytes(self) -> int:
        return sum(length * count for length, count in self.prefix_counts.items())

    def purged_until(self, sources: Iterable[str], tags: Iterable[str]) -> float:
        """Returns the time of the latest purge that names one of these sources or tags; 0 if there is none."""
        latest = self.everything
        for source in sources:
            if self.sources:
                latest = max(latest, self.sources.get(_number(text_digest(source))))
            for length in self.prefix_lengths:
                latest = max(latest, self.prefixes.get(source[:length], 0.0))
        if self.tags:
            for tag in tags:
                latest = max(latest, self.tags.get(_number(text_digest(tag))))
        return latest

    def get(self, rule: PurgeRule) -> float:
        """Returns the time of the latest purge of the same target."""
        scope, rest = rule.scope, rule.id[1:]
        if scope is PurgeScope.ALL:
            return self.everything
        if scope is PurgeScope.PREFIX:
            return self.prefixes.get(rest.decode(), 0.0)
        return self._digests(scope).get(_number(rest))

    def set(self, rule: PurgeRule) -> None:
        scope, rest = rule.scope, rule.id[1:]
        if scope is PurgeScope.ALL:
            self.everything = rule.at
        elif scope is PurgeScope.PREFIX:
            prefix = rest.decode()
            is_new = prefix not in self.prefixes
            self.prefixes[prefix] = rule.at
            if is_new:
                self._count_prefix(prefix, 1)
        else:
            self._digests(scope).set(_number(rest), rule.at)

    def discard(self, rule: PurgeRule) -> None:
        """Remove the rule of the same target, if there is one."""
        if rule.scope is PurgeScope.PREFIX:
            self._discard_prefix(rule.id[1:].decode())
        elif rule.scope is not PurgeScope.ALL:
            self._digests(rule.scope).discard(_number(rule.id[1:]))

    def drop(self, up_to: float) -> None:
        """Remove the rules no later than ``up_to``, but that for everything."""
        self.sources.drop(up_to)
        self.tags.drop(up_to)
        for prefix in [prefix for prefix, at in self.prefixes.items() if at <= up_to]:
            self._discard_prefix(prefix)

    def latest_until(self, up_to: float) -> float:
        """Returns the time of the latest rule that is no later than ``up_to``, 0 if there is none."""
        prefixes = max((at for at in self.prefixes.values() if at <= up_to), default=0.0)
        return max(prefixes, self.sources.latest_until(up_to), self.tags.latest_until(up_to))

    def sample(self, divisor: int) -> list[float]:
        """Returns about one in ``divisor`` times of sources and tags, and those of all prefixes."""
        return [*self.prefixes.values(), *self.sources.sample(divisor), *self.tags.sample(divisor)]

    def rules(self) -> Iterator[PurgeRule]:
        """Yield every rule; what changes meanwhile may be missed."""
        if self.everything:
            yield PurgeRule(rule_id(PurgeScope.ALL, hard=self.hard), self.everything)
        for prefix, at in list(self.prefixes.items()):
            yield PurgeRule(rule_id(PurgeScope.PREFIX, prefix.encode(), hard=self.hard), at)
        for scope in (PurgeScope.SOURCE, PurgeScope.TAG):
            for digest, at in self._digests(scope).items():
                yield PurgeRule(rule_id(scope, digest.to_bytes(8), hard=self.hard), at)

    def _digests(self, scope: PurgeScope) -> DigestTimes:
        return self.sources if scope is PurgeScope.SOURCE else self.tags

    def _discard_prefix(self, prefix: str) -> None:
        if self.prefixes.pop(prefix, None) is not None:
            self._count_prefix(prefix, -1)

    def _count_prefix(self, prefix: str, change: int) -> None:
        lengths = len(self.prefix_counts)
        self.prefix_counts[len(prefix)] += change
        if not self.prefix_counts[len(prefix)]:
            del self.prefix_counts[len(prefix)]
        if len(self.prefix_counts) != lengths:
            self.prefix_lengths = tuple(self.prefix_counts)


class PurgeRules:
    """All rules in force on this server.

    ``latest`` is the time of the newest one: a watermark of at least this is past every purge. It is infinite while
    this server may have missed purges (``fenced``): nothing cached is served then before its source has been asked.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time,
        *,
        max_rules: int = MAX_RULES,
        max_prefixes: int = MAX_PREFIXES,
        life_s: float = MAX_LIFE_S,
        skew_s: float = CLOCK_SKEW_S,
    ) -> None:
        """``life_s``: the longest life of an entry."""
        self.latest = 0.0
        self.newest = 0.0
        self.clock_offset_s = 0.0
        """Added to the clock for watermarks: how far the clock of a log is behind."""
        self._watermark = 0.0
        self._hard, self._soft = _RuleTable(hard=True), _RuleTable(hard=False)
        self._journal: deque[PurgeRule] = deque(maxlen=MAX_JOURNAL)
        self._journal_end = 0
        self._recent: BoundedDict[bytes, PurgeRule] = BoundedDict(MAX_RECENT)
        self._clock = clock
        self._max_rules, self._max_prefixes = max_rules, max_prefixes
        self._life_s, self._skew_s = life_s + skew_s, skew_s
        self._next_check = 0.0

    def __len__(self) -> int:
        return len(self._hard) + len(self._soft) + bool(self._hard.everything) + bool(self._soft.everything)

    @property
    def fenced(self) -> bool:
        """Whether this server may have missed purges."""
        return self.latest == inf

    @fenced.setter
    def fenced(self, value: bool) -> None:
        self.latest = inf if value else self.newest

    def current_watermark(self) -> float:
        """Returns the purge watermark of what is fetched from now on."""
        return max(self._watermark, self._clock() + self.clock_offset_s - self._skew_s)

    def issue(self, targets: Iterable[PurgeTarget], *, provisional: bool = False) -> list[PurgeRule]:
        """Add rules with the current time, which is made later than that of every known rule.

        ``provisional``: a log will give them their final, later time. Until then they are in force, but no watermark is
        past them, since another server may have issued an earlier one that is not known here.
        """
        at = max(self._clock(), self.newest + 1e-6)
        rules = [rule_of(target, at) for target in targets]
        self._add_all(rules)
        if not provisional:
            self.merge(rules)
        return rules

    def merge(self, rules: Iterable[PurgeRule]) -> list[PurgeRule]:
        """Add rules with their final time; returns those that were new. Watermarks are past them from now on."""
        rules = list(rules)
        self._watermark = max(self._watermark, max((rule.at for rule in rules), default=0.0))
        return self._add_all(rules)

    def _add_all(self, rules: Iterable[PurgeRule]) -> list[PurgeRule]:
        new_rules = [rule for rule in rules if self.needs(rule)]
        for rule in new_rules:
            self._add(rule)
        return new_rules

    def needs(self, rule: PurgeRule) -> bool:
        """Whether the rule is neither known nor covered by a known one."""
        tables = (self._hard,) if rule.hard else (self._hard, self._soft)
        return all(rule.at > max(table.everything, table.get(rule)) for table in tables)

    def is_in_force(self, rule: PurgeRule) -> bool:
        """Whether this very rule is in force, and not a later one in its place."""
        return (self._hard if rule.hard else self._soft).get(rule) == rule.at

    def rules(self) -> Iterator[PurgeRule]:
        """Yield all rules, in no order; what changes meanwhile may be missed."""
        yield from self._hard.rules()
        yield from self._soft.rules()

    def recent(self) -> list[PurgeRule]:
        """Returns at most the last thousand rules that were added and are in force, by time."""
        return sorted(filter(self.is_in_force, self._recent.values()), key=lambda rule: rule.at)

    @property
    def place(self) -> int:
        """The number of rules that were added since the start."""
        return self._journal_end

    def added_since(self, place: int) -> list[PurgeRule] | None:
        """Returns the rules added since there were as many; None if that is too long ago."""
        count = self._journal_end - place
        if not 0 <= count <= len(self._journal):
            return None
        return list(islice(self._journal, len(self._journal) - count, None))

    def match(self, sources: Iterable[str], tags: Iterable[str], purge_watermark: float) -> PurgeMatch:
        """Returns which purges newer than the watermark match these sources or tags; soft at least behind a fence."""
        if purge_watermark >= self.latest:
            return PurgeMatch.NONE
        if self._hard.purged_until(sources, tags) > purge_watermark:
            return PurgeMatch.HARD
        is_stale = self.fenced or self._soft.purged_until(sources, tags) > purge_watermark
        return PurgeMatch.SOFT if is_stale else PurgeMatch.NONE

    def is_gone(self, sources: Iterable[str], tags: Iterable[str], purge_watermark: float) -> bool:
        """Whether a hard purge newer than the watermark matches."""
        return self._hard.purged_until(sources, tags) > purge_watermark

    def apply_to(self, entry: Entry, tags: tuple[str, ...] = ()) -> Entry | None:
        """Return the entry as it may be served if it also had ``tags``: unchanged, stale, or None if it is purged."""
        meta, lifetime = entry.meta, entry.meta.lifetime
        tags, watermark = meta.tags + tags, meta.version.purge_watermark
        if self._hard.purged_until(meta.sources, tags) > watermark:
            return None
        if self.fenced:
            return entry.with_lifetime(lifetime.expired(self._clock()))
        at = self._soft.purged_until(meta.sources, tags)
        if at <= watermark:
            return entry
        stale = structs.replace(lifetime, fresh_until=min(lifetime.fresh_until, at))
        return entry.with_lifetime(stale) if lifetime.stale_until > at else None

    def forget(self) -> PurgeRule | None:
        """Replace the rules older than every entry by one for everything of that age, and return it.

        It purges nothing by itself, since no entry is so old, but keeps the promise if one is: when lifetimes were
        longer before a restart. Above a limit the oldest quarter is replaced likewise.
        """
        now = self._clock()
        is_full = (
            len(self) > self._max_rules
            or len(self._hard.prefixes) + len(self._soft.prefixes) > self._max_prefixes
            or self._hard.prefix_bytes + self._soft.prefix_bytes > MAX_PREFIX_BYTES
        )
        if not is_full and now < self._next_check:
            return None
        self._next_check = now + self._life_s / _FORGET_CHECKS
        up_to = max(now - self._life_s, self._quarter() if is_full else 0.0)
        oldest = max(self._hard.latest_until(up_to), self._soft.latest_until(up_to))
        if oldest <= self._hard.everything:
            return None
        marker = PurgeRule(rule_id(PurgeScope.ALL, hard=True), oldest)
        self._add(marker)
        return marker

    def _quarter(self) -> float:
        """Returns the time that about a quarter of the rules are no later than, by a sample."""
        divisor = max(1, len(self) // _SAMPLE)
        times = sorted(self._hard.sample(divisor) + self._soft.sample(divisor))
        return times[max(0, len(times) // _FORGET_DIVISOR - 1)]

    def _add(self, rule: PurgeRule) -> None:
        if rule.scope is PurgeScope.ALL:
            for table in (self._hard, self._soft) if rule.hard else (self._soft,):
                table.drop(rule.at)
            if rule.hard and self._soft.everything <= rule.at:
                self._soft.everything = 0.0
        elif rule.hard and self._soft.get(rule) < rule.at:
            self._soft.discard(rule)
        (self._hard if rule.hard else self._soft).set(rule)
        self._recent[rule.id] = rule
        self._journal.append(rule)
        self._journal_end += 1
        self.newest = max(self.newest, rule.at)
        if not self.fenced:
            self.latest = self.newest


def _number(digest: bytes) -> int:
    return int.from_bytes(digest)
