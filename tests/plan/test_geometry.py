"""Sizes and boxes, against an oracle that knows only the documented rules, for generated sizes and plans."""

from contextlib import nullcontext
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pixmill.errors import InvalidParameter, ResultTooLarge
from pixmill.plan.cropping import resolve_crop
from pixmill.plan.geometry import Geometry, resolve
from pixmill.plan.gravity import Faces, FocalRegion, FocalRegions, Point, Smart
from pixmill.plan.lengths import Box, RealSize, RoundingMode, Size, round_length
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Aspect, Canvas, Clamp, Crop, CropUnit, Fit, Plan, Resize
from pixmill.plan.placement import window_position
from pixmill.plan.size_rules import Dpr, DprRule, SkipSmaller
from pixmill.plan.transforms import Extend, Fill, FreeRotation, LengthUnit

SOURCE = Size(3000, 2000)
WIDE = Limits(max_pixels=2**40, max_result_pixels=2**40, max_result_side=2**20)

sides = st.integers(1, 65_535)
sizes = st.builds(Size, sides, sides)
small = st.builds(Size, st.integers(1, 400), st.integers(1, 400))
fractions = st.floats(0, 1)
shifts = st.integers(-200, 200)
regions = st.builds(FocalRegion, fractions, fractions, fractions, fractions, st.integers(1, 100))
gravities = (
    st.builds(Point, fractions, fractions, shifts, shifts)
    | st.builds(Smart)
    | st.builds(FocalRegions, st.lists(regions, min_size=1, max_size=4).map(tuple))
)
aspects = st.builds(Aspect, st.integers(1, 100), st.integers(1, 100))
least = st.just(0) | st.integers(1, 500)
percents = st.decimals(0, 100, places=4).map(float)
crops = st.builds(
    Crop, percents, percents, percents.filter(bool), percents.filter(bool), st.just(CropUnit.PERCENT)
) | st.builds(
    Crop,
    sides.map(float),
    sides.map(float),
    sides.map(float),
    sides.map(float),
)


def resizes(side: st.SearchStrategy[int]) -> st.SearchStrategy[Resize]:
    free = st.just(0) | side
    return st.builds(
        Resize,
        free,
        free,
        st.sampled_from(Fit),
        gravities,
        st.booleans(),
        aspect=st.none() | aspects,
        shrink=st.booleans(),
        clamp=st.sampled_from(Clamp),
        zoom=st.sampled_from([0.01, 0.3, 1.0, 1.5, 20.0]),
        adaptive=st.booleans(),
    )


BOUNDS = ("min_width", "min_height", "max_width", "max_height")
margins = st.just(0) | st.integers(0, 300)
plans = st.builds(
    Plan,
    rotate=st.sampled_from([0, 90, 180, 270]),
    crop=st.none() | crops,
    resize=st.builds(
        lambda resize, *bounds: replace(resize, **dict(zip(BOUNDS, bounds, strict=True))),
        resizes(st.integers(1, 16_383)),
        *[least] * 4,
    ),
    rotate_free=st.none() | st.builds(FreeRotation, st.floats(0.01, 359.99)),
    extend=st.builds(Extend, st.sampled_from(Fill), margins, margins, margins, margins),
)
small_resizes = resizes(st.integers(1, 800))


def resized(
    source: Size, width: int = 0, height: int = 0, fit: Fit = Fit.INSIDE, limits: Limits = WIDE, **more: object
) -> Geometry:
    plan = Plan(resize=Resize(width, height, fit, **more))  # type: ignore[arg-type] # the examples are well-typed
    return resolve(source, plan, limits)


def half_up(length: Fraction) -> int:
    """The rounding rule in another form: the whole number whose half-open unit interval holds the length."""
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
    assert round_length(Fraction(length)) == rounded


@pytest.mark.parametrize(
    ("source", "resize", "output"),
    [
        (Size(600, 900), Resize(width=333), Size(333, 500)),
        (Size(600, 900), Resize(width=333, rounding=RoundingMode.TRUNCATE), Size(333, 499)),
        (Size(600, 900), Resize(width=333, rounding=RoundingMode.HALF_EVEN), Size(333, 500)),
        (Size(600, 900), Resize(width=333, rounding=RoundingMode.RECIPROCAL_HALF_EVEN), Size(333, 499)),
        (Size(600, 900), Resize(width=333, rounding=RoundingMode.RECIPROCAL_HALF_UP), Size(333, 499)),
        (Size(600, 900), Resize(width=3, rounding=RoundingMode.HALF_EVEN), Size(3, 4)),
        (Size(600, 900), Resize(3, 300), Size(3, 5)),
        (Size(600, 900), Resize(width=3, rounding=RoundingMode.COMPLETED_BOX), Size(3, 4)),
        (Size(1200, 796), Resize(width=100, rounding=RoundingMode.COMPLETED_BOX), Size(99, 66)),
        (Size(1200, 796), Resize(100, 0, Fit.OUTSIDE, rounding=RoundingMode.COMPLETED_BOX), Size(100, 66)),
        (Size(1200, 804), Resize(100, 0, Fit.OUTSIDE, rounding=RoundingMode.COMPLETED_BOX), Size(100, 67)),
        (Size(100, 80), Resize(width=300, rounding=RoundingMode.COMPLETED_BOX), Size(100, 80)),
        (Size(200, 101), Resize(width=100, rounding=RoundingMode.RECIPROCAL_HALF_UP), Size(100, 51)),
        (Size(200, 101), Resize(width=100, rounding=RoundingMode.RECIPROCAL_HALF_EVEN), Size(100, 50)),
        (Size(2725, 2225), Resize(height=320, rounding=RoundingMode.TRUNCATE), Size(391, 320)),
        (Size(2725, 2225), Resize(zoom=0.333, rounding=RoundingMode.TRUNCATE), Size(907, 740)),
        (Size(1200, 800), Resize(width=7, rounding=RoundingMode.DOUBLE_TRUNCATE), Size(7, 4)),
        (Size(1200, 800), Resize(width=87, rounding=RoundingMode.TRUNCATE), Size(87, 58)),
        (Size(1200, 800), Resize(width=87, rounding=RoundingMode.DOUBLE_TRUNCATE), Size(87, 57)),
        (Size(1200, 800), Resize(width=7, rounding=RoundingMode.CEIL), Size(7, 5)),
        (Size(1200, 800), Resize(width=1, rounding=RoundingMode.TRUNCATE), Size(1, 1)),
        (Size(333, 200), Resize(500, 200, Fit.COVER, rounding=RoundingMode.TRUNCATE), Size(333, 133)),
        (Size(333, 200), Resize(500, 250, Fit.CONTAIN, max_width=333, rounding=RoundingMode.CEIL), Size(333, 167)),
    ],
)
def test_a_computed_side_is_rounded_as_asked(source: Size, resize: Resize, output: Size) -> None:
    assert resolve(source, Plan(resize=resize), WIDE).output == output


