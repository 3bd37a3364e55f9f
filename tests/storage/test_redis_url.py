"""Where a Redis is, as it is written; and that its password is never told again."""

import traceback
from dataclasses import replace

import pytest

from pixmill.cache.urls.limits import TierLimits
from pixmill.cache.urls.tier_urls import RedisTierUrl, parse_tiers
from pixmill.storage.redis_url import RedisTarget


def place_of(url: str) -> RedisTarget:
    (tier,) = parse_tiers(url)
    assert isinstance(tier, RedisTierUrl)
    return tier.target


def test_what_is_not_said_has_sane_values() -> None:
    (tier,) = parse_tiers("redis://cache.internal")
    assert tier == RedisTierUrl(
        "redis",
        "redis://cache.internal:6379/0",
        limits=TierLimits(8 * 2**20),
        timeout_s=0.25,
        target=RedisTarget("cache.internal"),
    )


def test_everything_can_be_said() -> None:
    url = "rediss://me:p%40ss@[::1]:7000/12?prefix=img&ca=/ca.pem&cert=/c.pem&key=/k.pem&verify=no&timeout=50ms"
    assert place_of(url) == RedisTarget(
        host="::1",
        port=7000,
        database=12,
        username="me",
        password="p@ss",
        tls=True,
        ca="/ca.pem",
        cert="/c.pem",
        key="/k.pem",
        verify=False,
        prefix="img",
    )
    assert place_of("rediss+cluster://:x@h") == RedisTarget("h", password="x", tls=True, cluster=True)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://me:secret@h", "redis://h:6379/0"),
        ("rediss+cluster://:secret@[::1]:7", "rediss+cluster://[::1]:7"),
    ],
)
def test_it_is_shown_without_its_credentials(url: str, shown: str) -> None:
    (tier,) = parse_tiers(url)
    assert tier.url == shown
    assert "secret" not in f"{tier!r} {replace(place_of(url))!r}"


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("redis://", "names no host"),
        ("redis:///0", "names no host"),
        ("redis://h:port", "port"),
        ("redis://h:70000", "port"),
        ("redis://h/one", "database number"),
        ("redis://h/²", "database number"),
        ("redis+cluster://h/1", "a cluster has none"),
        ("redis://h?verify=maybe", "yes or no"),
        ("redis://h?ca=/x", "rediss:// only"),
        ("redis://h?verify=no", "rediss:// only"),
        ("rediss://h?cert=/x", "go together"),
        ("redis://h?prefix={slot}", "prefix"),
        ("redis://h?prefix=", "prefix"),
        ("redis://h?max_bytes=1GiB", "unknown option max_bytes"),
        ("redis://h?db=1", "unknown option db"),
        ("redis://h#x", "unused part"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_hint(url: str, hint: str) -> None:
    with pytest.raises(ValueError, match="PIXMILL_CACHE: ") as refused:
        parse_tiers(url)
    assert hint in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis://:topsecret@host:port",
        "redis://:tops,topsecret@host",
        "redis://me:topsecret,x@host",
        "redis://:topsecret/x@host",
        "redis://:topsecret?x@host",
        "redis://:topsecret#x@host",
        "redis://:[topsecret@host",
        "redis://:topsecret@host/one",
        "memory://,rediss://:topsecret@host?verify=maybe",
        "rediss//:topsecret@host",
        "s3://key:topsecret@bucket",
        "file://me:topsecret@/x",
    ],
)
def test_an_error_never_repeats_what_may_be_a_password(url: str) -> None:
    with pytest.raises(ValueError, match="PIXMILL_CACHE: tier ") as refused:
        parse_tiers(url)
    assert "secret" not in "".join(traceback.format_exception_only(refused.value))
    assert refused.value.__suppress_context__, "nor does what led to it"
