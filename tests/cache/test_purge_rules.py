"""Purge rules match exactly what was named, regardless of the order in which servers learn of them."""

from collections.abc import Iterable
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.cache.purge.rules import CLOCK_SKEW_S, MAX_LIFE_S, PurgeRules
from pixmill.plan.purge import PurgeScope, PurgeTarget
from pixmill.plan.purge_rule import rule_of
from pixmill.ports.values import PurgeMatch
from tests.cache.entries import entry_of

NOW = 1_700_000_000.0
SOURCES = ("https://a.example/1.jpg", "https://a.example/2.jpg", "https://b.example/1.jpg")
TAGS = ("sale", "home")
TARGETS = [
    *(PurgeTarget(PurgeScope.SOURCE, source) for source in SOURCES),
    *(PurgeTarget(PurgeScope.TAG, tag) for tag in TAGS),
    *(PurgeTarget(PurgeScope.PREFIX, prefix) for prefix in ("https://a.example/", "https://", "https://b.example/1")),
    PurgeTarget(PurgeScope.ALL),
]


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def rules(clock: Clock | None = None, **bounds: int) -> PurgeRules:
    return PurgeRules(clock or Clock(), **bounds)


def gone(found: PurgeRules, source: str, tags: Iterable[str] = (), purge_watermark: float = 0.0) -> bool:
    return found.match((source,), tags, purge_watermark) is PurgeMatch.HARD


@pytest.mark.parametrize(
    ("target", "source", "tags"),
    [
        (PurgeTarget(PurgeScope.SOURCE, SOURCES[0]), SOURCES[0], ()),
        (PurgeTarget(PurgeScope.PREFIX, "https://a"), SOURCES[1], ()),
        (PurgeTarget(PurgeScope.TAG, "sale"), SOURCES[2], ("home", "sale")),
        (PurgeTarget(PurgeScope.ALL), SOURCES[2], ()),
    ],
)
def test_what_is_named_is_gone(target: PurgeTarget, source: str, tags: tuple[str, ...]) -> None:
    found = rules()
    assert not gone(found, source, tags)
    found.issue([target])
    assert gone(found, source, tags)


@pytest.mark.parametrize("target", TARGETS[:-1], ids=str)
def test_nothing_else_is(target: PurgeTarget) -> None:
    found = rules()
    found.issue([target])
    assert not gone(found, "http://c.example/1.jpg", ("sales",))


def test_a_result_goes_with_each_of_its_pictures() -> None:
    found = rules()
    found.issue([PurgeTarget(PurgeScope.SOURCE, "mark.png")])
    assert found.match(("photo.jpg", "mark.png"), (), 0.0) is PurgeMatch.HARD
    assert found.match(("photo.jpg",), (), 0.0) is PurgeMatch.NONE


def test_what_is_fetched_after_a_purge_heeds_it_at_once_and_not_the_next_one() -> None:
    found = rules()
    for _ in range(3):  # the clock stands still all the while
        before = found.current_watermark()
        found.issue([PurgeTarget(PurgeScope.SOURCE, "a")])
        assert gone(found, "a", purge_watermark=before)
        assert not gone(found, "a", purge_watermark=found.current_watermark())


def test_a_server_whose_clock_is_ahead_loses_what_it_made_before_it_heard_of_a_purge() -> None:
    here, there = Clock(), Clock()
    there.now += CLOCK_SKEW_S - 1
    ahead = rules(there)
    made_before = ahead.current_watermark()
    purges = rules(here).issue([PurgeTarget(PurgeScope.SOURCE, "a")])
    ahead.merge(purges)
    assert gone(ahead, "a", purge_watermark=made_before)
    assert not gone(ahead, "a", purge_watermark=ahead.current_watermark())


def test_a_server_whose_clock_is_behind_makes_what_was_purged_once_only() -> None:
    here, there = Clock(), Clock()
    there.now -= 3_600
    behind = rules(there)
    behind.merge(rules(here).issue([PurgeTarget(PurgeScope.SOURCE, "a")]))
    assert not gone(behind, "a", purge_watermark=behind.current_watermark())
    behind.issue([PurgeTarget(PurgeScope.SOURCE, "a")])
    assert gone(behind, "a", purge_watermark=behind.current_watermark() - 1)


