"""How long a result is good for, and what a client hears of it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.plan.freshness import (
    NO_DIRECTIVES,
    YEAR_S,
    CacheControl,
    CacheDirectives,
    FreshnessPolicy,
    Lifetime,
    cache_control_for,
)

RULES = FreshnessPolicy(
    default_ttl_s=100, min_ttl_s=10, max_ttl_s=1_000, stale_while_revalidate_s=50, stale_if_error_s=70
)
NOW = 1_000_000.0


def windows(vouched: CacheDirectives, rules: FreshnessPolicy = RULES) -> tuple[float, float, float, float]:
    """Seconds fresh; then, from there, served while refreshed, served if that fails, kept."""
    lifetime = rules.lifetime(NOW, vouched)
    ends = (lifetime.stale_until, lifetime.stale_if_error_until, lifetime.retained_until)
    return (lifetime.fresh_until - NOW, *(end - lifetime.fresh_until for end in ends))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("said", "ttl"), [(None, 100), (math.nan, 100), (500, 500), (5_000, 1_000), (math.inf, 1_000), (0, 10), (-5, 10)]
)
def test_the_source_is_heard_within_the_operator_s_bounds(said: float | None, ttl: float) -> None:
    assert windows(CacheDirectives(said)) == (ttl, 50, 70, 70)


def test_the_default_is_bounded_too() -> None:
    assert (
        FreshnessPolicy(default_ttl_s=5_000, max_ttl_s=60, stale_while_revalidate_s=0).lifetime(NOW).fresh_until
        == NOW + 60
    )


@pytest.mark.parametrize(
    ("vouched", "expected"),
    [
        (CacheDirectives(20, stale_while_revalidate_s=5), (20, 5, 70, 70)),
        (CacheDirectives(20, stale_while_revalidate_s=500, stale_if_error_s=500), (20, 50, 70, 70)),
        (CacheDirectives(20, stale_if_error_s=0), (20, 50, 50, 70)),
        (CacheDirectives(20, stale_while_revalidate_s=0, stale_if_error_s=0), (20, 0, 0, 70)),
        (CacheDirectives(20, stale_while_revalidate_s=5, must_revalidate=True), (20, 0, 0, 70)),
        (CacheDirectives(0, storable=False), (10, 50, 70, 70)),
    ],
)
def test_the_source_may_shorten_what_is_served_stale_and_never_lengthen_it(
    vouched: CacheDirectives, expected: tuple[float, ...]
) -> None:
    assert windows(vouched) == expected


def test_what_is_not_vouched_for_at_all_is_kept_to_be_renewed_and_not_served_stale() -> None:
    assert windows(CacheDirectives(0), FreshnessPolicy()) == (0, 0, 0, 86_400)


def test_what_may_not_be_kept_is_not() -> None:
    assert windows(CacheDirectives(0, storable=False), FreshnessPolicy()) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("vouched", "age_s", "left_s"),
    [
        (CacheDirectives(60), 0, 60),
        (CacheDirectives(60), 20, 40),
        (NO_DIRECTIVES, 20, 80),
        (CacheDirectives(5_000), 20, 980),
        (CacheDirectives(60), 60.5, 1),
        (CacheDirectives(60), -5, 60),
    ],
)
def test_what_was_said_some_time_ago_holds_for_the_rest_of_its_time(
    vouched: CacheDirectives, age_s: float, left_s: float
) -> None:
    assert RULES.age_directives(vouched, age_s).freshness_lifetime_s == left_s


def test_what_is_made_of_several_is_as_good_as_the_weakest() -> None:
    words = [CacheDirectives(60, 5, None, immutable=True), CacheDirectives(None, None, 7, must_revalidate=True)]
    assert RULES.most_restrictive(words) == CacheDirectives(60, 5, 7, must_revalidate=True)
    assert RULES.most_restrictive([NO_DIRECTIVES, CacheDirectives(500)]).freshness_lifetime_s == 100
    assert RULES.most_restrictive([NO_DIRECTIVES, NO_DIRECTIVES]) == NO_DIRECTIVES
    assert not RULES.most_restrictive([NO_DIRECTIVES, CacheDirectives(0, storable=False)]).storable


def test_a_client_hears_whole_seconds_from_when_the_result_was_stored() -> None:
    told = cache_control_for(NOW + 30.9, RULES.lifetime(NOW))
    assert told == CacheControl(max_age_s=100, age_s=30, stale_while_revalidate_s=50, stale_if_error_s=70)


@given(*[st.floats(-1e15, 1e15)] * 6)
def test_no_clock_makes_a_number_negative_or_longer_than_a_year(
    now: float, stored: float, fresh: float, stale: float, error: float, kept: float
) -> None:
    told = cache_control_for(now, Lifetime(stored, fresh, stale, error, kept))
    assert all(
        0 <= number <= YEAR_S
        for number in (told.max_age_s, told.age_s, told.stale_while_revalidate_s, told.stale_if_error_s)
    )
