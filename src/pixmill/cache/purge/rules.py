"""Purge rules in force (a ban list, as in Varnish): which entries may not be served any more, or only as stale.

Knows rules and times, and drops rules that can no longer match. Must never know tiers, nor where rules are logged.

A purge removes nothing by itself: each entry is matched when it is read, by its sources, its tags and its purge
watermark. The watermark is the time up to which purges do not concern it: its original was fetched by a server that
knew these purges, or so long after them that clock skew cannot be the reason. Of two rules for the same target the
later one counts, so rules from any number of servers, in any order and repeated, merge to the same set.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from time import time
from typing import Final

from msgspec import structs

from pixmill.plan.freshness import YEAR_S
from pixmill.plan.purge import Purge, PurgeScope, PurgeTarget
from pixmill.ports.values import Entry, PurgeMatch

CLOCK_SKEW_S: Final = 10.0
"""Clocks of servers that share purges may differ by this much. An entry made within this time after a purge by a server
that did not know the purge is made again."""

RETENTION_S: Final = 2 * YEAR_S
"""No entry is fresh for more than a year, or stale for more than another."""

MAX_RULES: Final = 16_384
MAX_RULE_BYTES: Final = 8 * 2**20
"""Beyond either limit the oldest quarter is replaced by one rule that purges everything of that age: more than
requested, never less."""

_COMPACT_DIVISOR: Final = 4
_MIN_COMPACTED: Final = 3  # two of them may have scope "all" (hard and soft), and cannot be merged further
_MIN_INCREMENT_S: Final = 1e-6


@dataclass(slots=True)
class _RuleTable:
    """The hard rules, or the soft ones: the time of the latest purge of each target."""

    times_by_scope: dict[PurgeScope, dict[str, float]] = field(
        default_factory=lambda: {scope: {} for scope in PurgeScope}
    )
    prefix_lengths: tuple[int, ...] = ()
    """Distinct lengths of the prefixes: a lookup takes one step for each."""

    def purged_until(self, sources: Iterable[str], tags: Iterable[str]) -> float:
        """Returns the time of the latest purge that names one of these sources or tags; 0 if there is none."""
        latest = self.times_by_scope[PurgeScope.ALL].get("", 0.0)
        by_source, by_tag, by_prefix = (
            self.times_by_scope[PurgeScope.SOURCE],
            self.times_by_scope[PurgeScope.TAG],
            self.times_by_scope[PurgeScope.PREFIX],
        )
        for source in sources:
            latest = max(latest, by_source.get(source, 0.0))
            for length in self.prefix_lengths:
                latest = max(latest, by_prefix.get(source[:length], 0.0))
        for tag in tags:
            latest = max(latest, by_tag.get(tag, 0.0))
        return latest

    def set(self, scope: PurgeScope, value: str, at: float) -> None:
        self.times_by_scope[scope][value] = at
        if scope is PurgeScope.PREFIX:
            self._index_prefix_lengths()

    def drop(self, up_to: float) -> None:
        """Remove the rules no later than ``up_to``."""
        self.times_by_scope = {
            scope: {v: at for v, at in times.items() if at > up_to} for scope, times in self.times_by_scope.items()
        }
        self._index_prefix_lengths()

    def _index_prefix_lengths(self) -> None:
        self.prefix_lengths = tuple(sorted({len(prefix) for prefix in self.times_by_scope[PurgeScope.PREFIX]}))


class PurgeRules:
    """All rules in force on this server. ``latest`` is the time of the newest one."""

    def __init__(
        self,
        clock: Callable[[], float] = time,
        *,
        max_rules: int = MAX_RULES,
        max_bytes: int = MAX_RULE_BYTES,
        skew_s: float = CLOCK_SKEW_S,
    ) -> None:
        self.latest = 0.0
        self._hard, self._soft = _RuleTable(), _RuleTable()
        self._sorted_rules: tuple[Purge, ...] | None = None
        self._clock = clock
        self._max_rules = max_rules
        self._max_bytes = max_bytes
        self._skew_s = skew_s

    def current_watermark(self) -> float:
        """Returns the purge watermark of what is fetched from now on."""
        return max(self.latest, self._clock() - self._skew_s)

    def issue(self, targets: Iterable[PurgeTarget]) -> list[Purge]:
        """Add rules with the current time, which is made later than that of every known rule."""
        at = max(self._clock(), self.latest + _MIN_INCREMENT_S)
        purges = [Purge(target, at) for target in targets]
        self.merge(purges)
        return purges

    def merge(self, purges: Iterable[Purge]) -> list[Purge]:
        """Add rules of other servers; returns those that were new."""
        new_purges = [purge for purge in purges if self._is_new(purge)]
        for purge in new_purges:
            self._add(purge)
        if new_purges:
            self._compact()
        return new_purges

    def sorted_rules(self) -> tuple[Purge, ...]:
        """Returns all rules, the oldest first; the same tuple until they change, because it is read every second."""
        if self._sorted_rules is None:
            rules = (
                Purge(PurgeTarget(scope, value, hard), at)
                for hard, table in ((True, self._hard), (False, self._soft))
                for scope, times in table.times_by_scope.items()
                for value, at in times.items()
            )
            self._sorted_rules = tuple(sorted(rules, key=lambda rule: rule.at))
        return self._sorted_rules

    def match(self, sources: Iterable[str], tags: Iterable[str], purge_watermark: float) -> PurgeMatch:
        """Returns which purges newer than the watermark match these sources or tags."""
        if purge_watermark >= self.latest:
            return PurgeMatch.NONE
        if self._hard.purged_until(sources, tags) > purge_watermark:
            return PurgeMatch.HARD
        return PurgeMatch.SOFT if self._soft.purged_until(sources, tags) > purge_watermark else PurgeMatch.NONE

    def apply_to(self, entry: Entry, tags: tuple[str, ...] = ()) -> Entry | None:
        """Return the entry as it may be served if it also had ``tags``: unchanged, stale, or None if it is purged."""
        meta, lifetime = entry.meta, entry.meta.lifetime
        tags = meta.tags + tags
        match = self.match(meta.sources, tags, meta.version.purge_watermark)
        if match is PurgeMatch.SOFT:
            at = self._soft.purged_until(meta.sources, tags)
            stale = structs.replace(lifetime, fresh_until=min(lifetime.fresh_until, at))
            return entry.with_lifetime(stale) if lifetime.stale_until > at else None
        return entry if match is PurgeMatch.NONE else None

    def _is_new(self, purge: Purge) -> bool:
        """Whether the rule is neither known nor covered by a known one."""
        scope, value, hard = purge.target.scope, purge.target.value, purge.target.hard
        if purge.at <= self._clock() - RETENTION_S:
            return False
        tables = (self._hard,) if hard else (self._hard, self._soft)
        covered_until = max(
            max(table.times_by_scope[scope].get(value, 0.0), table.times_by_scope[PurgeScope.ALL].get("", 0.0))
            for table in tables
        )
        return purge.at > covered_until

    def _add(self, purge: Purge) -> None:
        self._sorted_rules = None
        target = purge.target
        if target.scope is PurgeScope.ALL:
            self._soft.drop(purge.at)
            if target.hard:
                self._hard.drop(purge.at)
        elif target.hard and self._soft.times_by_scope[target.scope].get(target.value, purge.at) < purge.at:
            del self._soft.times_by_scope[target.scope][target.value]
        (self._hard if target.hard else self._soft).set(target.scope, target.value, purge.at)
        self.latest = max(self.latest, purge.at)

    def _compact(self) -> None:
        cutoff = self._clock() - RETENTION_S
        for table in (self._hard, self._soft):
            if any(at <= cutoff for times in table.times_by_scope.values() for at in times.values()):
                table.drop(cutoff)
                self._sorted_rules = None
        while self._is_full():
            rules = self.sorted_rules()
            oldest = rules[: max(_MIN_COMPACTED, len(rules) // _COMPACT_DIVISOR)]
            for hard in (True, False):
                at = max((rule.at for rule in oldest if rule.target.hard == hard), default=0.0)
                if at:
                    self._add(Purge(PurgeTarget(PurgeScope.ALL, hard=hard), at))

    def _is_full(self) -> bool:
        values = [
            value for table in (self._hard, self._soft) for times in table.times_by_scope.values() for value in times
        ]
        return len(values) > self._max_rules or sum(map(len, values)) > self._max_bytes
