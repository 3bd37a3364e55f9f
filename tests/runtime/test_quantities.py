"""Sizes and durations are read as people write them, in one syntax everywhere, and written back so that they are the same."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from pixmill.runtime.quantities import (
    MAX_BYTES,
    MAX_SECONDS,
    InvalidQuantity,
    format_duration,
    format_size,
    parse_duration,
    parse_size,
)
from pixmill.runtime.setting_types import Duration, Size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0), ("0MiB", 0), ("1", 1), ("17B", 17), ("500MB", 500_000_000), ("256MiB", 268_435_456),
        ("256mib", 268_435_456), (" 10 GiB ", 10_737_418_240), ("3kB", 3000), ("3KiB", 3072), ("2TB", 2 * 10**12),
        ("1TiB", 2**40), ("1.5GB", 1_500_000_000), ("0.5KiB", 512), ("64Mi", 67_108_864), ("1PiB", 2**50), ("2.0B", 2),
    ],
)  # fmt: skip
def test_a_size_is_a_number_and_a_unit(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "such as 256MiB"), ("MiB", "such as 256MiB"), ("+1", "such as 256MiB"), ("1e3", "such as 256MiB"),
        ("10 GiB GiB", "such as 256MiB"), ("10  MB", "such as 256MiB"), ("٣MB", "such as 256MiB"), ("1_000", "such as 256MiB"),
        ("nan", "such as 256MiB"), ("inf", "such as 256MiB"), ("1\n2", "such as 256MiB"), ("1" * 49, "such as 256MiB"),
        ("-1", "it is negative"), ("-0.5GB", "it is negative"), ("10GiBs", "GiBs is no unit"), ("1,5GB", "such as 256MiB"),
        ("10K", "write 10kB (multiples of 1000) or 10KiB (of 1024)"), ("1.5G", "write 1.5GB (multiples of 1000) or 1.5GiB (of 1024)"),
        ("1.5", "bytes are a whole number"), ("9" * 19, "too large"), ("9000PiB", "too large"), ("2İB", "such as 256MiB"),
    ],
)  # fmt: skip
def test_what_is_no_size_is_refused_with_what_is_wrong(text: str, problem: str) -> None:
    with pytest.raises(InvalidQuantity) as refused:
        parse_size(text)
    assert problem in refused.value.problem


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", 0.25), ("0", 0), ("0s", 0), ("2", 2), ("2s", 2), ("1.5 s", 1.5), ("0.25", 0.25), ("10m", 600), ("12H", 43_200),
        ("7d", 604_800), ("1h30m", 5_400), (" 1h 30m ", 5_400), ("1d12h", 129_600), ("1m30.5s", 90.5), ("1s5ms", 1.005), ("1 h", 3_600), ("36500d", MAX_SECONDS),
    ],
)  # fmt: skip
def test_a_duration_is_numbers_and_units(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "such as 250ms"), ("s", "such as 250ms"), ("inf", "such as 250ms"), ("nan", "such as 250ms"), ("1.s", "such as 250ms"),
        ("١s", "such as 250ms"), ("1h,30m", "such as 250ms"), ("1h" * 25, "such as 250ms"), ("1:30", "such as 250ms"), ("PT1H", "such as 250ms"),
        ("-1s", "it is negative"), ("1y", "y is no unit"), ("1e3", "e is no unit"), ("12 hours", "write h instead"), ("5min", "write m instead"),
        ("1h30", "a number has no unit"), ("1 ms2", "a number has no unit"), ("30m1h", "the longest first"), ("5m5m", "each unit stands once"),
        ("9999999999", "at most 36500d"), ("36500d1s", "at most 36500d"), ("1ſ", "such as 250ms"),
    ],
)  # fmt: skip
def test_what_is_no_duration_is_refused_with_what_is_wrong(text: str, problem: str) -> None:
    with pytest.raises(InvalidQuantity) as refused:
        parse_duration(text)
    assert problem in refused.value.problem


@given(st.text(max_size=60))
def test_any_text_is_a_finite_quantity_or_refused(text: str) -> None:
    for parse, largest in ((parse_size, MAX_BYTES), (parse_duration, MAX_SECONDS)):
        try:
            value = parse(text)
        except InvalidQuantity:
            continue
        assert 0 <= value <= largest


@given(st.integers(0, MAX_BYTES))
def test_a_size_is_written_exactly(size: int) -> None:
    assert parse_size(format_size(size)) == size


@given(st.integers(0, MAX_SECONDS * 1_000))
def test_a_duration_is_written_exactly(milliseconds: int) -> None:
    assert parse_duration(format_duration(milliseconds / 1_000)) == pytest.approx(milliseconds / 1_000, rel=1e-12)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (64 * 2**20, "64MiB"),
        (8_192, "8KiB"),
        (2 * 10**6, "2MB"),
        (1_536 * 2**20, "1536MiB"),
        (500, "500"),
        (0, "0"),
        (2**40 + 1, "1099511627777"),
    ],
)
def test_sizes_are_written_in_the_largest_unit_that_is_exact(value: int, text: str) -> None:
    assert format_size(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (43_200, "12h"),
        (5_400, "1h30m"),
        (31_536_000, "365d"),
        (0.25, "250ms"),
        (90.5, "1m30.5s"),
        (0, "0s"),
        (25.0, "25s"),
        (0.0005, "0.5ms"),
    ],
)
def test_durations_are_written_in_the_largest_units(value: float, text: str) -> None:
    assert format_duration(value) == text


class Both(BaseModel):
    size: Size = 0
    duration: Duration = 0.0


@pytest.mark.parametrize(
    ("given_size", "size"),
    [("64MiB", 64 * 2**20), ("64_000", 64_000), ("64.0", 64), (64, 64), (64.0, 64), ("0064", 64)],
)
def test_a_setting_is_a_size_or_a_plain_number_as_ever(given_size: Any, size: int) -> None:
    assert Both(size=given_size).size == size


@pytest.mark.parametrize(
    ("given_duration", "seconds"),
    [("12h", 43_200), ("1_000", 1_000), ("1e3", 1_000), ("2.5e-1", 0.25), (1.5, 1.5), (2, 2), (1e-3, 1e-3)],
)
def test_a_setting_is_a_duration_or_a_plain_number_as_ever(given_duration: Any, seconds: float) -> None:
    assert Both(duration=given_duration).duration == seconds


@pytest.mark.parametrize("value", [True, None, [], math.nan, math.inf, -1, 1.5e300, "_1", "1_", "1__0", "", "1e99"])
def test_a_setting_is_nothing_else(value: Any) -> None:
    for name in ("size", "duration"):
        with pytest.raises(ValidationError):
            Both(**{name: value})
