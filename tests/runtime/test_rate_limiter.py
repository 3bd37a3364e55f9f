"""Token buckets: how much may be asked for at once, how fast it comes back, and that strangers cannot fill the
memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.runtime.rate_limiter import RateLimiter


class Clock:
    """Stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_may_come_at_once_and_then_as_many_as_come_back() -> None:
    clock = Clock()
    rates = RateLimiter(per_s=2, burst=3, clock=clock)
    assert [rates.try_acquire("a") for _ in range(3)] == [0, 0, 0]
    assert rates.try_acquire("a") == pytest.approx(0.5)
    clock.now += 0.49
    assert rates.try_acquire("a") > 0
    clock.now += 0.02
    assert rates.try_acquire("a") == 0
    assert rates.try_acquire("a") > 0
    clock.now += 1_000
    assert [rates.try_acquire("a") for _ in range(3)] == [0, 0, 0], "no more than a burst is saved up"
    assert rates.try_acquire("a") > 0


def test_who_is_refused_pays_nothing_and_may_come_when_told() -> None:
    clock = Clock()
    rates = RateLimiter(per_s=1, burst=1, clock=clock)
    assert rates.try_acquire("a") == 0
    waits = [rates.try_acquire("a") for _ in range(100)]
    assert max(waits) == pytest.approx(1)
    clock.now += waits[-1]
    assert rates.try_acquire("a") == 0


def test_each_has_a_bucket_of_its_own() -> None:
    rates = RateLimiter(per_s=1, burst=1, clock=Clock())
    assert [rates.try_acquire(key) for key in ("a", "b")] == [0, 0]
    assert [rates.try_acquire(key) > 0 for key in ("a", "b")] == [True, True]


def test_of_too_many_the_one_that_asked_longest_ago_is_forgotten() -> None:
    rates = RateLimiter(per_s=1, burst=1, max_keys=2, clock=Clock())
    for key in ("a", "b", "c"):
        assert rates.try_acquire(key) == 0
    assert len(rates) == 2
    assert rates.try_acquire("c") > 0
    assert rates.try_acquire("b") > 0
    assert rates.try_acquire("a") == 0


@given(
    st.floats(0.1, 1_000),
    st.integers(1, 100),
    st.lists(st.floats(0, 10), max_size=200),
)
def test_no_more_is_given_than_a_burst_and_what_came_back(per_s: float, burst: int, pauses: list[float]) -> None:
    clock = Clock()
    rates = RateLimiter(per_s, burst, clock=clock)
    began, given = clock.now, 0
    for pause in pauses:
        clock.now += pause
        given += rates.try_acquire("a") == 0
        assert given <= burst + (clock.now - began) * per_s + 1e-3
