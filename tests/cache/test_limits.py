"""Limits of a tier besides its size: bytes and lifetime of an entry."""

import re
from time import time

import pytest

from pixmill.cache.resilience.guarded import GuardedTier
from pixmill.cache.tier import Miss, ResultTier
from pixmill.cache.tiers.memory import MemoryTier
from pixmill.cache.urls.limits import NO_LIMITS, TierLimits
from pixmill.cache.urls.options import parse_options
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


def test_options_of_tiers_are_sizes_and_durations() -> None:
    options = parse_options(
        "max_bytes=1.5GB&max_entry_bytes=64KiB&ttl=1h30m&timeout=250ms", {"max_bytes": "1", "timeout": "1s"}
    )
    assert (options.max_bytes, options.limits, options.timeout_s) == (1_500_000_000, TierLimits(65_536, 5_400), 0.25)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("max_bytes=lots", "has max_bytes=lots, which is no size: write a number and a unit, such as 256MiB"),
        ("max_bytes=10G", "has max_bytes=10G, which is ambiguous: write 10GB (multiples of 1000) or 10GiB (of 1024)"),
        ("ttl=1y", "has ttl=1y, which is no duration: y is no unit"),
        ("ttl=0", "has ttl=0, with which it would store nothing"),
        ("max_entry_bytes=0MiB", "has max_entry_bytes=0MiB, with which it would store nothing"),
        ("timeout=2m", "has timeout=2m: the timeout of a tier is 1ms to 60s"),
    ],
)
def test_an_option_that_cannot_be_is_named_with_its_value(query: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_options(query, {"max_bytes": "1", "timeout": "1s"})
