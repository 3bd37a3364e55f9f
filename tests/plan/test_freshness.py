"""How long a result is good for, and what a client hears of it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.plan.freshness import SILENT, YEAR_S, Advice, Freshness, Lifetime, Vouched, advise

RULES = Freshness(ttl_s=100, min_ttl_s=10, max_ttl_s=1_000, stale_s=50, stale_on_error_s=70)
NOW = 1_000_000.0


def windows(vouched: Vouched, rules: Freshness = RULES) -> tuple[float, float, float, float]:
    """Seconds fresh; then, from there, served while refreshed, served if that fails, kept."""
    lifetime = rules.lifetime(NOW, vouched)
    ends = (lifetime.stale_until, lifetime.error_until, lifetime.kept_until)
    return (lifetime.fresh_until - NOW, *(end - lifetime.fresh_until for end in ends))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("said", "ttl"), [(None, 100), (math.nan, 100), (500, 500), (5_000, 1_000), (math.inf, 1_000), (0, 10), (-5, 10)]
)
def test_the_source_is_heard_within_the_operator_s_bounds(said: float | None, ttl: float) -> None:
    assert windows(Vouched(said)) == (ttl, 50, 70, 70)


def test_the_default_is_bounded_too() -> None:
    assert Freshness(ttl_s=5_000, max_ttl_s=60, stale_s=0).lifetime(NOW).fresh_until == NOW + 60


@pytest.mark.parametrize(
    ("vouched", "expected"),
    [
        (Vouched(20, stale_while_s=5), (20, 5, 70, 70)),
        (Vouched(20, stale_while_s=500, stale_on_error_s=500), (20, 50, 70, 70)),
        (Vouched(20, stale_on_error_s=0), (20, 50, 50, 70)),
        (Vouched(20, stale_while_s=0, stale_on_error_s=0), (20, 0, 0, 70)),
        (Vouched(20, stale_while_s=5, strict=True), (20, 0, 0, 70)),
        (Vouched(0, may_keep=False), (10, 50, 70, 70)),
    ],
)
def test_the_source_may_shorten_what_is_served_stale_and_never_lengthen_it(
    vouched: Vouched, expected: tuple[float, ...]
) -> None:
    assert windows(vouched) == expected


def test_what_is_not_vouched_for_at_all_is_kept_to_be_renewed_and_not_served_stale() -> None:
    assert windows(Vouched(0), Freshness()) == (0, 0, 0, 86_400)


def test_what_may_not_be_kept_is_not() -> None:
    assert windows(Vouched(0, may_keep=False), Freshness()) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("vouched", "age_s", "left_s"),
    [
        (Vouched(60), 0, 60),
        (Vouched(60), 20, 40),
        (SILENT, 20, 80),
        (Vouched(5_000), 20, 980),
        (Vouched(60), 60.5, 1),
        (Vouched(60), -5, 60),
    ],
)
def test_what_was_said_some_time_ago_holds_for_the_rest_of_its_time(
    vouched: Vouched, age_s: float, left_s: float
) -> None:
    assert RULES.remaining(vouched, age_s).fresh_s == left_s


def test_what_is_made_of_several_is_as_good_as_the_weakest() -> None:
    words = [Vouched(60, 5, None, immutable=True), Vouched(None, None, 7, strict=True)]
    assert RULES.weakest(words) == Vouched(60, 5, 7, strict=True)
    assert RULES.weakest([SILENT, Vouched(500)]).fresh_s == 100
    assert RULES.weakest([SILENT, SILENT]) == SILENT
    assert not RULES.weakest([SILENT, Vouched(0, may_keep=False)]).may_keep


def test_a_client_hears_whole_seconds_from_when_the_result_was_stored() -> None:
    told = advise(NOW + 30.9, NOW, RULES.lifetime(NOW))
    assert told == Advice(max_age_s=100, age_s=30, stale_while_s=50, stale_on_error_s=70)


@given(*[st.floats(-1e15, 1e15)] * 6)
def test_no_clock_makes_a_number_negative_or_longer_than_a_year(
    now: float, stored: float, fresh: float, stale: float, error: float, kept: float
) -> None:
    told = advise(now, stored, Lifetime(fresh, stale, error, kept))
    assert all(
        0 <= number <= YEAR_S for number in (told.max_age_s, told.age_s, told.stale_while_s, told.stale_on_error_s)
    )
