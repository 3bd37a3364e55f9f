"""Sizes and boxes against an oracle that knows only the stated rules, and for every size and plan there is."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixmill.errors import InvalidParameter, ResultTooLarge
from pixmill.plan.geometry import Box, Geometry, Size, resolve, resolve_crop, round_half_up
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Crop, Fit, Plan, Point, Resize, Smart, Unit

SOURCE = Size(3000, 2000)
WIDE = Limits(max_pixels=2**40, max_result_pixels=2**40, max_result_side=2**20)

sides = st.integers(1, 65_535)
sizes = st.builds(Size, sides, sides)
small = st.builds(Size, st.integers(1, 400), st.integers(1, 400))
fractions = st.floats(0, 1)
gravities = st.builds(Point, fractions, fractions) | st.builds(Smart)
percents = st.decimals(0, 100, places=4).map(float)
crops = st.builds(
    Crop, percents, percents, percents.filter(bool), percents.filter(bool), st.just(Unit.PERCENT)
) | st.builds(
    Crop,
    sides.map(float),
    sides.map(float),
    sides.map(float),
    sides.map(float),
)


def resizes(side: st.SearchStrategy[int]) -> st.SearchStrategy[Resize]:
    return st.builds(Resize, st.just(0) | side, st.just(0) | side, st.sampled_from(Fit), gravities, st.booleans())


plans = st.builds(
    Plan, rotate=st.sampled_from([0, 90, 180, 270]), crop=st.none() | crops, resize=resizes(st.integers(1, 16_383))
)
small_resizes = resizes(st.integers(1, 800))


def resized(
    source: Size, width: int = 0, height: int = 0, fit: Fit = Fit.INSIDE, limits: Limits = WIDE, **more: object
) -> Geometry:
    plan = Plan(resize=Resize(width, height, fit, **more))  # type: ignore[arg-type] # the examples are well-typed
    return resolve(source, plan, limits)


def half_up(length: Fraction) -> int:
    """The rounding rule, said in another way: the whole number whose half-open unit interval holds the length."""
    whole = length.numerator // length.denominator
    return max(1, whole + (length - whole >= Fraction(1, 2)))


@pytest.mark.parametrize(
    ("fit", "width", "height", "output"),
    [
        (Fit.INSIDE, 300, 300, Size(300, 200)),
        (Fit.OUTSIDE, 300, 300, Size(450, 300)),
        (Fit.COVER, 300, 300, Size(300, 300)),
        (Fit.CONTAIN, 300, 300, Size(300, 300)),
        (Fit.FILL, 300, 300, Size(300, 300)),
        (Fit.INSIDE, 300, 0, Size(300, 200)),
        (Fit.COVER, 0, 300, Size(450, 300)),
        (Fit.INSIDE, 0, 0, SOURCE),
        (Fit.INSIDE, 6000, 6000, SOURCE),
        (Fit.OUTSIDE, 2500, 4000, SOURCE),
        (Fit.COVER, 4000, 4000, Size(2000, 2000)),
        (Fit.FILL, 6000, 2000, Size(3000, 1000)),
        (Fit.CONTAIN, 4000, 4000, Size(4000, 4000)),
    ],
)
def test_a_photo_meets_a_box(fit: Fit, width: int, height: int, output: Size) -> None:
    assert resized(SOURCE, width, height, fit).output == output


@pytest.mark.parametrize(
    ("fit", "output"),
    [
        (Fit.INSIDE, Size(4000, 2667)),
        (Fit.OUTSIDE, Size(6000, 4000)),
        (Fit.COVER, Size(4000, 4000)),
        (Fit.FILL, Size(4000, 4000)),
    ],
)
def test_enlarging_when_asked_reaches_the_box(fit: Fit, output: Size) -> None:
    assert resized(SOURCE, 4000, 4000, fit, enlarge=True).output == output


def test_contain_leaves_a_small_picture_in_the_middle() -> None:
    geometry = resized(Size(100, 50), 200, 200, Fit.CONTAIN)
    assert (geometry.window, geometry.offset) == (Size(100, 50), (50, 75))


@pytest.mark.parametrize(("length", "rounded"), [("0.2", 1), ("1.49", 1), ("1.5", 2), ("2.5", 3), ("333.5", 334)])
def test_lengths_are_rounded_half_up_and_never_to_nothing(length: str, rounded: int) -> None:
    assert round_half_up(Fraction(length)) == rounded


def test_a_right_angle_swaps_the_sides_before_anything_else() -> None:
    geometry = resolve(SOURCE, Plan(rotate=90, resize=Resize(width=200)), Limits())
    assert (geometry.source, geometry.output) == (Size(2000, 3000), Size(200, 300))


def test_a_panorama_can_be_cut_to_a_square() -> None:
    """Only the result is bound to the longest side, not what it is cut from."""
    geometry = resized(Size(40_000, 1_000), 500, 500, Fit.COVER, Limits())
    assert (geometry.scaled, geometry.output) == (Size(20_000, 500), Size(500, 500))


def test_a_result_longer_than_the_limit_is_refused() -> None:
    with pytest.raises(ResultTooLarge):
        resolve(Size(20_000, 10), Plan(), Limits())


def test_pixels_that_would_be_cut_off_count_too() -> None:
    with pytest.raises(ResultTooLarge):
        resized(Size(1, 10_000), 10_000, 10_000, Fit.COVER, Limits(), enlarge=True)


def test_a_crop_in_percent_means_the_decimal_that_was_written() -> None:
    """0.3 % of 500 is exactly 1.5 and rounds to 2, although the float 0.3 is a little less."""
    assert resolve_crop(Size(500, 500), Crop(0.3, 0.0, 50.0, 100.0, Unit.PERCENT)) == Box(2, 0, 250, 500)


def test_a_crop_in_percent_always_holds_a_pixel() -> None:
    assert resolve_crop(Size(10, 10), Crop(99.9, 99.9, 0.1, 0.1, Unit.PERCENT)) == Box(9, 9, 1, 1)


def test_a_crop_is_cut_at_the_edge() -> None:
    assert resolve_crop(Size(100, 80), Crop(90.0, 10.0, 50.0, 500.0)) == Box(90, 10, 10, 70)


@pytest.mark.parametrize("crop", [Crop(100.0, 0.0, 1.0, 1.0), Crop(0.0, 80.0, 1.0, 1.0)])
def test_a_crop_that_begins_outside_is_refused(crop: Crop) -> None:
    with pytest.raises(InvalidParameter, match="outside") as refused:
        resolve_crop(Size(100, 80), crop)
    assert refused.value.param == "crop"


@pytest.mark.parametrize(
    ("gravity", "at"),
    [
        (Point(0, 0.5), (0, 0)),
        (Point(0.5, 0.5), (150, 0)),
        (Point(1, 0.5), (300, 0)),
        (Point(0.4, 0.5), (90, 0)),
        (Point(0.01, 0.5), (0, 0)),
    ],
)
def test_the_window_is_centred_on_the_gravity_as_far_as_the_edges_allow(gravity: Point, at: tuple[int, int]) -> None:
    assert resized(Size(600, 300), 300, 300, Fit.COVER, gravity=gravity).window_at == at


@settings(max_examples=400, deadline=None)
@given(sizes, plans)
def test_every_plan_has_a_geometry_within_the_limits_or_a_refusal(source: Size, plan: Plan) -> None:
    limits = Limits(max_result_pixels=2**32)
    try:
        geometry = resolve(source, plan, limits)
    except (InvalidParameter, ResultTooLarge):
        return
    assert max(geometry.output.width, geometry.output.height) <= limits.max_result_side
    assert_it_fits_together(geometry)


def assert_it_fits_together(geometry: Geometry) -> None:
    left, top = geometry.window_at
    right, bottom = geometry.offset
    assert 0 <= left <= geometry.scaled.width - geometry.window.width
    assert 0 <= top <= geometry.scaled.height - geometry.window.height
    assert 0 <= right <= geometry.output.width - geometry.window.width
    assert 0 <= bottom <= geometry.output.height - geometry.window.height
    assert geometry.crop.left + geometry.crop.width <= geometry.source.width
    assert geometry.crop.top + geometry.crop.height <= geometry.source.height
    assert min(geometry.crop.size.width, geometry.crop.size.height, geometry.window.width, geometry.window.height) >= 1


@settings(max_examples=300, deadline=None)
@given(small, small_resizes)
def test_nothing_is_enlarged_unless_asked(source: Size, resize: Resize) -> None:
    geometry = resolve(source, Plan(resize=resize), WIDE)
    if not resize.enlarge:
        assert geometry.scaled.width <= source.width
        assert geometry.scaled.height <= source.height


@settings(max_examples=300, deadline=None)
@given(small, st.integers(1, 800), st.integers(1, 800), st.sampled_from([Fit.COVER, Fit.CONTAIN, Fit.FILL]))
def test_a_box_that_may_be_reached_is_met_exactly(source: Size, width: int, height: int, fit: Fit) -> None:
    assert resized(source, width, height, fit, enlarge=True).output == Size(width, height)


@settings(max_examples=300, deadline=None)
@given(small, st.integers(1, 800), st.integers(1, 800), st.booleans())
def test_contain_always_gives_the_box(source: Size, width: int, height: int, enlarge: bool) -> None:
    assert resized(source, width, height, Fit.CONTAIN, enlarge=enlarge).output == Size(width, height)


@settings(max_examples=300, deadline=None)
@given(small, st.integers(1, 800), st.integers(1, 800), st.sampled_from([Fit.INSIDE, Fit.OUTSIDE]), st.booleans())
def test_both_sides_follow_from_one_exact_scale(source: Size, width: int, height: int, fit: Fit, enlarge: bool) -> None:
    choose = min if fit is Fit.INSIDE else max
    scale = choose(Fraction(width, source.width), Fraction(height, source.height))
    if not enlarge:
        scale = min(scale, Fraction(1))
    expected = Size(half_up(source.width * scale), half_up(source.height * scale))
    assert resized(source, width, height, fit, enlarge=enlarge).output == expected


@settings(max_examples=300, deadline=None)
@given(small, st.integers(1, 800), st.booleans())
def test_the_side_asked_for_is_exact_and_the_other_follows(source: Size, width: int, enlarge: bool) -> None:
    width_of_result = width if enlarge else min(width, source.width)
    expected = Size(width_of_result, half_up(Fraction(source.height * width_of_result, source.width)))
    assert resized(source, width, enlarge=enlarge).output == expected
