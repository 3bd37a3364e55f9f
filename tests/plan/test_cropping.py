"""Regions and windows that a crop cuts out: units, places, and what does not lie in the image."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixmill.errors import InvalidParameter
from pixmill.plan.cropping import resolve_crop
from pixmill.plan.geometry import resolve
from pixmill.plan.gravity import Faces, FocalPixels, FocalRegion, FocalRegions, Gravity, PixelRegion, Point, Smart
from pixmill.plan.lengths import Box, Size
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Aspect, AspectRule, Crop, CropInsets, CropOverflow, CropUnit, CropWindow, Fit, Plan, Resize

PHOTO = Size(1200, 800)


def pixels(*values: int) -> FocalPixels:
    return FocalPixels((PixelRegion(*values),))


@pytest.mark.parametrize(
    ("gravity", "at"),
    [
        (Point(), (450, 300)),
        (Point(0, 0), (0, 0)),
        (Point(1, 0.5), (900, 300)),
        (Point(1, 1, -10, -20), (890, 580)),
        (Point(0.25, 0.25), (150, 100)),
        (Point(0.25, 0.25, proportional=True), (225, 150)),
        (Point(0.3, 1, proportional=True), (270, 600)),
        (Point(0, 0, share_x=0.1, share_y=0.05), (120, 40)),
        (Point(0, 0, 5, 0, share_x=-0.5), (0, 0)),
        (pixels(600, 400), (450, 300)),
        (pixels(10, 790), (0, 600)),
        (pixels(700, 100, 100, 100), (600, 50)),
        (pixels(5000, 5000), (450, 300)),
        (FocalRegions((FocalRegion(0.9, 0, 0.1, 0.1),)), (900, 0)),
        (Smart(), (450, 300)),
        (Faces(), (450, 300)),
    ],
)
def test_a_window_is_placed_by_its_gravity(gravity: Gravity, at: tuple[int, int]) -> None:
    assert resolve_crop(PHOTO, CropWindow(300, 200, gravity)) == Box(*at, 300, 200)


@pytest.mark.parametrize(
    ("window", "size"),
    [
        (CropWindow(300, 200), Size(300, 200)),
        (CropWindow(300), Size(300, 800)),
        (CropWindow(height=200), Size(1200, 200)),
        (CropWindow(2000, 200), Size(1200, 200)),
        (CropWindow(25, 50, unit=CropUnit.PERCENT), Size(300, 400)),
        (CropWindow(25, 50, unit=CropUnit.PERCENT_PIXELS), Size(300, 50)),
        (CropWindow(25, 50, unit=CropUnit.PIXELS_PERCENT), Size(25, 400)),
        (CropWindow(0.01, 0.01, unit=CropUnit.PERCENT), Size(1, 1)),
        (CropWindow(aspect=Aspect(1, 1)), Size(800, 800)),
        (CropWindow(aspect=Aspect(16, 9)), Size(1200, 675)),
        (CropWindow(300, aspect=Aspect(1, 2)), Size(300, 600)),
        (CropWindow(1000, aspect=Aspect(1, 1)), Size(800, 800)),
        (CropWindow(300, 200, aspect=Aspect(1, 1)), Size(200, 200)),
        (CropWindow(aspect=Aspect(9999, 1)), Size(1200, 1)),
    ],
)
def test_a_window_has_its_sides_within_the_image(window: CropWindow, size: Size) -> None:
    assert resolve_crop(PHOTO, window).size == size


@pytest.mark.parametrize("window", [CropWindow(1201, 10), CropWindow(0, 801), CropWindow(9, 9999)])
def test_a_window_larger_than_the_image_may_be_refused(window: CropWindow) -> None:
    refused = CropWindow(window.width, window.height, overflow=CropOverflow.REFUSE)
    with pytest.raises(InvalidParameter, match="lie in the image") as caught:
        resolve_crop(PHOTO, refused)
    assert caught.value.param == "crop"
    assert resolve_crop(PHOTO, CropWindow(1200, 800, overflow=CropOverflow.REFUSE)) == Box.whole(PHOTO)


@pytest.mark.parametrize(
    ("overflow", "box"),
    [
        (CropOverflow.CLIP, Box(1100, 700, 100, 100)),
        (CropOverflow.MOVE, Box(900, 600, 300, 200)),
        (CropOverflow.RESET, Box(1100, 700, 100, 100)),
        (CropOverflow.IGNORE, Box(1100, 700, 100, 100)),
        (CropOverflow.REFUSE, None),
    ],
)
def test_a_region_beyond_the_edge_follows_the_rule(overflow: CropOverflow, box: Box | None) -> None:
    crop = Crop(1100, 700, 300, 200, overflow=overflow)
    if box:
        assert resolve_crop(PHOTO, crop) == box
    else:
        with pytest.raises(InvalidParameter, match="lie in the image"):
            resolve_crop(PHOTO, crop)


@pytest.mark.parametrize(
    ("overflow", "box"),
    [
        (CropOverflow.CLIP, None),
        (CropOverflow.MOVE, Box(1190, 10, 10, 10)),
        (CropOverflow.RESET, Box(0, 10, 10, 10)),
        (CropOverflow.IGNORE, Box.whole(PHOTO)),
        (CropOverflow.REFUSE, None),
    ],
)
def test_a_region_outside_follows_the_rule(overflow: CropOverflow, box: Box | None) -> None:
    crop = Crop(3000, 10, 10, 10, overflow=overflow)
    if box:
        assert resolve_crop(PHOTO, crop) == box
    else:
        with pytest.raises(InvalidParameter) as caught:
            resolve_crop(PHOTO, crop)
        assert caught.value.param == "crop"


def test_a_region_may_mix_units() -> None:
    assert resolve_crop(PHOTO, Crop(25, 10, 50, 400, CropUnit.PERCENT_PIXELS)) == Box(300, 10, 600, 400)
    assert resolve_crop(PHOTO, Crop(25, 10, 50, 40, CropUnit.PIXELS_PERCENT)) == Box(25, 80, 50, 320)


@pytest.mark.parametrize(
    ("crop", "box"),
    [
        (CropInsets(40, 10, 20, 30), Box(40, 10, 1140, 760)),
        (CropInsets(100, 100, 100, 100), Box(100, 100, 1000, 600)),
        (CropInsets(10, 20, -310, -220), Box(10, 20, 300, 200)),
        (CropInsets(-300, -200), Box(900, 600, 300, 200)),
        (CropInsets(-300, 0, 100, -9999), Box(900, 0, 200, 800)),
        (CropInsets(-5000, 0, -5000, 0), Box.whole(PHOTO)),
        (CropInsets(12.5, 0.1, 0, 50, CropUnit.PERCENT), Box(150, 1, 1050, 399)),
        (CropInsets(10, 10, 10, 10, CropUnit.PERCENT_PIXELS), Box(120, 10, 960, 780)),
        (CropInsets(700, 0, 700, 0, overflow=CropOverflow.IGNORE), Box.whole(PHOTO)),
        (CropInsets(0, 0, 1199, 799), Box(0, 0, 1, 1)),
    ],
)
def test_insets_take_off_the_edges(crop: CropInsets, box: Box) -> None:
    assert resolve_crop(PHOTO, crop) == box


@pytest.mark.parametrize(
    "crop",
    [
        CropInsets(700, 0, 500, 0),
        CropInsets(0, 800),
        CropInsets(2000),
        CropInsets(-1300, overflow=CropOverflow.REFUSE),
        CropInsets(0, 0, 0, -801, overflow=CropOverflow.REFUSE),
    ],
)
def test_insets_that_leave_nothing_or_lie_outside_are_refused(crop: CropInsets) -> None:
    with pytest.raises(InvalidParameter) as caught:
        resolve_crop(PHOTO, crop)
    assert caught.value.param == "crop"


sides = st.integers(1, 60)
starts = st.integers(0, 80)
insets = st.integers(-80, 80)
fractions = st.sampled_from((0.0, 0.25, 0.5, 1.0))
gravities: st.SearchStrategy[Gravity] = st.one_of(
    st.builds(Point, fractions, fractions, st.integers(-9, 9), st.integers(-9, 9), proportional=st.booleans()),
    st.builds(lambda *values: FocalPixels((PixelRegion(*values),)), starts, starts, starts, starts),
    st.just(Smart()),
)


@settings(max_examples=200, deadline=None)
@given(
    st.builds(Size, sides, sides),
    st.one_of(
        st.builds(Crop, starts, starts, sides, sides, st.sampled_from(CropUnit), st.just(CropOverflow.MOVE)),
        st.builds(Crop, starts, starts, sides, sides, st.sampled_from(CropUnit), st.just(CropOverflow.RESET)),
        st.builds(Crop, starts, starts, sides, sides, st.sampled_from(CropUnit), st.just(CropOverflow.IGNORE)),
        st.builds(CropWindow, starts, starts, gravities, st.sampled_from(CropUnit)),
        st.builds(CropInsets, *(insets,) * 4, st.sampled_from(CropUnit), st.just(CropOverflow.IGNORE)),
        st.builds(CropWindow, starts, starts, gravities, aspect=st.builds(Aspect, sides, sides)),
    ),
)
def test_every_crop_lies_in_the_image(source: Size, crop: Crop | CropWindow | CropInsets) -> None:
    box = resolve_crop(source, crop)
    assert 0 <= box.left <= box.left + box.width <= source.width
    assert 0 <= box.top <= box.top + box.height <= source.height
    assert min(box.size.sides) > 0


def test_focal_pixels_count_before_the_crop() -> None:
    plan = Plan(crop=Crop(200, 0, 1000, 800), resize=Resize(100, 400, Fit.COVER, pixels(700, 400)))
    geometry = resolve(PHOTO, plan, Limits())
    assert (geometry.scaled, geometry.window_offset) == (Size(500, 400), (200, 0))


def test_a_window_that_depends_on_the_pixels_is_searched_in_the_whole_image() -> None:
    plan = Plan(crop=CropWindow(300, 200, Smart()), resize=Resize(150))
    geometry = resolve(PHOTO, plan, Limits())
    assert geometry.smart_window
    assert not geometry.smart_crop
    assert (geometry.searched, geometry.rendered) == (Box.whole(PHOTO), Size(600, 400))
    assert geometry.output == Size(150, 100)
    assert not resolve(PHOTO, Plan(crop=CropWindow(9999, 0, Smart())), Limits()).smart_window


@pytest.mark.parametrize(
    ("source", "aspect", "x", "box"),
    [
        (Size(100, 80), Aspect(97, 320), 0.5, Box(38, 0, 25, 80)),  # the width is rounded up, 37.5 half to even
        (Size(100, 81), Aspect(200, 101), 0.5, Box(0, 15, 100, 50)),  # 50.5 half to even, around row 40
        (Size(2560, 3837), Aspect(300, 451), 0.0, Box(0, 0, 2560, 3837)),  # both are 0.67
        (Size(100, 80), Aspect(1, 2), 1.0, Box(60, 0, 40, 80)),
        (Size(7, 80), Aspect(9_999, 1), 0.5, Box(0, 40, 7, 1)),
    ],
)
def test_an_aspect_ratio_by_the_rule_of_thumbor(source: Size, aspect: Aspect, x: float, box: Box) -> None:
    window = CropWindow(gravity=Point(x, 0.5), aspect=aspect, aspect_rule=AspectRule.THUMBOR)
    assert resolve_crop(source, window) == box
