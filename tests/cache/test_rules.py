"""Purges in force: exactly what was named is gone, whoever heard of it when and in which order."""

from collections.abc import Iterable
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.cache.rules import KEPT_S, SKEW_S, Rules
from pixmill.plan.purge import Purge, Scope, Target
from pixmill.ports import Verdict
from tests.cache.entries import entry_of

NOW = 1_700_000_000.0
SOURCES = ("https://a.example/1.jpg", "https://a.example/2.jpg", "https://b.example/1.jpg")
TAGS = ("sale", "home")
TARGETS = [
    *(Target(Scope.SOURCE, source) for source in SOURCES),
    *(Target(Scope.TAG, tag) for tag in TAGS),
    *(Target(Scope.PREFIX, prefix) for prefix in ("https://a.example/", "https://", "https://b.example/1")),
    Target(Scope.ALL),
]


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def rules(clock: Clock | None = None, **bounds: int) -> Rules:
    return Rules(clock or Clock(), **bounds)


def gone(found: Rules, source: str, tags: Iterable[str] = (), heeds: float = 0.0) -> bool:
    return found.verdict((source,), tags, heeds) is Verdict.GONE


@pytest.mark.parametrize(
    ("target", "source", "tags"),
    [
        (Target(Scope.SOURCE, SOURCES[0]), SOURCES[0], ()),
        (Target(Scope.PREFIX, "https://a"), SOURCES[1], ()),
        (Target(Scope.TAG, "sale"), SOURCES[2], ("home", "sale")),
        (Target(Scope.ALL), SOURCES[2], ()),
    ],
)
def test_what_is_named_is_gone(target: Target, source: str, tags: tuple[str, ...]) -> None:
    found = rules()
    assert not gone(found, source, tags)
    found.issue([target])
    assert gone(found, source, tags)


@pytest.mark.parametrize("target", TARGETS[:-1], ids=str)
def test_nothing_else_is(target: Target) -> None:
    found = rules()
    found.issue([target])
    assert not gone(found, "http://c.example/1.jpg", ("sales",))


def test_a_result_goes_with_each_of_its_pictures() -> None:
    found = rules()
    found.issue([Target(Scope.SOURCE, "mark.png")])
    assert found.verdict(("photo.jpg", "mark.png"), (), 0.0) is Verdict.GONE
    assert found.verdict(("photo.jpg",), (), 0.0) is Verdict.KEPT


def test_what_is_fetched_after_a_purge_heeds_it_at_once_and_not_the_next_one() -> None:
    found = rules()
    for _ in range(3):  # the clock stands still all the while
        before = found.horizon()
        found.issue([Target(Scope.SOURCE, "a")])
        assert gone(found, "a", heeds=before)
        assert not gone(found, "a", heeds=found.horizon())


def test_a_server_whose_clock_is_ahead_loses_what_it_made_before_it_heard_of_a_purge() -> None:
    here, there = Clock(), Clock()
    there.now += SKEW_S - 1
    ahead = rules(there)
    made_before = ahead.horizon()
    purges = rules(here).issue([Target(Scope.SOURCE, "a")])
    ahead.merge(purges)
    assert gone(ahead, "a", heeds=made_before)
    assert not gone(ahead, "a", heeds=ahead.horizon())


def test_a_server_whose_clock_is_behind_makes_what_was_purged_once_only() -> None:
    here, there = Clock(), Clock()
    there.now -= 3_600
    behind = rules(there)
    behind.merge(rules(here).issue([Target(Scope.SOURCE, "a")]))
    assert not gone(behind, "a", heeds=behind.horizon())
    behind.issue([Target(Scope.SOURCE, "a")])
    assert gone(behind, "a", heeds=behind.horizon() - 1)


def test_a_soft_purge_makes_stale_and_a_hard_one_ends_it() -> None:
    found, entry = rules(), entry_of(fresh_until=NOW + 60, stale_until=NOW + 120, sources=("a",))
    [soft] = found.issue([Target(Scope.SOURCE, "a", hard=False)])
    stale = found.judged(entry)
    assert stale is not None
    assert (stale.fresh_until, stale.stale_until) == (soft.at, NOW + 120)
    found.issue([Target(Scope.SOURCE, "a")])
    assert found.judged(entry) is None
    assert [purge.target.hard for purge in found.listed()] == [True]


