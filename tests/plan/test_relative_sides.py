"""Sides as shares of the image, alone, beside pixels and with an aspect ratio."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pixmill.errors import ResultTooLarge
from pixmill.plan.geometry import resolve
from pixmill.plan.lengths import RealSize, RoundingMode, Size, round_length
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Aspect, Clamp, Crop, Fit, Plan, Resize
from pixmill.plan.relative_sides import absolute_resize
from pixmill.plan.srcset_widths import natural_width

PHOTO = Size(1200, 800)


@pytest.mark.parametrize(
    ("resize", "output"),
    [
        (Resize(width_share=0.5, height_share=0.25, fit=Fit.FILL), Size(600, 200)),
        (Resize(width_share=0.5, height_share=0.25, fit=Fit.COVER), Size(600, 200)),
        (Resize(width_share=0.5, height_share=0.25), Size(300, 200)),
        (Resize(300, height_share=1.0, fit=Fit.COVER), Size(300, 800)),
        (Resize(320, height_share=1.0, fit=Fit.FILL), Size(320, 800)),
        (Resize(0, 320, width_share=1.0, fit=Fit.FILL), Size(1200, 320)),
        (Resize(width_share=0.5), Size(600, 400)),
        (Resize(height_share=0.25), Size(300, 200)),
        (Resize(width_share=2.0), Size(1200, 800)),
        (Resize(width_share=2.0, enlarge=True), Size(2400, 1600)),
        (Resize(width_share=2.0, height_share=0.5, fit=Fit.COVER, clamp=Clamp.SIDES), Size(1200, 400)),
        (Resize(width_share=0.5, aspect=Aspect(1, 1), fit=Fit.COVER), Size(600, 600)),
        (Resize(height_share=0.5, aspect=Aspect(1, 2), fit=Fit.COVER), Size(200, 400)),
        (Resize(width_share=0.25, height_share=1.0, fit=Fit.CONTAIN), Size(300, 800)),
        (Resize(width_share=0.5, max_width=300), Size(300, 200)),
    ],
)
def test_a_share_is_a_side_of_the_image(resize: Resize, output: Size) -> None:
    assert resolve(PHOTO, Plan(resize=resize), Limits()).output == output


def test_shares_count_in_what_the_crop_leaves_as_oriented() -> None:
    resize = Resize(width_share=0.5, height_share=1.0, fit=Fit.FILL)
    assert resolve(PHOTO, Plan(crop=Crop(0, 0, 300, 200), resize=resize), Limits()).output == Size(150, 200)
    assert resolve(PHOTO, Plan(rotate=90, resize=resize), Limits()).output == Size(400, 1200)


def test_shares_of_a_drawing_count_in_its_exact_sides() -> None:
    drawing = RealSize(Fraction("100.4"), Fraction("33.3"))
    assert absolute_resize(drawing, Resize(width_share=0.5, height_share=0.5)) == Resize(50, 17)


def test_computed_sides_are_rounded_by_the_rule() -> None:
    for rounding, width in ((RoundingMode.HALF_UP, 3), (RoundingMode.HALF_EVEN, 2), (RoundingMode.TRUNCATE, 2)):
        resize = absolute_resize(Size(5, 5), Resize(width_share=0.5, rounding=rounding))
        assert resize == Resize(width, rounding=rounding)


def test_a_share_that_makes_the_result_too_large_is_refused() -> None:
    with pytest.raises(ResultTooLarge):
        resolve(PHOTO, Plan(resize=Resize(width_share=10_000.0, enlarge=True)), Limits())


@settings(max_examples=100, deadline=None)
@given(
    st.builds(Size, st.integers(1, 400), st.integers(1, 400)),
    st.integers(1, 3000),
    st.integers(1, 3000),
    st.sampled_from(Fit),
    st.booleans(),
)
def test_shares_are_but_another_way_to_give_pixels(source: Size, x: int, y: int, fit: Fit, enlarge: bool) -> None:
    resize = Resize(width_share=x / 1000, height_share=y / 1000, fit=fit, enlarge=enlarge)
    sides = round_length(source.width * Fraction(x, 1000)), round_length(source.height * Fraction(y, 1000))
    pixels = replace(resize, width=sides[0], height=sides[1], width_share=0.0, height_share=0.0)
    one, other = (resolve(source, Plan(resize=each), Limits()) for each in (resize, pixels))
    assert one == other


def test_a_box_of_shares_has_a_natural_width() -> None:
    plan = Plan(resize=Resize(width_share=0.5, height_share=1.0, fit=Fit.COVER))
    assert natural_width(PHOTO, plan) == 600
