"""Wrong tokens: who guesses is kept out for a while, and nobody else."""

from pixmill.api.auth_throttle import FAILURE_WINDOW_S, MAX_CLIENTS, MAX_FAILURES, FailedAuthThrottle


def test_who_guesses_is_kept_out_until_a_while_has_passed_and_others_are_not() -> None:
    now = [0.0]
    guesses = FailedAuthThrottle(clock=lambda: now[0])
    for _ in range(MAX_FAILURES):
        assert not guesses.is_blocked("stranger")
        guesses.record_failure("stranger")
    assert guesses.is_blocked("stranger")
    assert not guesses.is_blocked("operator")
    now[0] = FAILURE_WINDOW_S + 1
    assert not guesses.is_blocked("stranger")
    guesses.record_failure("stranger")
    assert not guesses.is_blocked("stranger")


def test_however_many_guess_the_memory_for_it_is_bounded() -> None:
    guesses = FailedAuthThrottle(clock=lambda: 0.0)
    for number in range(2 * MAX_CLIENTS):
        guesses.record_failure(number)
    assert len(guesses._failures) == MAX_CLIENTS
