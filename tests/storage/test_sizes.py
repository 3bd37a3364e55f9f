"""Sizes are read as people write them."""

import pytest

from pixmill.storage.sizes import parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("1", 1),
        ("17B", 17),
        ("500MB", 500_000_000),
        ("256MiB", 268_435_456),
        ("256mib", 268_435_456),
        (" 10 GiB ", 10_737_418_240),
        ("3kB", 3000),
        ("3KiB", 3072),
        ("2TB", 2 * 10**12),
        ("1TiB", 2**40),
    ],
)
def test_a_size_is_a_whole_number_and_a_unit(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "MiB", "-1", "+1", "1.5GiB", "1e3", "10 GiB GiB", "10GiBs", "10  MB", "٣MB", "1_000", "9" * 19, "10K"]
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="such as 256MiB"):
        parse_size(text)