@settings(max_examples=300, deadline=None)
@given(small, small_resizes, st.sampled_from(RoundingMode))
def test_a_rounding_moves_no_side_by_more_than_a_pixel(source: Size, resize: Resize, rounding: RoundingMode) -> None:
    """A box that is rounded itself may change its shape by that, so the box is given, and may be reached."""
    assume(rounding is not RoundingMode.COMPLETED_BOX or (resize.width and resize.height))  # it rounds a free side
    resize = replace(resize, enlarge=True, shrink=True, aspect=None)
    nearest = resolve(source, Plan(resize=resize), WIDE).output
    rounded = resolve(source, Plan(resize=replace(resize, rounding=rounding)), WIDE).output
    assert abs(nearest.width - rounded.width) <= 1
    assert abs(nearest.height - rounded.height) <= 1


@pytest.mark.parametrize("rounding", RoundingMode)
def test_a_drawing_is_rounded_like_any_image(rounding: RoundingMode) -> None:
    size = RealSize(Fraction(600), Fraction(900))
    assert size.scaled(Fraction(333, 600), rounding) == Size(600, 900).scaled(Fraction(333, 600), rounding)


@pytest.mark.parametrize(
    ("rounding", "output"),
    [
        (RoundingMode.CEIL, Size(408, 387)),
        (RoundingMode.HALF_UP, Size(408, 386)),
        (RoundingMode.HALF_EVEN, Size(408, 386)),
        (RoundingMode.TRUNCATE, Size(407, 386)),
    ],
)
def test_the_canvas_of_a_rotation_is_rounded_as_asked(rounding: RoundingMode, output: Size) -> None:
    assert resolve(Size(320, 261), Plan(rotate_free=FreeRotation(30.0, rounding=rounding)), WIDE).output == output


@pytest.mark.parametrize("rounding", RoundingMode)
def test_the_error_of_a_cosine_is_never_a_pixel(rounding: RoundingMode) -> None:
    plan = Plan(rotate_free=FreeRotation(359.9999999999, rounding=rounding))
    assert resolve(Size(320, 261), plan, WIDE).output == Size(320, 261)


def test_a_right_angle_swaps_the_sides_before_anything_else() -> None:
    geometry = resolve(SOURCE, Plan(rotate=90, resize=Resize(width=200)), Limits())
    assert (geometry.source, geometry.output) == (Size(2000, 3000), Size(200, 300))


def test_a_panorama_can_be_cut_to_a_square() -> None:
    """The longest side limits only the result, not what it is cropped from."""
    geometry = resized(Size(40_000, 1_000), 500, 500, Fit.COVER, Limits())
    assert (geometry.scaled, geometry.output) == (Size(20_000, 500), Size(500, 500))


def test_a_result_longer_than_the_limit_is_refused() -> None:
    with pytest.raises(ResultTooLarge):
        resolve(Size(20_000, 10), Plan(), Limits())


@pytest.mark.parametrize("fit", [Fit.COVER, Fit.FILL])
@pytest.mark.parametrize("source", [Size(5000, 50), Size(50, 5000), Size(65_535, 1), Size(1, 65_535)])
def test_pixels_that_would_be_cut_off_are_not_made_and_do_not_count(source: Size, fit: Fit) -> None:
    geometry = resized(source, 1000, 1000, fit, Limits(), enlarge=True)
    assert (geometry.window, geometry.output) == (Size(1000, 1000), Size(1000, 1000))


@pytest.mark.parametrize("fit", [Fit.OUTSIDE, Fit.COVER])
def test_pixels_that_are_made_count(fit: Fit) -> None:
    with pytest.raises(ResultTooLarge, match="50000000 pixels"):
        resized(Size(5000, 50), 7072, 7072, fit, Limits(max_result_side=10**6), enlarge=True)


def test_a_crop_in_percent_means_the_decimal_that_was_written() -> None:
    """0.3 % of 500 is exactly 1.5 and rounds to 2, although the float 0.3 is a little less."""
    assert resolve_crop(Size(500, 500), Crop(0.3, 0.0, 50.0, 100.0, CropUnit.PERCENT)) == Box(2, 0, 250, 500)


def test_a_crop_in_percent_always_holds_a_pixel() -> None:
    assert resolve_crop(Size(10, 10), Crop(99.9, 99.9, 0.1, 0.1, CropUnit.PERCENT)) == Box(9, 9, 1, 1)


