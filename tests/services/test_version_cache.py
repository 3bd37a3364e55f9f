"""The last word of each source: for how long it holds, and how many are remembered."""

import pytest

from pixmill.plan.freshness import CacheDirectives, FreshnessPolicy
from pixmill.plan.source import parse_source
from pixmill.ports.values import OriginalVersion
from pixmill.services.inputs.caches import VersionCache

HERE = parse_source("photo.jpg")


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def versions(clock: Clock) -> VersionCache:
    return VersionCache(FreshnessPolicy(default_ttl_s=100), clock)


@pytest.mark.parametrize(("said", "holds_s"), [(60.0, 60), (None, 100)])
def test_a_word_holds_as_long_as_it_says_and_is_remembered_after(
    versions: VersionCache, clock: Clock, said: float | None, holds_s: float
) -> None:
    versions.put(HERE, OriginalVersion("v", CacheDirectives(said), purge_watermark=7))
    clock.now += holds_s - 20
    rest = CacheDirectives(20.0, is_default=said is None)
    assert versions.get_fresh(HERE) == OriginalVersion("v", rest, purge_watermark=7), "what remains of it"
    clock.now += 20
    assert versions.get_fresh(HERE) is None
    assert versions.get(HERE) == OriginalVersion("v", CacheDirectives(said), purge_watermark=7)


def test_what_is_vouched_for_not_even_a_second_does_not_hold(versions: VersionCache) -> None:
    versions.put(HERE, OriginalVersion("v", CacheDirectives(0)))
    assert (versions.get_fresh(HERE), versions.get(HERE)) == (None, OriginalVersion("v", CacheDirectives(0)))


def test_what_may_not_be_kept_is_forgotten_and_so_is_what_it_takes_back(versions: VersionCache) -> None:
    versions.put(HERE, OriginalVersion("v"))
    versions.put(HERE, OriginalVersion("w", CacheDirectives(storable=False)))
    assert versions.get(HERE) is None


def test_the_source_that_spoke_longest_ago_is_forgotten(
    versions: VersionCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions._versions, "max_entries", 2)
    for name in "abac":
        versions.put(parse_source(name), OriginalVersion(name))
    assert [bool(versions.get(parse_source(name))) for name in "abc"] == [True, False, True]
