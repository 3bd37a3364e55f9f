"""Delays double up to their maximum, however many attempts fail."""

from pixmill.runtime.backoff import Backoff


def test_delays_grow_up_to_the_maximum() -> None:
    backoff = Backoff(initial_s=0.5, max_s=3)
    assert [backoff.delay_s(attempt) for attempt in range(5)] == [0.5, 1, 2, 3, 3]


def test_the_growth_can_be_chosen() -> None:
    assert [Backoff(1, 9, growth=1.5).delay_s(attempt) for attempt in range(3)] == [1, 1.5, 2.25]


def test_an_endless_series_of_failures_does_not_overflow() -> None:
    assert Backoff(initial_s=0.1, max_s=10).delay_s(100_000) == 10


def test_jitter_draws_from_the_upper_half() -> None:
    backoff = Backoff(initial_s=1, max_s=30, jitter=True)
    for attempt, upper_s in enumerate((1, 2, 4, 8, 16, 30, 30)):
        delays = {backoff.delay_s(attempt) for _ in range(50)}
        assert len(delays) > 1
        assert upper_s / 2 <= min(delays)
        assert max(delays) <= upper_s