def test_a_crop_is_cut_at_the_edge() -> None:
    assert resolve_crop(Size(100, 80), Crop(90.0, 10.0, 50.0, 500.0)) == Box(90, 10, 10, 70)


@pytest.mark.parametrize("crop", [Crop(100.0, 0.0, 1.0, 1.0), Crop(0.0, 80.0, 1.0, 1.0)])
def test_a_crop_that_begins_outside_is_refused(crop: Crop) -> None:
    with pytest.raises(InvalidParameter, match="outside") as caught:
        resolve_crop(Size(100, 80), crop)
    assert caught.value.param == "crop"


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
    assert resized(Size(600, 300), 300, 300, Fit.COVER, gravity=gravity).window_offset == at


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
    left, top = geometry.window_offset
    over, above = geometry.offset
    assert 0 <= left <= geometry.scaled.width - geometry.window.width
    assert 0 <= top <= geometry.scaled.height - geometry.window.height
    assert 0 <= over <= geometry.output.width - geometry.rotated.width
    assert 0 <= above <= geometry.output.height - geometry.rotated.height
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
@given(small, small_resizes)
def test_nothing_is_shrunk_if_that_is_forbidden(source: Size, resize: Resize) -> None:
    geometry = resolve(source, Plan(resize=replace(resize, shrink=False)), WIDE)
    assert geometry.scaled.width >= source.width
    assert geometry.scaled.height >= source.height


@pytest.mark.parametrize(
    ("source", "box", "fit", "output"),
    [
        (Size(200, 100), (300, 50), Fit.COVER, Size(200, 50)),
        (Size(200, 100), (100, 300), Fit.COVER, Size(100, 100)),
        (Size(100, 80), (300, 300), Fit.COVER, Size(100, 80)),
        (Size(100, 80), (50, 300), Fit.COVER, Size(50, 80)),
        (Size(2725, 2225), (3000, 3000), Fit.COVER, Size(2725, 2225)),
        (Size(1200, 800), (2000, 100), Fit.COVER, Size(1200, 100)),
        (Size(1200, 800), (300, 300), Fit.COVER, Size(300, 300)),
        (Size(100, 80), (300, 50), Fit.FILL, Size(100, 50)),
        (Size(300, 200), (400, 400), Fit.CONTAIN, Size(300, 200)),
        (Size(300, 200), (400, 100), Fit.CONTAIN, Size(300, 100)),
    ],
)
def test_each_side_is_clamped_by_itself(source: Size, box: tuple[int, int], fit: Fit, output: Size) -> None:
    assert resized(source, *box, fit, clamp=Clamp.SIDES).output == output


@settings(max_examples=300, deadline=None)
@given(small, st.integers(1, 800), st.integers(1, 800), st.sampled_from([Fit.COVER, Fit.CONTAIN, Fit.FILL]))
def test_a_clamped_box_has_the_smaller_of_each_two_sides(source: Size, width: int, height: int, fit: Fit) -> None:
    expected = Size(min(width, source.width), min(height, source.height))
    assert resized(source, width, height, fit, clamp=Clamp.SIDES).output == expected


@pytest.mark.parametrize(
    ("resize", "output"),
    [
        (Resize(300, 300, enlarge=True), Size(1200, 800)),
        (Resize(2400, 2400, enlarge=True), Size(2400, 1600)),
        (Resize(width=300, enlarge=True), Size(1200, 800)),
        (Resize(300, 300, Fit.OUTSIDE, enlarge=True), Size(1200, 800)),
        (Resize(300, 300, Fit.COVER, enlarge=True), Size(800, 800)),
        (Resize(300, 300, Fit.FILL, enlarge=True), Size(1200, 1200)),
        (Resize(2400, 400, Fit.FILL, enlarge=True), Size(4800, 800)),
        (Resize(2400, 400, Fit.FILL, enlarge=True, clamp=Clamp.SIDES), Size(2400, 800)),
        (Resize(2400, 400, Fit.FILL, clamp=Clamp.SIDES), Size(1200, 800)),
        (Resize(2400, 400, Fit.FILL), Size(1200, 800)),
        (Resize(300, 300, Fit.COVER), Size(800, 800)),
        (Resize(3000, 3000, Fit.COVER), Size(800, 800)),
        (Resize(300, 300, Fit.COVER, enlarge=True, clamp=Clamp.SIDES), Size(1200, 800)),
        (Resize(300, 300, Fit.CONTAIN), Size(1200, 800)),
        (Resize(1500, 300, Fit.CONTAIN), Size(1500, 800)),
        (Resize(1600, 300, Fit.CONTAIN, max_width=400), Size(400, 200)),
        (Resize(300, 300, Fit.COVER, enlarge=True, max_width=100), Size(100, 100)),
    ],
)
def test_a_box_that_needs_shrinking_grows(resize: Resize, output: Size) -> None:
    assert resolve(Size(1200, 800), Plan(resize=replace(resize, shrink=False)), WIDE).output == output


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


def capped(factor: float) -> Dpr:
    return Dpr(factor, DprRule.CAPPED)


