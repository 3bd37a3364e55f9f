"""Which items a sweep removes: those that hard purges match, and where to look for them.

Knows rules and keys; must never know tiers.
"""

from collections.abc import Iterable

from pixmill.cache.purge.rules import PurgeRules
from pixmill.plan.key import SOURCE_DIGITS
from pixmill.plan.purge import PurgeScope
from pixmill.plan.purge_rule import PurgeRule
from pixmill.ports.values import HasPurgeKeys


class PurgeSelection:
    """What the rules since the last sweep can match. Without rules: what any rule in force can match."""

    def __init__(self, rules: PurgeRules, new: Iterable[PurgeRule] | None = None) -> None:
        self._rules = rules
        self.new = None if new is None else tuple(rule for rule in new if rule.hard)
        self.times_by_source = self._times_by_digest(PurgeScope.SOURCE)
        """Times of purges by the digits of their source, with which keys begin (``plan/key.py``)."""
        self.times_by_tag = self._times_by_digest(PurgeScope.TAG)

    @property
    def names_sources_only(self) -> bool:
        return self.new is not None and len(self.times_by_source) == len({rule.id for rule in self.new})

    @property
    def is_narrow(self) -> bool:
        """Whether it names sources and tags only, which have an index."""
        named = len(self.times_by_source) + len(self.times_by_tag)
        return self.new is not None and named == len({rule.id for rule in self.new})

    def is_source_named(self, key: str) -> bool:
        """Whether the source of this key is purged."""
        return key[:SOURCE_DIGITS] in self.times_by_source

    def may_match(self, key: str, item: HasPurgeKeys) -> bool:
        """Exclude most items, at less cost than ``is_purged``."""
        return not self.names_sources_only or len(item.sources) != 1 or self.is_source_named(key)

    def is_purged(self, item: HasPurgeKeys) -> bool:
        return self._rules.is_gone(item.sources, item.tags, item.purge_watermark)

    def _times_by_digest(self, scope: PurgeScope) -> dict[str, float]:
        times: dict[str, float] = {}
        for rule in self.new or ():
            if rule.scope is scope:
                times[rule.digest] = max(times.get(rule.digest, 0.0), rule.at)
        return times