def test_a_soft_purge_makes_stale_and_a_hard_one_ends_it() -> None:
    found, entry = rules(), entry_of(fresh_until=NOW + 60, stale_until=NOW + 120, sources=("a",))
    [soft] = found.issue([PurgeTarget(PurgeScope.SOURCE, "a", hard=False)])
    stale = found.apply_to(entry)
    assert stale is not None
    assert (stale.meta.lifetime.fresh_until, stale.meta.lifetime.stale_until) == (soft.at, NOW + 120)
    found.issue([PurgeTarget(PurgeScope.SOURCE, "a")])
    assert found.apply_to(entry) is None
    assert [rule.hard for rule in found.rules()] == [True]


def test_a_soft_purge_ends_what_may_not_be_served_stale() -> None:
    found = rules()
    found.issue([PurgeTarget(PurgeScope.ALL, hard=False)])
    assert found.apply_to(entry_of(fresh_until=NOW - 1, stale_until=NOW - 1)) is None


def test_everything_makes_what_was_purged_before_superfluous() -> None:
    found = rules()
    found.issue(
        [
            PurgeTarget(PurgeScope.SOURCE, "a"),
            PurgeTarget(PurgeScope.TAG, "b"),
            PurgeTarget(PurgeScope.SOURCE, "c", hard=False),
        ]
    )
    found.issue([PurgeTarget(PurgeScope.ALL, hard=False)])
    assert len(found) == 3
    found.issue([PurgeTarget(PurgeScope.ALL)])
    assert [rule.target for rule in found.recent()] == [PurgeTarget(PurgeScope.ALL)]
    assert len(found) == 1


def test_rules_older_than_every_entry_become_one_for_all_of_that_age() -> None:
    clock = Clock()
    found = rules(clock)
    old = found.issue([PurgeTarget(PurgeScope.SOURCE, "a"), PurgeTarget(PurgeScope.TAG, "t", hard=False)])
    assert found.forget() is None
    clock.now += MAX_LIFE_S + CLOCK_SKEW_S + 1
    found.issue([PurgeTarget(PurgeScope.SOURCE, "b")])
    marker = found.forget()
    assert marker is not None
    assert (marker.scope, marker.at) == (PurgeScope.ALL, old[0].at)
    assert {rule.scope for rule in found.rules()} == {PurgeScope.ALL, PurgeScope.SOURCE}
    assert found.merge(old) == []
    assert gone(found, "anything", purge_watermark=marker.at - 1), "an entry that outlived its rules"
    assert not gone(found, "anything", purge_watermark=marker.at)
    assert gone(found, "b", purge_watermark=clock.now - 1)


def test_the_last_rules_in_force_are_listed_in_order() -> None:
    clock = Clock()
    found = rules(clock)
    assert found.recent() == []
    later = rule_of(PurgeTarget(PurgeScope.TAG, "b"), NOW - 1)
    earlier = rule_of(PurgeTarget(PurgeScope.SOURCE, "a"), NOW - 2)
    for learned, known in ((later, [later]), (earlier, [earlier, later]), (earlier, [earlier, later])):
        found.merge([learned])
        assert found.recent() == known
    found.issue([PurgeTarget(PurgeScope.SOURCE, "c")])
    assert [rule.value for rule in found.recent()] == ["a", "b", "c"]
    everything = found.issue([PurgeTarget(PurgeScope.ALL)])
    assert found.recent() == everything


def test_a_rule_without_its_text_matches_all_the_same() -> None:
    told, found = rules(), rules()
    told.issue([target for target in TARGETS if target.scope is not PurgeScope.ALL])
    found.merge(told.rules())
    assert all(gone(found, source) for source in SOURCES)
    assert all(gone(found, "c", [tag]) for tag in TAGS)
    assert sorted(found.rules(), key=lambda rule: rule.id) == sorted(told.rules(), key=lambda rule: rule.id)


