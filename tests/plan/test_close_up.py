"""Close-ups: less of the image in a result of the same size."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pixmill.plan.cropping import resolve_crop
from pixmill.plan.geometry import Geometry, resolve
from pixmill.plan.gravity import Faces, FocalPixels, FocalRegion, FocalRegions, Gravity, PixelRegion, Point, Smart
from pixmill.plan.lengths import Box, Size
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Aspect, CropWindow, Fit, Plan, Resize
from pixmill.plan.size_rules import Dpr, DprRule, SkipSmaller

PHOTO = Size(1200, 800)
REGION = FocalRegions((FocalRegion(0.5, 0.25, 0.125, 0.25),))
"""150 × 200 pixels at 600, 200."""


def cover(gravity: Gravity, width: int = 200, height: int = 200, *, enlarge: bool = False) -> Geometry:
    return resolve(PHOTO, Plan(resize=Resize(width, height, Fit.COVER, gravity, enlarge)), Limits())


@pytest.mark.parametrize(
    ("gravity", "scaled", "at"),
    [
        (Point(), Size(300, 200), (50, 0)),
        (Point(zoom=2), Size(600, 400), (200, 100)),
        (Point(1, 0, zoom=2), Size(600, 400), (400, 0)),
        (Point(0.25, 0.25, zoom=1.5), Size(450, 300), (13, 0)),
        (Point(zoom=10), Size(1200, 800), (500, 300)),
        (FocalPixels((PixelRegion(0, 0),), zoom=4), Size(1200, 800), (0, 0)),
        (replace(REGION, closeness=1.0), Size(1200, 800), (575, 200)),
        (replace(REGION, closeness=0.5), Size(480, 320), (170, 20)),
        (replace(REGION, closeness=1.0, zoom=0.5), Size(600, 400), (238, 50)),
    ],
)
def test_the_image_is_larger_behind_a_window_of_the_same_size(
    gravity: Gravity, scaled: Size, at: tuple[int, int]
) -> None:
    geometry = cover(gravity)
    assert (geometry.output, geometry.scaled, geometry.window_offset) == (Size(200, 200), scaled, at)


def test_only_with_enlarging_are_pixels_made() -> None:
    assert cover(Point(zoom=10), enlarge=True).scaled == Size(3000, 2000)
    assert cover(Point(zoom=2), 800, 800).scaled == PHOTO
    assert cover(Point(zoom=2), 800, 800, enlarge=True).scaled == Size(2400, 1600)
    assert cover(Point(zoom=2), 1000, 1000).output == Size(800, 800)


def test_a_point_is_shown_with_something_around_it() -> None:
    point = FocalPixels((PixelRegion(600, 400),), closeness=1.0)
    geometry = cover(point, 20, 20, enlarge=True)
    assert (geometry.output, geometry.scaled) == (Size(20, 20), Size(3000, 2000))
    assert cover(point, 20, 20).scaled == PHOTO


@pytest.mark.parametrize(
    ("resize", "output"),
    [
        (Resize(300, 0, Fit.COVER, Point(zoom=2)), Size(300, 200)),
        (Resize(width_share=0.5, fit=Fit.COVER, gravity=Point(zoom=2)), Size(600, 400)),
        (Resize(aspect=Aspect(1, 1), fit=Fit.COVER, gravity=Point(zoom=2), enlarge=True), Size(800, 800)),
    ],
)
def test_one_side_or_a_shape_are_enough(resize: Resize, output: Size) -> None:
    geometry = resolve(PHOTO, Plan(resize=resize), Limits())
    assert geometry.output == output
    assert geometry.scaled.width * output.height > output.width * output.height


def test_a_close_up_goes_with_ratios_and_limits_that_depend_on_the_image() -> None:
    box = Resize(100, 100, Fit.COVER, Point(1, 0.5, -10, 0, zoom=2), dpr=Dpr(2.0, DprRule.CAPPED))
    geometry = resolve(PHOTO, Plan(resize=box), Limits())
    assert (geometry.output, geometry.scaled, geometry.window_offset) == (Size(200, 200), Size(600, 400), (380, 100))
    geometry = resolve(PHOTO, Plan(resize=replace(box, dpr=None, max_side=50)), Limits())
    assert (geometry.output, geometry.scaled) == (Size(50, 50), Size(150, 100))


def test_an_image_that_is_left_as_it_is_shows_all() -> None:
    resize = Resize(2000, 2000, Fit.COVER, Point(zoom=2), enlarge=True, skip_smaller=SkipSmaller.BOTH)
    geometry = resolve(PHOTO, Plan(resize=resize), Limits())
    assert geometry.scaled == geometry.output == PHOTO


def test_a_window_that_is_cropped_is_smaller_by_the_zoom() -> None:
    assert resolve_crop(PHOTO, CropWindow(300, 200, Point(zoom=2))) == Box(525, 350, 150, 100)
    assert resolve_crop(PHOTO, CropWindow(gravity=Point(1, 1, zoom=4), aspect=Aspect(1, 1))) == Box(1000, 600, 200, 200)
    assert resolve_crop(PHOTO, CropWindow(1, 1, Smart(zoom=9))).size == Size(1, 1)


def test_faces_are_searched_at_full_size_as_their_close_up_is_not_known() -> None:
    geometry = cover(Faces(closeness=1.0))
    assert geometry.smart_crop
    assert (geometry.rendered, geometry.searched_scaled) == (PHOTO, Size(300, 200))
    assert cover(Faces()).rendered == Size(300, 200)
    assert cover(Faces(closeness=1.0), 600, 400).smart_crop


zooms = st.sampled_from((1.0, 1.1, 1.7, 3.0, 20.0))
closenesses = st.sampled_from((0.0, 0.3, 1.0))
units = st.sampled_from((0.0, 0.2, 0.5, 1.0))
regions = st.builds(FocalRegion, units, units, units, units)


@settings(max_examples=200, deadline=None)
@given(
    st.builds(Size, st.integers(1, 300), st.integers(1, 300)),
    st.builds(Size, st.integers(1, 300), st.integers(1, 300)),
    st.one_of(
        st.builds(Point, units, units, zoom=zooms),
        st.builds(FocalRegions, st.lists(regions, min_size=1, max_size=3).map(tuple), zooms, closenesses),
        st.builds(Faces, zooms, closenesses),
    ),
    st.booleans(),
)
@example(source=Size(9, 9), box=Size(5, 5), gravity=FocalRegions((FocalRegion(0.5, 0.5, 0, 0),), 20, 1), enlarge=True)
def test_the_size_of_the_result_is_that_without_a_close_up(
    source: Size, box: Size, gravity: Gravity, enlarge: bool
) -> None:
    resize = Resize(box.width, box.height, Fit.COVER, gravity, enlarge=enlarge)
    geometry = resolve(source, Plan(resize=resize), Limits())
    plain = resolve(source, Plan(resize=replace(resize, gravity=Point())), Limits())
    assert geometry.output == plain.output
    left, top = geometry.window_offset
    assert 0 <= left <= geometry.scaled.width - geometry.window.width
    assert 0 <= top <= geometry.scaled.height - geometry.window.height
    if not enlarge:
        assert geometry.scaled.width <= source.width + 1
        assert geometry.scaled.height <= source.height + 1
