"""Wrong tokens: who guesses is slowed down for a while, and nobody else; nobody is locked out."""

from pixmill.api.auth_throttle import (
    FAILURE_WINDOW_S,
    FREE_FAILURES,
    MAX_CLIENTS,
    MAX_DELAY_S,
    MIN_DELAY_S,
    FailedAuthThrottle,
)


def test_who_guesses_is_slowed_down_until_a_while_has_passed_and_others_are_not() -> None:
    now = [0.0]
    throttle = FailedAuthThrottle(clock=lambda: now[0])
    for _ in range(FREE_FAILURES):
        assert throttle.delay_s("stranger") == 0
        throttle.record_failure("stranger")
    assert throttle.delay_s("stranger") == MIN_DELAY_S
    assert throttle.delay_s("operator") == 0
    now[0] = FAILURE_WINDOW_S + 1
    assert throttle.delay_s("stranger") == 0
    throttle.record_failure("stranger")
    assert throttle.delay_s("stranger") == 0


def test_the_more_one_guesses_the_slower_it_gets_but_never_without_end() -> None:
    throttle = FailedAuthThrottle(clock=lambda: 0.0)
    delays = []
    for _ in range(2_000):
        throttle.record_failure("stranger")
        delays.append(throttle.delay_s("stranger"))
    assert delays == sorted(delays)
    assert delays[199] == 4
    assert delays[-1] == MAX_DELAY_S


def test_however_many_guess_the_memory_for_it_is_bounded() -> None:
    throttle = FailedAuthThrottle(clock=lambda: 0.0)
    for number in range(2 * MAX_CLIENTS):
        throttle.record_failure(number)
    assert len(throttle._failures) == MAX_CLIENTS
