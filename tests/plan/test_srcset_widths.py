"""The widths of srcset candidates."""

from typing import Any

import pytest
from msgspec.structs import replace

from pixmill.errors import ResultTooLarge
from pixmill.plan.lengths import Size
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Crop, Fit, Input, Plan, Resize
from pixmill.plan.srcset_widths import natural_width, srcset_widths

PHOTO = Size(1000, 600)


def sizes(
    *widths: int, height: float = 0, fit: Fit = Fit.INSIDE, limits: Limits | None = None, **fields: Any
) -> list[str]:
    def planned(width: int) -> Plan:
        return Plan(resize=Resize(width, round(width * height), fit), **fields)

    found = srcset_widths(PHOTO, widths, planned, limits or Limits())
    return [f"{width}: {size.width}x{size.height}" for width, size in found]


def test_each_width_has_its_height() -> None:
    assert sizes(500, 100) == ["100: 100x60", "500: 500x300"]


def test_what_the_picture_has_no_pixels_for_becomes_its_own_width() -> None:
    assert sizes(320, 1200, 2000) == ["320: 320x192", "1000: 1000x600"]
    assert sizes(1000, 1001) == ["1000: 1000x600"]
    assert sizes(4000) == ["1000: 1000x600"]


@pytest.mark.parametrize(
    ("fit", "last"),
    [
        (Fit.COVER, "600: 600x600"),
        (Fit.FILL, "600: 600x600"),
        (Fit.OUTSIDE, "600: 1000x600"),
        (Fit.INSIDE, "1000: 1000x600"),
        (Fit.CONTAIN, "1000: 1000x1000"),
    ],
)
def test_with_a_shape_each_fit_ends_where_it_would_enlarge(fit: Fit, last: str) -> None:
    assert sizes(100, 4000, height=1, fit=fit)[-1] == last


def test_a_region_and_a_turn_have_their_own_width() -> None:
    assert sizes(100, 4000, crop=Crop(10, 10, 250, 50)) == ["100: 100x20", "250: 250x50"]
    assert sizes(100, 4000, rotate=90)[-1] == "600: 600x1000"


@pytest.mark.parametrize(("recorded", "given"), [(1, 6), (6, 1), (8, 3), (2, 5)])
def test_an_orientation_that_swaps_the_sides_has_its_own_width(recorded: int, given: int) -> None:
    def widths(orientation: int) -> list[tuple[int, Size]]:
        plan = Plan(input=Input(orientation=orientation))
        return srcset_widths(
            PHOTO, [4000], lambda width: replace(plan, resize=Resize(width)), Limits(), orientation=recorded
        )

    assert widths(given) == [(600, Size(600, 1000))]
    assert widths(0) == [(1000, PHOTO)]


def test_an_original_that_is_delivered_as_it_is_has_one_width() -> None:
    for requested, width in (([200, 400], 400), ([200, 4000], 1000)):
        found = srcset_widths(PHOTO, requested, lambda width: Plan(resize=Resize(width)), Limits(), is_unchanged=True)
        assert found == [(width, PHOTO)]


def test_results_of_one_width_are_one() -> None:
    assert sizes(1, 2, 3, height=100, fit=Fit.INSIDE) == ["1: 1x1", "2: 2x1", "3: 3x2"]
    assert sizes(900, 950, 1000, height=0.001, fit=Fit.INSIDE) == ["900: 2x1"]


def test_limits_hold() -> None:
    with pytest.raises(ResultTooLarge):
        sizes(100, 900, limits=Limits(max_result_side=500))


def test_the_widest_is_that_of_the_picture() -> None:
    assert natural_width(PHOTO, Plan()) == 1000
