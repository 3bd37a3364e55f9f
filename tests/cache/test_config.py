"""Settings of the cache, and helpful errors for invalid ones."""

import pytest
from pydantic import ValidationError

from pixmill.cache.config import CacheConfig
from pixmill.cache.urls.limits import TierLimits
from pixmill.cache.urls.tier_urls import TierUrl, parse_tiers
from pixmill.plan.freshness import FreshnessPolicy

MIB = 2**20


def test_by_default_there_is_memory_and_the_user_s_folder() -> None:
    memory, disk = CacheConfig().cache_tiers()
    assert (memory.scheme, memory.max_bytes) == ("memory", 256 * MIB)
    assert (disk.scheme, disk.path, disk.max_bytes) == ("file", "", 2_048 * MIB)
    assert (disk.timeout_s, disk.limits) == (1.0, TierLimits())


def test_an_empty_text_is_no_cache() -> None:
    assert CacheConfig(cache="").cache_tiers() == ()
    assert parse_tiers(" , ") == ()


def test_tiers_are_urls_in_order() -> None:
    assert parse_tiers("memory:// , file:///a%20b/c?max_bytes=10MB,s3://bucket/prefix,gs://b,az://c") == (
        TierUrl("memory", "memory://", "", 256 * MIB),
        TierUrl("file", "file:///a%20b/c", "/a b/c", 10_000_000, timeout_s=1.0),
        TierUrl("s3", "s3://bucket/prefix", timeout_s=1.0),
        TierUrl("gs", "gs://b", timeout_s=1.0),
        TierUrl("az", "az://c", timeout_s=1.0),
    )


def test_every_tier_can_be_bounded_and_the_slow_ones_timed() -> None:
    bounds = "max_entry_bytes=2MB&ttl=12h"
    tiers = parse_tiers(f"memory://?{bounds},file:///x?{bounds}&timeout=250ms,s3://b?timeout=1.5s&{bounds}")
    assert {tier.limits for tier in tiers} == {TierLimits(2_000_000, 12 * 3_600)}
    assert [tier.timeout_s for tier in tiers[1:]] == [0.25, 1.5]
    assert [tier.url for tier in tiers] == ["memory://", "file:///x", "s3://b"]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("rediss", "is not a tier"),
        ("/var/cache", "is not a tier"),
        ("memory", "is not a tier"),
        ("memory:", "is not a tier"),
        ("http://example.com", "is not a tier"),
        ("file://var/cache", "three slashes"),
        ("memory://host", "unused part"),
        ("memory:///path", "unused part"),
        ("file:///x#y", "unused part"),
        ("memory://?max_byte=1MiB", "unknown option max_byte"),
        ("file:///x?max_bytes=1MiB&max_bytes=2MiB", "twice"),
        ("memory://?max_bytes=lots", "is no size"),
        ("memory://?max_bytes=", "is no size"),
        ("file:///x?max_bytes=1000", "at least"),
        ("s3://", "bucket/prefix"),
        ("s3://bucket?max_bytes=1GiB", "unknown option max_bytes"),
        ("memory://?timeout=1s", "unknown option timeout"),
        ("file:///x?timeout=0", "1ms to 60s"),
        ("file:///x?timeout=2m", "1ms to 60s"),
        ("file:///x?timeout=soon", "is no duration"),
        ("file:///x?ttl=1y", "is no duration"),
        ("s3://bucket?ttl=0", "would store nothing"),
        ("s3://bucket?max_entry_bytes=0", "would store nothing"),
        ("s3://bucket#x", "unused part"),
        ("s3://[", "is not a valid URL"),
    ],
)
def test_a_wrong_tier_is_named_with_its_setting(text: str, hint: str) -> None:
    with pytest.raises(ValidationError) as caught:
        CacheConfig(cache=f"memory://,{text}")
    assert "PIXMILL_CACHE" in str(caught.value)
    assert hint in str(caught.value)


@pytest.mark.parametrize("tiers", ["file:///a,memory://", "memory://,memory://", "redis://h,memory://,file:///a"])
def test_memory_behind_another_tier_is_refused(tiers: str) -> None:
    """It would be asked after a slower tier, whose entry it holds too, and so never answer."""
    with pytest.raises(ValidationError, match="memory:// must be the first tier"):
        CacheConfig(cache=tiers)


def test_credentials_in_a_tier_s_url_are_refused_and_not_repeated() -> None:
    with pytest.raises(ValidationError) as caught:
        CacheConfig(cache="s3://key:topsecret@bucket")
    assert "PIXMILL_CACHE" in str(caught.value)
    assert "topsecret" not in str(caught.value)


def test_the_times_become_rules() -> None:
    config = CacheConfig(cache_ttl_s=1, cache_min_ttl_s=2, cache_max_ttl_s=3, cache_stale_while_revalidate_s=4)
    assert config.cache_freshness_policy() == FreshnessPolicy(
        default_ttl_s=1, min_ttl_s=2, max_ttl_s=3, stale_while_revalidate_s=4
    )
    assert CacheConfig().cache_freshness_policy() == FreshnessPolicy()


def test_a_minimum_above_the_maximum_is_refused() -> None:
    with pytest.raises(ValidationError, match="PIXMILL_CACHE_MIN_TTL_S"):
        CacheConfig(cache_min_ttl_s=10, cache_max_ttl_s=5)


def test_the_largest_entry_may_be_written_as_a_size() -> None:
    assert CacheConfig.model_validate({"cache_max_entry_bytes": "2MiB"}).cache_max_entry_bytes == 2 * MIB