@pytest.mark.parametrize(
    ("source", "resize", "output"),
    [
        (Size(200, 100), Resize(50, 20, Fit.AUTO), Size(50, 20)),
        (Size(200, 100), Resize(20, 50, Fit.AUTO), Size(20, 10)),
        (Size(100, 200), Resize(20, 50, Fit.AUTO), Size(20, 50)),
        (Size(100, 100), Resize(50, 20, Fit.AUTO), Size(50, 20)),
        (Size(100, 100), Resize(20, 50, Fit.AUTO), Size(20, 20)),
        (Size(200, 100), Resize(50, fit=Fit.AUTO), Size(50, 25)),
        (Size(200, 100), Resize(20, 50, Fit.AUTO, adaptive=True), Size(50, 20)),
        (Size(1200, 800), Resize(2000, 500, clamp=Clamp.BOX), Size(450, 300)),
        (Size(100, 80), Resize(300, 300, clamp=Clamp.BOX), Size(80, 64)),
        (Size(100, 80), Resize(300, 300, Fit.FILL, clamp=Clamp.BOX), Size(80, 80)),
        (Size(100, 80), Resize(300, 300, Fit.CONTAIN, clamp=Clamp.BOX), Size(80, 80)),
        (Size(1200, 800), Resize(2000, 500, Fit.OUTSIDE, clamp=Clamp.BOX), Size(1200, 800)),
        (Size(1200, 800), Resize(2000, 1000, Fit.COVER, clamp=Clamp.BOX), Size(1200, 600)),
        (Size(1200, 800), Resize(2000, clamp=Clamp.BOX), Size(1200, 800)),
        (Size(1200, 800), Resize(2000, 500, enlarge=True, clamp=Clamp.BOX), Size(750, 500)),
        (Size(100, 80), Resize(300, 300, Fit.COVER, enlarge=True, skip_smaller=SkipSmaller.BOTH), Size(100, 80)),
        (Size(100, 80), Resize(100, 80, Fit.COVER, enlarge=True, skip_smaller=SkipSmaller.BOTH), Size(100, 80)),
        (Size(100, 80), Resize(300, 50, Fit.COVER, enlarge=True, skip_smaller=SkipSmaller.BOTH), Size(300, 50)),
        (Size(100, 80), Resize(300, 300, Fit.COVER, enlarge=True, skip_smaller=SkipSmaller.BELOW), Size(100, 80)),
        (Size(100, 80), Resize(100, 300, Fit.CONTAIN, skip_smaller=SkipSmaller.BELOW), Size(100, 300)),
        (Size(100, 80), Resize(300, 50, Fit.COVER, enlarge=True, skip_smaller=SkipSmaller.EITHER), Size(100, 80)),
        (Size(100, 80), Resize(100, 50, Fit.COVER, enlarge=True, skip_smaller=SkipSmaller.EITHER), Size(100, 50)),
        (Size(100, 80), Resize(300, 300, Fit.CONTAIN, skip_smaller=SkipSmaller.BOTH), Size(100, 80)),
        (Size(100, 80), Resize(300, 50, Fit.CONTAIN, skip_smaller=SkipSmaller.BOTH), Size(300, 50)),
        (Size(100, 80), Resize(height=90, enlarge=True, skip_smaller=SkipSmaller.EITHER), Size(100, 80)),
        (Size(100, 80), Resize(2500, 300, Fit.COVER, enlarge=True, max_enlarged_side=2000), Size(100, 80)),
        (Size(100, 80), Resize(1900, 1900, Fit.COVER, enlarge=True, max_enlarged_side=2000), Size(1900, 1900)),
        (Size(2600, 80), Resize(2500, 300, Fit.COVER, enlarge=True, max_enlarged_side=2000), Size(2500, 300)),
        (Size(100, 80), Resize(2500, enlarge=True, max_enlarged_side=2000), Size(100, 80)),
        (Size(1200, 800), Resize(2, min_fitted_side=3), Size(1200, 800)),
        (Size(1200, 800), Resize(4, min_fitted_side=3), Size(4, 3)),
        (Size(1200, 800), Resize(300, 300, dpr=Dpr(3.5, DprRule.STEPPED)), Size(780, 520)),
        (Size(1200, 800), Resize(300, 200, Fit.COVER, dpr=Dpr(2.0, DprRule.STEPPED)), Size(600, 400)),
        (Size(1200, 800), Resize(100, 100, Fit.COVER, dpr=Dpr(9.5, DprRule.STEPPED)), Size(800, 800)),
        (Size(1200, 790), Resize(100, 100, Fit.COVER, dpr=Dpr(10.0, DprRule.STEPPED)), Size(750, 750)),
        (Size(100, 80), Resize(300, 300, Fit.COVER, enlarge=True, dpr=Dpr(2.0, DprRule.STEPPED)), Size(300, 300)),
        (Size(1200, 800), Resize(3000, enlarge=True, dpr=Dpr(2.0, DprRule.DROPPED, 5000)), Size(3000, 2000)),
        (Size(800, 1200), Resize(2000, enlarge=True, dpr=Dpr(2.0, DprRule.DROPPED, 5000)), Size(2000, 3000)),
        (Size(1200, 800), Resize(300, enlarge=True, dpr=Dpr(2.0, DprRule.DROPPED, 5000)), Size(600, 400)),
        (Size(200, 100), Resize(150, dpr=capped(2.0)), Size(200, 100)),
        (Size(200, 100), Resize(150, enlarge=True, dpr=capped(2.0)), Size(300, 150)),
        (Size(200, 100), Resize(150, 50, Fit.COVER, clamp=Clamp.SIDES, dpr=capped(2.0)), Size(200, 67)),
        (Size(200, 100), Resize(300, 50, Fit.COVER, clamp=Clamp.SIDES, dpr=capped(2.0)), Size(200, 50)),
        (Size(200, 100), Resize(300, 50, Fit.COVER, clamp=Clamp.SIDES, dpr=capped(0.5)), Size(150, 38)),
        (Size(200, 100), Resize(300, dpr=capped(0.5)), Size(150, 75)),
        (Size(200, 100), Resize(300, 300, Fit.CONTAIN, dpr=capped(0.5)), Size(150, 150)),
        (Size(200, 100), Resize(300, 300, Fit.CONTAIN, dpr=capped(2.0)), Size(300, 300)),
        (Size(200, 100), Resize(100, 26, Fit.COVER, dpr=capped(2.0)), Size(200, 52)),
        (Size(200, 100), Resize(100, max_width=80, dpr=capped(2.0)), Size(160, 80)),
        (Size(1200, 800), Resize(max_area=240_000), Size(600, 400)),
        (Size(1200, 800), Resize(max_area=10_000), Size(122, 81)),
        (Size(1200, 800), Resize(300, 300, Fit.COVER, max_area=10_000), Size(100, 100)),
        (Size(1200, 800), Resize(300, 300, Fit.CONTAIN, max_area=8_100), Size(90, 90)),
        (Size(100, 80), Resize(9_000, 9_000, enlarge=True, max_area=2_000_000, max_width=2_000), Size(1581, 1265)),
        (Size(1, 60_000), Resize(max_area=7), Size(1, 648)),
    ],
)
def test_a_size_that_depends_on_the_image(source: Size, resize: Resize, output: Size) -> None:
    assert resolve(source, Plan(resize=resize), WIDE).output == output


