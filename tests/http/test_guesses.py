"""Wrong tokens: who guesses is kept out for a while, and nobody else."""

from pixmill.api.guesses import MOST_KEYS, MOST_WRONG, WRONG_S, Guesses


def test_who_guesses_is_kept_out_until_a_while_has_passed_and_others_are_not() -> None:
    now = [0.0]
    guesses = Guesses(clock=lambda: now[0])
    for _ in range(MOST_WRONG):
        assert not guesses.too_many("stranger")
        guesses.wrong("stranger")
    assert guesses.too_many("stranger")
    assert not guesses.too_many("operator")
    now[0] = WRONG_S + 1
    assert not guesses.too_many("stranger")
    guesses.wrong("stranger")
    assert not guesses.too_many("stranger")


def test_however_many_guess_the_memory_for_it_is_bounded() -> None:
    guesses = Guesses(clock=lambda: 0.0)
    for number in range(2 * MOST_KEYS):
        guesses.wrong(number)
    assert len(guesses._wrong) == MOST_KEYS
