"""What is a path: a pure answer for any text at all."""

import timeit

from hypothesis import given
from hypothesis import strategies as some

from pixmill.storage.paths import MAX_PATH_BYTES, is_valid_path


@given(some.text(some.characters(exclude_categories=()), max_size=60))
def test_any_text_gets_an_answer_and_a_sound_path_stays_inside_its_root(text: str) -> None:
    if is_valid_path(text):
        assert text.encode().decode() == text
        assert not set(text.split("/")) & {"", ".", ".."}
        assert not any(letter < " " or letter == "\\" for letter in text)


@given(some.lists(some.sampled_from(["a", "..", ".", "", "b.c", "…", "%2e%2e"]), min_size=1, max_size=6))
def test_every_segment_counts(names: list[str]) -> None:
    assert is_valid_path("/".join(names)) == (not {"", ".", ".."} & set(names))


def test_the_bound_is_in_bytes() -> None:
    assert is_valid_path("x" * MAX_PATH_BYTES)
    assert not is_valid_path("x" * (MAX_PATH_BYTES + 1))
    assert is_valid_path("ü" * (MAX_PATH_BYTES // 2))
    assert not is_valid_path("ü" * (MAX_PATH_BYTES // 2 + 1))


def test_a_very_long_text_is_refused_without_being_read() -> None:
    text = "a/" * 5_000_000
    assert min(timeit.repeat(lambda: is_valid_path(text), number=1, repeat=5)) < 0.001
    assert not is_valid_path(text)