@pytest.mark.parametrize(
    "resize",
    [
        Resize(1201),
        Resize(zoom=1.2),
        Resize(1201, 100, Fit.FILL),
        Resize(1300, 900),
        Resize(100, 900, Fit.COVER),
        Resize(1300, 900, Fit.CONTAIN),
    ],
)
def test_an_image_that_would_have_to_be_enlarged_can_be_refused(resize: Resize) -> None:
    with pytest.raises(InvalidParameter) as caught:
        resolve(Size(1200, 800), Plan(resize=replace(resize, refuse_enlarging=True)), WIDE)
    assert caught.value.param == "enlarge"


@pytest.mark.parametrize("resize", [Resize(1200), Resize(zoom=1.0), Resize(1300, 800), Resize(1200, 800, Fit.FILL)])
def test_an_image_that_is_large_enough_is_not_refused(resize: Resize) -> None:
    plain = resolve(Size(1200, 800), Plan(resize=resize), WIDE)
    assert resolve(Size(1200, 800), Plan(resize=replace(resize, refuse_enlarging=True)), WIDE) == plain


@pytest.mark.parametrize(
    ("resize", "is_refused"),
    [
        (Resize(600, max_width=600), False),
        (Resize(601, max_width=600), True),
        (Resize(height=401, max_width=600), True),
        (Resize(zoom=0.51, max_height=400), True),
        (Resize(600, 500, Fit.FILL, max_area=299_999), True),
        (Resize(600, 500, Fit.FILL, max_area=300_000), False),
        (Resize(max_area=960_000), False),
        (Resize(600), False),
    ],
)
def test_a_result_beyond_the_maximum_can_be_refused(resize: Resize, *, is_refused: bool) -> None:
    plan = Plan(resize=replace(resize, refuse_exceeding=True))
    with pytest.raises(InvalidParameter, match="largest size") if is_refused else nullcontext():
        assert resolve(Size(1200, 800), plan, WIDE) == resolve(Size(1200, 800), Plan(resize=resize), WIDE)


@settings(max_examples=300, deadline=None)
@given(small, small_resizes, st.integers(1, 60_000))
def test_no_area_exceeds_its_maximum(source: Size, resize: Resize, max_area: int) -> None:
    resize = replace(resize, min_width=0, min_height=0, max_area=max_area)
    output = resolve(source, Plan(resize=resize), WIDE).output
    assert output.pixels <= max_area or min(output.sides) == 1


def test_a_capped_ratio_multiplies_offsets_and_padding_by_what_is_left_of_it() -> None:
    plan = Plan(resize=Resize(150, 40, Fit.COVER, Point(0.5, 0, 0, 9), dpr=capped(2.0)), extend=Extend(top=9, left=3))
    geometry = resolve(Size(200, 100), plan, WIDE)
    assert (geometry.window, geometry.window_offset) == (Size(200, 53), (0, 12))
    assert (geometry.offset, geometry.output) == ((4, 12), Size(204, 65))


@pytest.mark.parametrize(
    ("source", "resize", "canvas", "output", "offset"),
    [
        (Size(200, 100), Resize(0, 200), Canvas(0, 200), Size(200, 200), (0, 50)),
        (Size(200, 100), Resize(50, 50), Canvas(50, 50), Size(50, 50), (0, 12)),
        (Size(200, 100), Resize(300, 300), Canvas(aspect=Aspect(1, 1)), Size(200, 200), (0, 50)),
        (Size(200, 100), Resize(250, 500), Canvas(aspect=Aspect(1, 2)), Size(200, 400), (0, 150)),
        (Size(200, 100), Resize(), Canvas(aspect=Aspect(2, 1)), Size(200, 100), (0, 0)),
        (Size(640, 865), Resize(), Canvas(700, 200, cut=True), Size(700, 200), (30, 0)),
        (Size(640, 865), Resize(), Canvas(700, 200), Size(700, 865), (30, 0)),
        (Size(1200, 800), Resize(), Canvas(600, 400, cut=True), Size(600, 400), (0, 0)),
        (Size(1200, 800), Resize(), Canvas(aspect=Aspect(1, 1)), Size(1200, 1200), (0, 200)),
        (Size(1200, 800), Resize(), Canvas(aspect=Aspect(1, 1), cut=True), Size(800, 800), (0, 0)),
        (Size(1200, 800), Resize(600), Canvas(300, 300, cut=True), Size(300, 300), (0, 0)),
        (Size(1200, 800), Resize(), Canvas(50, 150, cut=True, unit=LengthUnit.PERCENT), Size(600, 1200), (0, 200)),
        (Size(100, 80), Resize(), Canvas(200, 0, gravity=Point(1, 0, -7)), Size(200, 80), (93, 0)),
    ],
)
def test_a_canvas_is_independent_of_the_box(
    source: Size, resize: Resize, canvas: Canvas, output: Size, offset: tuple[int, int]
) -> None:
    geometry = resolve(source, Plan(resize=resize, canvas=canvas), WIDE)
    assert (geometry.output, geometry.offset) == (output, offset)


