"""The soak's measure of growth: it finds a leak below the unrest of what is under way, and says how far it can tell."""

import random

import pytest
from benchmarks.growth import FEWEST, flat_from, floor, growth

LEAK = 60.0


def restless(leak_mib_h: float, unrest_mib: float = 30.0) -> list[tuple[float, float]]:
    """A process that leaks and has up to ``unrest_mib`` under way."""
    dice = random.Random(4)
    return [
        (at, 100 + leak_mib_h * at / 3600 + dice.uniform(0, unrest_mib) ** 2 / unrest_mib) for at in range(0, 300, 3)
    ]


@pytest.mark.parametrize("leak", [0.0, LEAK, -LEAK, 10 * LEAK])
def test_a_leak_is_found_to_within_three_standard_errors(leak: float) -> None:
    found = growth(floor(restless(leak)))
    assert found
    assert abs(found.slope - leak) <= 3 * found.error
    assert 0 < found.error < LEAK


def test_the_less_unrest_the_surer() -> None:
    calm, restive = growth(floor(restless(LEAK, 1.0))), growth(floor(restless(LEAK, 100.0)))
    assert calm
    assert restive
    assert calm.error * 10 < restive.error
    assert calm.at_least > 0.9 * LEAK


def test_the_error_of_a_slope_is_that_of_the_textbook() -> None:
    """Of 1, 3, 2, 4 at 0, 1, 2, 3 the slope is 0.8, the squares left are 1.8, and those of the times are 5."""
    found = growth([(0, 1), (1, 3), (2, 2), (3, 4)])
    assert found
    assert found.slope == pytest.approx(0.8 * 3600)
    assert found.error == pytest.approx((1.8 / 2 / 5) ** 0.5 * 3600)
    assert found.at_least == pytest.approx(found.slope - 2 * found.error)
    assert str(found) == "2880.0 ± 1527.4 MiB an hour"


@pytest.mark.parametrize("looks", range(FEWEST))
def test_of_too_few_looks_nothing_is_said(looks: int) -> None:
    assert growth(restless(LEAK)[:looks]) is None


def test_every_look_belongs_to_a_stretch_that_is_told_by_its_lowest() -> None:
    values = [(float(at), float(value)) for at, value in enumerate((5, 3, 4, 9, 8, 7, 6))]
    assert floor(values) == [(1, 3.0), (2, 4.0), (6, 6.0)]
    assert floor(values[:1]) == []


def test_a_tier_is_full_where_it_first_has_nine_tenths_of_what_it_ever_has() -> None:
    assert flat_from([0.0, 5.0, 8.9, 9.0, 8.0, 10.0]) == 3