def test_a_soft_purge_ends_what_may_not_be_served_stale() -> None:
    found = rules()
    found.issue([Target(Scope.ALL, hard=False)])
    assert found.judged(entry_of(fresh_until=NOW - 1, stale_until=NOW - 1)) is None


def test_everything_makes_what_was_purged_before_superfluous() -> None:
    found = rules()
    found.issue([Target(Scope.SOURCE, "a"), Target(Scope.TAG, "b"), Target(Scope.SOURCE, "c", hard=False)])
    found.issue([Target(Scope.ALL, hard=False)])
    assert len(found.listed()) == 3
    found.issue([Target(Scope.ALL)])
    assert [purge.target for purge in found.listed()] == [Target(Scope.ALL)]


def test_a_rule_goes_when_nothing_it_could_meet_is_left() -> None:
    clock = Clock()
    found = rules(clock)
    old = found.issue([Target(Scope.SOURCE, "a")])
    clock.now += KEPT_S + 1
    found.issue([Target(Scope.SOURCE, "b")])
    assert [purge.target.value for purge in found.listed()] == ["b"]
    assert found.merge(old) == []


def test_what_is_listed_is_what_is_in_force_in_order_whenever_one_looks() -> None:
    clock = Clock()
    found = rules(clock)
    assert list(found.listed()) == []
    later, earlier = Purge(Target(Scope.TAG, "b"), NOW - 1), Purge(Target(Scope.SOURCE, "a"), NOW - 2)
    for told, known in ((later, [later]), (earlier, [earlier, later]), (earlier, [earlier, later])):
        found.merge([told])
        assert list(found.listed()) == known
    found.issue([Target(Scope.SOURCE, "c")])
    assert [rule.target.value for rule in found.listed()] == ["a", "b", "c"]
    everything = found.issue([Target(Scope.ALL)])
    assert list(found.listed()) == everything
    clock.now += KEPT_S + 1
    newest = found.issue([Target(Scope.TAG, "d")])
    assert list(found.listed()) == newest


@pytest.mark.parametrize("bounds", [{"max_rules": 8}, {"max_bytes": 60}])
def test_too_many_rules_become_fewer_that_purge_more(bounds: dict[str, int]) -> None:
    clock = Clock()
    found = rules(clock, **bounds)
    values = [f"number {number}" for number in range(100)]
    for number, value in enumerate(values):
        clock.now += SKEW_S * 2
        heeded = found.horizon()
        found.issue([Target(Scope.SOURCE, value, hard=number % 3 > 0)])
        assert len(found.listed()) <= 10
        assert found.verdict((value,), (), heeded) is not Verdict.KEPT
    assert all(found.verdict((value,), (), NOW) is not Verdict.KEPT for value in values)
    assert not gone(found, "never named", heeds=found.horizon())


@given(st.lists(st.tuples(st.sampled_from(TARGETS), st.booleans(), st.integers(0, 5)), max_size=5))
def test_every_order_of_hearing_comes_to_the_same(said: list[tuple[Target, bool, int]]) -> None:
    purges = [Purge(Target(target.scope, target.value, hard), NOW + at) for target, hard, at in said]
    verdicts = set()
    for order in permutations(purges):
        found = rules()
        for purge in order:
            found.merge([purge, purge])
        verdicts.add(tuple(found.verdict((s,), (t,), NOW + at) for s in SOURCES for t in TAGS for at in range(-1, 6)))
        assert found.newest == max((purge.at for purge in purges), default=0.0)
    assert len(verdicts) == 1


@given(
    st.lists(st.tuples(st.sampled_from(TARGETS), st.booleans(), st.integers(0, 5)), max_size=8),
    st.sampled_from(SOURCES),
    st.sets(st.sampled_from(TAGS)),
    st.integers(-1, 6),
)
def test_it_is_as_if_every_purge_were_looked_at(
    said: list[tuple[Target, bool, int]], source: str, tags: set[str], heeds: int
) -> None:
    found, worst = rules(), Verdict.KEPT
    for target, hard, at in said:
        found.merge([Purge(Target(target.scope, target.value, hard), NOW + at)])
        named = {
            Scope.SOURCE: source == target.value,
            Scope.TAG: target.value in tags,
            Scope.PREFIX: source.startswith(target.value),
            Scope.ALL: True,
        }
        if named[target.scope] and heeds < at and worst is not Verdict.GONE:
            worst = Verdict.GONE if hard else Verdict.STALE
    assert found.verdict((source,), tags, NOW + heeds) is worst
