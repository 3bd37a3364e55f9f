"""Limits of a tier besides its size: bytes and lifetime of an entry."""

from time import time

import pytest

from pixmill.cache.resilience.guarded import GuardedTier
from pixmill.cache.tier import Miss, ResultTier
from pixmill.cache.tiers.memory import MemoryTier
from pixmill.cache.urls.limits import NO_LIMITS, TierLimits
from pixmill.cache.urls.options import parse_duration
from pixmill.ports.values import Entry
from tests.cache.entries import entry_of, key_of
from tests.cache.tiers import FlakyTier

KEY = key_of("an image")


def test_without_bounds_an_entry_is_taken_as_it_is() -> None:
    entry = entry_of(bytes(10**6), stale_until=1e12)
    assert NO_LIMITS.admit(entry, 0.0) is entry


def test_no_time_of_an_entry_goes_beyond_what_the_tier_allows() -> None:
    entry = entry_of(
        stored_at=100.0, fresh_until=150.0, stale_until=300.0, stale_if_error_until=400.0, retained_until=500.0
    )
    assert TierLimits(ttl_s=50).admit(entry, 120.0) == entry_of(
        stored_at=100.0, fresh_until=150.0, stale_until=170.0, stale_if_error_until=170.0, retained_until=170.0
    )
    assert TierLimits(ttl_s=500).admit(entry, 120.0) is entry


@pytest.mark.parametrize("guarded", [False, True])
async def test_too_large_an_entry_removes_what_was_there(*, guarded: bool) -> None:
    bounds = TierLimits(max_entry_bytes=10)
    tier: ResultTier = (
        GuardedTier(FlakyTier(), timeout_s=1, admission_policy=bounds) if guarded else MemoryTier(2**20, limits=bounds)
    )
    await tier.put(KEY, entry_of(bytes(10)))
    assert isinstance(await tier.get(KEY), Entry)
    await tier.put(KEY, entry_of(bytes(11)))
    assert await tier.get(KEY) is Miss.ABSENT


@pytest.mark.parametrize("guarded", [False, True])
async def test_a_tier_keeps_an_entry_no_longer_than_it_may(*, guarded: bool) -> None:
    bounds = TierLimits(ttl_s=30)
    tier: ResultTier = (
        GuardedTier(FlakyTier(), timeout_s=1, admission_policy=bounds) if guarded else MemoryTier(2**20, limits=bounds)
    )
    await tier.put(KEY, entry_of(stale_until=time() + 3_600))
    found = await tier.get(KEY)
    assert isinstance(found, Entry)
    assert found.meta.lifetime.stale_until <= time() + 30


@pytest.mark.parametrize(
    ("text", "seconds"), [("250ms", 0.25), ("2", 2), ("2s", 2), ("1.5 s", 1.5), ("10m", 600), ("12H", 43_200), ("7d", 604_800)]
)  # fmt: skip
def test_times_are_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "1y", "-1s", "1e3", "1.s", "inf", "9999999999", "1 ms2", "١s"])
def test_anything_else_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        parse_duration(text)
