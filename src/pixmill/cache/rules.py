"""The purges in force: what of the cache may not be served any more, or only as stale.

Knows rules and times, and forgets what cannot matter any more. Must never know tiers, nor where rules are written up.

Nothing is looked for when something is purged: each entry is judged when it is met, by what it was made of and by when. An entry heeds
a rule if its original was fetched by a server that knew it, or so long after it that no difference of clocks can be the reason.
Of two rules for the same target the later one counts, so rules from any number of servers, in any order and repeated, come to
the same set.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from time import time
from typing import Final

from pixmill.plan.freshness import YEAR_S
from pixmill.plan.purge import Purge, Scope, Target
from pixmill.ports import Entry, Verdict

SKEW_S: Final = 10.0
"""Clocks of servers that share purges may differ by this much. What one that had not heard of a purge has made within this
time after it is made once more."""

KEPT_S: Final = 2 * YEAR_S
"""No entry is fresh for longer than a year, or stale for longer than another."""

MAX_RULES: Final = 16_384
MAX_RULE_BYTES: Final = 8 * 2**20
"""Beyond either, the oldest quarter is replaced by one rule that purges everything as old as they are: more than was asked, never less."""

_FOLDED: Final = 4
_LEAST_FOLDED: Final = 3  # two of them may be for everything, and cannot be folded into less
_TICK_S: Final = 1e-6


@dataclass(slots=True)
class _Table:
    """The hard rules, or the soft ones: until when each has purged what it names."""

    by: dict[Scope, dict[str, float]] = field(default_factory=lambda: {scope: {} for scope in Scope})
    lengths: tuple[int, ...] = ()
    """Of the prefixes: so looking one up costs as many steps as there are different ones."""

    def until(self, sources: Iterable[str], tags: Iterable[str]) -> float:
        """Up to when something made of these, with these tags, is purged; 0 if it never was."""
        until = self.by[Scope.ALL].get("", 0.0)
        by_source, by_tag, by_prefix = self.by[Scope.SOURCE], self.by[Scope.TAG], self.by[Scope.PREFIX]
        for source in sources:
            until = max(until, by_source.get(source, 0.0))
            for length in self.lengths:
                until = max(until, by_prefix.get(source[:length], 0.0))
        for tag in tags:
            until = max(until, by_tag.get(tag, 0.0))
        return until

    def set(self, scope: Scope, value: str, at: float) -> None:
        self.by[scope][value] = at
        if scope is Scope.PREFIX:
            self._measure()

    def drop(self, until: float) -> None:
        """Forget what is no later than ``until``."""
        self.by = {scope: {v: at for v, at in ats.items() if at > until} for scope, ats in self.by.items()}
        self._measure()

    def _measure(self) -> None:
        self.lengths = tuple(sorted({len(prefix) for prefix in self.by[Scope.PREFIX]}))


class Rules:
    """All rules in force here. ``newest`` is the time of the latest: what heeds that heeds all."""

    def __init__(
        self,
        clock: Callable[[], float] = time,
        *,
        max_rules: int = MAX_RULES,
        max_bytes: int = MAX_RULE_BYTES,
        skew_s: float = SKEW_S,
    ) -> None:
        self.newest = 0.0
        self._hard, self._soft = _Table(), _Table()
        self._listed: tuple[Purge, ...] | None = None
        self._clock = clock
        self._max_rules = max_rules
        self._max_bytes = max_bytes
        self._skew_s = skew_s

    def horizon(self) -> float:
        """What is fetched from now on heeds every purge up to this time."""
        return max(self.newest, self._clock() - self._skew_s)

    def issue(self, targets: Iterable[Target]) -> list[Purge]:
        """Purge these now, which is later than any rule known."""
        at = max(self._clock(), self.newest + _TICK_S)
        purges = [Purge(target, at) for target in targets]
        self.merge(purges)
        return purges

    def merge(self, purges: Iterable[Purge]) -> list[Purge]:
        """Take in rules; those that were news."""
        news = [purge for purge in purges if self._is_news(purge)]
        for purge in news:
            self._add(purge)
        if news:
            self._compact()
        return news

    def listed(self) -> tuple[Purge, ...]:
        """All rules, the oldest first. The same tuple until they change: they are looked at every second, and seldom do."""
        if self._listed is None:
            rules = (
                Purge(Target(scope, value, hard), at)
                for hard, table in ((True, self._hard), (False, self._soft))
                for scope, ats in table.by.items()
                for value, at in ats.items()
            )
            self._listed = tuple(sorted(rules, key=lambda rule: rule.at))
        return self._listed

    def verdict(self, sources: Iterable[str], tags: Iterable[str], heeds: float) -> Verdict:
        """On something made of these, with these tags, that heeds purges up to that time."""
        if heeds >= self.newest:
            return Verdict.KEPT
        if self._hard.until(sources, tags) > heeds:
            return Verdict.GONE
        return Verdict.STALE if self._soft.until(sources, tags) > heeds else Verdict.KEPT

    def judged(self, entry: Entry, tags: tuple[str, ...] = ()) -> Entry | None:
        """The entry as it may be used under these rules if it had these tags too; None if it is gone."""
        tags = entry.tags + tags
        verdict = self.verdict(entry.sources, tags, entry.heeds)
        if verdict is Verdict.STALE:
            at = self._soft.until(entry.sources, tags)
            return replace(entry, fresh_until=min(entry.fresh_until, at)) if entry.stale_until > at else None
        return entry if verdict is Verdict.KEPT else None

    def _is_news(self, purge: Purge) -> bool:
        """Neither known, nor covered by what is."""
        scope, value, hard = purge.target.scope, purge.target.value, purge.target.hard
        if purge.at <= self._clock() - KEPT_S:
            return False
        tables = (self._hard,) if hard else (self._hard, self._soft)
        known = max(max(table.by[scope].get(value, 0.0), table.by[Scope.ALL].get("", 0.0)) for table in tables)
        return purge.at > known

    def _add(self, purge: Purge) -> None:
        self._listed = None
        target = purge.target
        if target.scope is Scope.ALL:
            self._soft.drop(purge.at)
            if target.hard:
                self._hard.drop(purge.at)
        elif target.hard and self._soft.by[target.scope].get(target.value, purge.at) < purge.at:
            del self._soft.by[target.scope][target.value]
        (self._hard if target.hard else self._soft).set(target.scope, target.value, purge.at)
        self.newest = max(self.newest, purge.at)

    def _compact(self) -> None:
        end = self._clock() - KEPT_S
        for table in (self._hard, self._soft):
            if any(at <= end for ats in table.by.values() for at in ats.values()):
                table.drop(end)
                self._listed = None
        while self._is_full():
            rules = self.listed()
            oldest = rules[: max(_LEAST_FOLDED, len(rules) // _FOLDED)]
            for hard in (True, False):
                at = max((rule.at for rule in oldest if rule.target.hard == hard), default=0.0)
                if at:
                    self._add(Purge(Target(Scope.ALL, hard=hard), at))

    def _is_full(self) -> bool:
        values = [value for table in (self._hard, self._soft) for ats in table.by.values() for value in ats]
        return len(values) > self._max_rules or sum(map(len, values)) > self._max_bytes
