"""How long a result is good for, and what a client hears of it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.plan.freshness import YEAR_S, Advice, Freshness, Lifetime, advise

RULES = Freshness(ttl_s=100, min_ttl_s=10, max_ttl_s=1_000, stale_s=50)
NOW = 1_000_000.0


@pytest.mark.parametrize(
    ("said", "ttl"), [(None, 100), (math.nan, 100), (500, 500), (5_000, 1_000), (math.inf, 1_000), (0, 10), (-5, 10)]
)
def test_the_source_is_heard_within_the_operator_s_bounds(said: float | None, ttl: float) -> None:
    assert RULES.lifetime(NOW, said) == Lifetime(fresh_until=NOW + ttl, stale_until=NOW + ttl + 50)


def test_the_default_is_bounded_too() -> None:
    assert Freshness(ttl_s=5_000, max_ttl_s=60, stale_s=0).lifetime(NOW, None).fresh_until == NOW + 60


def test_what_is_not_vouched_for_at_all_is_not_served_stale_either() -> None:
    assert Freshness().lifetime(NOW, 0) == Lifetime(fresh_until=NOW, stale_until=NOW)


def test_a_client_hears_whole_seconds_from_when_the_result_was_stored() -> None:
    told = advise(NOW + 30.9, NOW, RULES.lifetime(NOW, None))
    assert told == Advice(max_age_s=100, age_s=30, stale_while_s=50)
    assert told.remaining_s == 70


def test_a_stale_result_has_nothing_left() -> None:
    assert advise(NOW + 120, NOW, RULES.lifetime(NOW, None)).remaining_s == 0


@given(*[st.floats(-1e15, 1e15)] * 4)
def test_no_clock_makes_a_number_negative_or_longer_than_a_year(
    now: float, stored: float, fresh: float, stale: float
) -> None:
    told = advise(now, stored, Lifetime(fresh_until=fresh, stale_until=stale))
    assert all(0 <= number <= YEAR_S for number in (told.max_age_s, told.age_s, told.stale_while_s, told.remaining_s))