@pytest.mark.parametrize(
    ("gravity", "at"),
    [(Point(), (0, 333)), (Point(0, 0), (0, 0)), (Point(1, 1), (0, 665)), (Point(0.5, 0, 0, 9), (0, 9))],
)
def test_what_a_canvas_cuts_is_placed_by_its_gravity(gravity: Point, at: tuple[int, int]) -> None:
    geometry = resolve(Size(640, 865), Plan(canvas=Canvas(700, 200, gravity=gravity, cut=True)), WIDE)
    assert (geometry.window, geometry.window_offset) == (Size(640, 200), at)


def test_a_canvas_cuts_the_window_of_a_cover() -> None:
    plan = Plan(resize=Resize(300, 300, Fit.COVER, Point(1, 0.5)), canvas=Canvas(100, 400, cut=True))
    geometry = resolve(Size(600, 300), plan, WIDE)
    assert (geometry.window, geometry.window_offset) == (Size(100, 300), (400, 0))


def test_a_canvas_grows_around_a_rotated_image() -> None:
    plan = Plan(rotate_free=FreeRotation(45.0), canvas=Canvas(100, 200, cut=True))
    geometry = resolve(Size(100, 100), plan, WIDE)
    assert (geometry.window, geometry.output) == (Size(100, 100), Size(142, 200))


def test_padding_in_percent_is_that_of_the_canvas() -> None:
    extend = Extend(Fill.COLOUR, 2500, 1000, 0, 5, LengthUnit.PERCENT)
    geometry = resolve(Size(1200, 800), Plan(extend=extend), WIDE)
    assert (geometry.output, geometry.offset) == (Size(1321, 1000), (1, 200))
    canvas = Canvas(2400, 800)
    assert resolve(Size(1200, 800), Plan(canvas=canvas, extend=extend), WIDE).output == Size(2641, 1000)


@pytest.mark.parametrize(
    ("plan", "output", "window"),
    [
        (
            Plan(resize=Resize(100, 100, max_side=200), extend=Extend(Fill.COLOUR, 100, 200, 300, 400)),
            Size(200, 129),
            Size(29, 14),
        ),
        (Plan(resize=Resize(1000, 2000, max_side=100), canvas=Canvas(1000, 2000)), Size(50, 100), Size(10, 5)),
        (Plan(resize=Resize(max_side=100)), Size(100, 50), Size(100, 50)),
        (Plan(resize=Resize(100, 100, Fit.COVER, max_side=50)), Size(50, 50), Size(50, 50)),
        (Plan(resize=Resize(200, 50, Fit.FILL, max_side=100)), Size(100, 25), Size(100, 25)),
        (Plan(resize=Resize(300, 300, Fit.CONTAIN, max_side=100)), Size(100, 100), Size(67, 33)),
        (Plan(resize=Resize(max_side=300)), Size(200, 100), Size(200, 100)),
    ],
)
def test_a_longest_side_shrinks_image_canvas_and_padding_alike(plan: Plan, output: Size, window: Size) -> None:
    geometry = resolve(Size(200, 100), plan, WIDE)
    assert (geometry.output, geometry.window) == (output, window)


canvas_sides = st.just(0.0) | st.integers(1, 900).map(float)
canvases = st.builds(
    Canvas,
    canvas_sides,
    canvas_sides,
    st.none() | aspects,
    st.builds(Point, fractions, fractions, shifts, shifts),
    st.booleans(),
    st.sampled_from(LengthUnit),
)


@settings(max_examples=400, deadline=None)
@given(small, plans, small_resizes, canvases, st.sampled_from(LengthUnit), least)
def test_every_canvas_fits_together(
    source: Size, plan: Plan, resize: Resize, canvas: Canvas, unit: LengthUnit, max_side: int
) -> None:
    extend = replace(plan.extend, unit=unit)
    plan = replace(plan, resize=replace(resize, max_side=max_side), canvas=canvas, extend=extend)
    try:
        geometry = resolve(source, plan, WIDE)
    except InvalidParameter:
        return
    assert_it_fits_together(geometry)


@settings(max_examples=300, deadline=None)
@given(small, small_resizes, canvas_sides, canvas_sides, margins, margins, st.integers(100, 500))
def test_a_longest_side_is_kept_but_for_roundings(
    source: Size, resize: Resize, width: float, height: float, top: int, left: int, max_side: int
) -> None:
    plan = Plan(
        resize=replace(resize, max_side=max_side), canvas=Canvas(width, height), extend=Extend(top=top, left=left)
    )
    roundings = 2  # of the image or the canvas, and of a margin
    assert max(resolve(source, plan, WIDE).output.sides) <= max_side + roundings


rules = st.fixed_dictionaries(
    {
        "skip_smaller": st.sampled_from(SkipSmaller),
        "max_enlarged_side": least,
        "min_fitted_side": st.just(0) | st.integers(1, 40),
        "dpr": st.none()
        | st.builds(Dpr, st.sampled_from([0.3, 0.9, 1.5, 2.0, 3.5, 8.0]), st.sampled_from(DprRule), least),
    }
)