@pytest.mark.parametrize(
    ("scope", "bounds"), [(PurgeScope.SOURCE, {"max_rules": 8}), (PurgeScope.PREFIX, {"max_prefixes": 8})]
)
def test_too_many_rules_become_fewer_that_purge_more(scope: PurgeScope, bounds: dict[str, int]) -> None:
    clock = Clock()
    found = rules(clock, **bounds)
    values = [f"number {number:02}" for number in range(100)]
    for number, value in enumerate(values):
        clock.now += CLOCK_SKEW_S * 2
        watermark = found.current_watermark()
        found.issue([PurgeTarget(scope, value, hard=number % 3 > 0)])
        found.forget()
        assert len(found) <= 10
        assert found.match((value,), (), watermark) is not PurgeMatch.NONE
    assert all(found.match((value,), (), NOW) is not PurgeMatch.NONE for value in values)
    assert not gone(found, "never named", purge_watermark=found.current_watermark())


def test_many_purges_leave_everything_else_alone() -> None:
    found = rules()
    named = [f"https://a.example/{number}.jpg" for number in range(20_000)]
    found.issue([PurgeTarget(PurgeScope.SOURCE, source) for source in named])
    assert found.forget() is None
    assert not gone(found, "https://a.example/unnamed.jpg")
    assert all(gone(found, source) for source in named[::1000])


def test_behind_a_fence_everything_asks_its_source_first() -> None:
    found, entry = rules(), entry_of(fresh_until=NOW + 60, stale_until=NOW + 120, sources=("a",))
    watermark = found.current_watermark()
    found.fenced = True
    expired = found.apply_to(entry)
    assert expired is not None
    lifetime = expired.meta.lifetime
    assert (lifetime.fresh_until, lifetime.stale_until, lifetime.retained_until) == (NOW, NOW, NOW + 120)
    assert found.match(("a",), (), NOW + 60) is PurgeMatch.SOFT
    found.issue([PurgeTarget(PurgeScope.SOURCE, "a")])
    assert found.apply_to(entry) is None
    assert found.current_watermark() >= watermark
    found.fenced = False
    assert found.match(("b",), (), 0.0) is PurgeMatch.NONE


def test_a_provisional_rule_is_in_force_and_lets_no_watermark_pass() -> None:
    found = rules()
    [provisional] = found.issue([PurgeTarget(PurgeScope.SOURCE, "a")], provisional=True)
    assert gone(found, "a", purge_watermark=found.current_watermark())
    found.merge([rule_of(PurgeTarget(PurgeScope.SOURCE, "a"), provisional.at + 1)])
    assert not gone(found, "a", purge_watermark=found.current_watermark())


@given(st.lists(st.tuples(st.sampled_from(TARGETS), st.booleans(), st.integers(0, 5)), max_size=5))
def test_every_order_of_hearing_comes_to_the_same(issued: list[tuple[PurgeTarget, bool, int]]) -> None:
    purges = [rule_of(PurgeTarget(target.scope, target.value, hard), NOW + at) for target, hard, at in issued]
    verdicts = set()
    for order in permutations(purges):
        found = rules()
        for purge in order:
            found.merge([purge, purge])
        verdicts.add(tuple(found.match((s,), (t,), NOW + at) for s in SOURCES for t in TAGS for at in range(-1, 6)))
        assert found.latest == max((purge.at for purge in purges), default=0.0)
    assert len(verdicts) == 1


@given(
    st.lists(st.tuples(st.sampled_from(TARGETS), st.booleans(), st.integers(0, 5)), max_size=8),
    st.sampled_from(SOURCES),
    st.sets(st.sampled_from(TAGS)),
    st.integers(-1, 6),
)
def test_it_is_as_if_every_purge_were_looked_at(
    issued: list[tuple[PurgeTarget, bool, int]], source: str, tags: set[str], watermark: int
) -> None:
    found, worst = rules(), PurgeMatch.NONE
    for target, hard, at in issued:
        found.merge([rule_of(PurgeTarget(target.scope, target.value, hard), NOW + at)])
        named = {
            PurgeScope.SOURCE: source == target.value,
            PurgeScope.TAG: target.value in tags,
            PurgeScope.PREFIX: source.startswith(target.value),
            PurgeScope.ALL: True,
        }
        if named[target.scope] and watermark < at and worst is not PurgeMatch.HARD:
            worst = PurgeMatch.HARD if hard else PurgeMatch.SOFT
    assert found.match((source,), tags, NOW + watermark) is worst