@settings(max_examples=400, deadline=None)
@given(small, plans, small_resizes, rules)
def test_every_rule_gives_a_geometry_that_fits_together(
    source: Size, plan: Plan, resize: Resize, values: dict[str, object]
) -> None:
    try:
        geometry = resolve(source, replace(plan, resize=replace(resize, **values)), WIDE)
    except InvalidParameter:
        return
    assert_it_fits_together(geometry)


@settings(max_examples=300, deadline=None)
@given(small, small_resizes, st.floats(0.1, 8))
def test_a_capped_ratio_enlarges_nothing(source: Size, resize: Resize, factor: float) -> None:
    """Except in a box that was clamped by the original, to which an image may be enlarged."""
    assume(resize.clamp is not Clamp.ORIGINAL)
    geometry = resolve(source, Plan(resize=replace(resize, enlarge=False, dpr=capped(factor))), WIDE)
    assert geometry.scaled.width <= source.width
    assert geometry.scaled.height <= source.height


@pytest.mark.parametrize(
    ("resize", "output"),
    [
        (Resize(width=300, min_height=400), Size(600, 400)),
        (Resize(300, 300, min_width=450), Size(450, 300)),
        (Resize(300, 300, Fit.COVER, min_width=450), Size(450, 450)),
        (Resize(300, 200, Fit.FILL, min_height=500), Size(750, 500)),
        (Resize(300, 300, Fit.CONTAIN, min_height=450), Size(450, 450)),
        (Resize(min_width=4500), Size(4500, 3000)),
        (Resize(width=300, min_width=200), Size(300, 200)),
    ],
)
def test_least_sizes_scale_the_result_up_in_its_shape(resize: Resize, output: Size) -> None:
    assert resolve(SOURCE, Plan(resize=resize), WIDE).output == output


@pytest.mark.parametrize(
    ("resize", "output"),
    [
        (Resize(zoom=0.5, max_width=600), Size(600, 400)),
        (Resize(300, 300, Fit.OUTSIDE, max_width=390), Size(390, 260)),
        (Resize(300, 300, Fit.COVER, max_height=150), Size(150, 150)),
        (Resize(300, 200, Fit.FILL, max_width=150), Size(150, 100)),
        (Resize(300, 300, Fit.CONTAIN, max_height=150), Size(150, 150)),
        (Resize(aspect=Aspect(1, 1), fit=Fit.COVER, max_width=500), Size(500, 500)),
        (Resize(max_width=450, max_height=450), Size(450, 300)),
        (Resize(width=300, max_width=400), Size(300, 200)),
        (Resize(width=300, max_width=200, min_height=400), Size(600, 400)),
    ],
)
def test_most_sizes_scale_the_result_down_in_its_shape_and_least_sizes_go_before(resize: Resize, output: Size) -> None:
    assert resolve(SOURCE, Plan(resize=resize), WIDE).output == output


@settings(max_examples=300, deadline=None)
@given(small, small_resizes, st.integers(1, 500), st.integers(1, 500))
def test_most_sizes_are_kept_by_every_fit(source: Size, resize: Resize, width: int, height: int) -> None:
    output = resolve(source, Plan(resize=replace(resize, max_width=width, max_height=height)), WIDE).output
    assert output.width <= width
    assert output.height <= height


@settings(max_examples=300, deadline=None)
@given(small, small_resizes, st.integers(1, 500), st.integers(1, 500))
def test_least_sizes_are_kept_by_every_fit(source: Size, resize: Resize, width: int, height: int) -> None:
    output = resolve(source, Plan(resize=replace(resize, min_width=width, min_height=height)), WIDE).output
    assert output.width >= width
    assert output.height >= height


@pytest.mark.parametrize(
    ("resize", "output"),
    [
        (Resize(zoom=0.5), Size(1500, 1000)),
        (Resize(zoom=0.3333), Size(1000, 667)),
        (Resize(zoom=2.0), SOURCE),
        (Resize(zoom=1.5, enlarge=True), Size(4500, 3000)),
        (Resize(aspect=Aspect(1, 1), fit=Fit.COVER), Size(2000, 2000)),
        (Resize(aspect=Aspect(16, 9), fit=Fit.COVER), Size(3000, 1688)),
        (Resize(aspect=Aspect(16, 9), fit=Fit.COVER, zoom=0.5), Size(1500, 844)),
        (Resize(aspect=Aspect(1, 1), fit=Fit.CONTAIN), Size(3000, 3000)),
        (Resize(aspect=Aspect(1, 1), fit=Fit.FILL), Size(2000, 2000)),
        (Resize(aspect=Aspect(2, 3), fit=Fit.COVER, adaptive=True), SOURCE),
        (Resize(300, 600, Fit.COVER, adaptive=True), Size(600, 300)),
        (Resize(600, 300, Fit.COVER, adaptive=True), Size(600, 300)),
        (Resize(300, 300, Fit.COVER, adaptive=True), Size(300, 300)),
    ],
)
def test_a_shape_a_zoom_and_a_box_that_adapts(resize: Resize, output: Size) -> None:
    assert resolve(SOURCE, Plan(resize=resize), WIDE).output == output


def test_a_square_picture_takes_an_adaptive_box_as_it_is() -> None:
    assert resized(Size(500, 500), 100, 200, Fit.COVER, adaptive=True).output == Size(100, 200)


@pytest.mark.parametrize(
    ("gravity", "at"),
    [
        (Point(0, 0.5, 10, 0), (10, 0)),
        (Point(1, 0.5, -10, 0), (290, 0)),
        (Point(0.5, 0.5, 25, 99), (175, 0)),
        (Point(0, 0.5, -10, 0), (0, 0)),
        (Point(0, 0.5, 1000, 0), (300, 0)),
        (Faces(), (150, 0)),
    ],
)
def test_a_window_is_shifted_from_its_direction_as_far_as_there_is_room(gravity: Point, at: tuple[int, int]) -> None:
    assert resized(Size(600, 300), 300, 300, Fit.COVER, gravity=gravity).window_offset == at


@pytest.mark.parametrize(
    ("gravity", "offset"),
    [
        (Point(), (0, 50)),
        (Point(0.5, 0), (0, 0)),
        (Point(0.5, 1), (0, 100)),
        (Point(0.5, 1, 0, -20), (0, 80)),
        (Point(0.5, 0, 7, 20), (0, 20)),
    ],
)
def test_gravity_says_where_a_contained_picture_lies(gravity: Point, offset: tuple[int, int]) -> None:
    assert resized(Size(400, 200), 200, 200, Fit.CONTAIN, gravity=gravity).offset == offset


def test_a_window_holds_a_region_and_is_centred_on_it() -> None:
    region = FocalRegions((FocalRegion(0.1, 0.0, 0.2, 1.0),))
    assert window_position(Size(1000, 100), Size(400, 100), region) == (0, 0)
    assert window_position(Size(1000, 100), Size(300, 100), region) == (50, 0)
    assert window_position(Size(1000, 100), Size(100, 100), region) == (150, 0)


def test_a_heavier_region_is_kept_where_not_all_can_be() -> None:
    left, right = FocalRegion(0.0, 0.0, 0.2, 1.0), FocalRegion(0.8, 0.0, 0.2, 1.0)
    assert window_position(Size(1000, 100), Size(200, 100), FocalRegions((replace(left, weight=2), right))) == (0, 0)
    assert window_position(Size(1000, 100), Size(200, 100), FocalRegions((left, replace(right, weight=2)))) == (800, 0)


def pixels(start: float, length: float, side: int) -> range:
    """The pixels that a region covers along one axis."""
    begin, end = Fraction(repr(start)) * side, (Fraction(repr(start)) + Fraction(repr(length))) * side
    return range((begin + Fraction(1, 2)).__floor__(), min(side, (end + Fraction(1, 2)).__floor__()))


def covered_weight(scaled: Size, window: Size, at: tuple[int, int], regions: FocalRegions) -> int:
    return sum(
        region.weight
        * sum(at[0] <= x < at[0] + window.width for x in pixels(region.x, region.width, scaled.width))
        * sum(at[1] <= y < at[1] + window.height for y in pixels(region.y, region.height, scaled.height))
        for region in regions.regions
    )


@settings(max_examples=150, deadline=None)
@given(
    st.builds(Size, st.integers(1, 14), st.integers(1, 14)),
    st.builds(Size, st.integers(1, 14), st.integers(1, 14)),
    st.builds(FocalRegions, st.lists(regions, min_size=1, max_size=4).map(tuple)),
)
def test_no_other_window_holds_more(scaled: Size, box: Size, regions: FocalRegions) -> None:
    """Exhaustive search over all positions."""
    window = Size(min(box.width, scaled.width), min(box.height, scaled.height))
    places = [(x, y) for x in range(scaled.width - window.width + 1) for y in range(scaled.height - window.height + 1)]
    found = window_position(scaled, window, regions)
    assert found in places
    assert covered_weight(scaled, window, found, regions) == max(
        covered_weight(scaled, window, at, regions) for at in places
    )


@pytest.mark.parametrize(
    ("point", "offset"),
    [
        (Point(0, 0, share_x=0.25, share_y=0.1), (75, 10)),
        (Point(1, 1, share_x=-0.25, share_y=-0.1), (125, 40)),
        (Point(1, 1, share_x=1.0), (200, 50)),
    ],
)
def test_offsets_in_shares_count_in_the_canvas(point: Point, offset: tuple[int, int]) -> None:
    geometry = resolve(Size(100, 50), Plan(resize=Resize(300, 100, Fit.CONTAIN, point)), WIDE)
    assert geometry.offset == offset


@pytest.mark.parametrize(
    ("degrees", "spun"),
    [(45, Size(213, 213)), (90.0, Size(100, 200)), (180, Size(200, 100)), (30, Size(224, 187)), (0.01, Size(201, 101))],
)
def test_a_turn_by_any_angle_takes_the_smallest_box_around_the_picture(degrees: float, spun: Size) -> None:
    geometry = resolve(Size(200, 100), Plan(rotate_free=FreeRotation(degrees)), WIDE)
    assert (geometry.rotated, geometry.output) == (spun, spun)


def test_a_turned_picture_is_padded_to_its_box_where_it_is_smaller() -> None:
    plan = Plan(resize=Resize(300, 100, Fit.CONTAIN), rotate_free=FreeRotation(90.0))
    geometry = resolve(Size(200, 100), plan, WIDE)
    assert (geometry.rotated, geometry.offset, geometry.output) == (Size(100, 200), (100, 0), Size(300, 200))


def test_padding_lies_outside_of_the_box() -> None:
    plan = Plan(resize=Resize(100, 100, Fit.CONTAIN), extend=Extend(top=1, right=2, bottom=3, left=4))
    geometry = resolve(Size(200, 100), plan, WIDE)
    assert (geometry.offset, geometry.output) == ((4, 26), Size(106, 104))


@pytest.mark.parametrize("plan", [Plan(extend=Extend(left=16_000)), Plan(rotate_free=FreeRotation(45.0))])
def test_what_is_added_counts_for_the_limits(plan: Plan) -> None:
    with pytest.raises(ResultTooLarge):
        resolve(Size(1000, 1000), plan, Limits(max_result_side=1200))
