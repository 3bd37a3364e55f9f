"""Sizes, gravity, trims and margins: values, and the one plan of all their spellings."""

import pytest

from pixmill.dialects.native.dialect import parse
from pixmill.errors import ConflictingParameters, InvalidParameter
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.gravity import Faces, FocalPixels, FocalRegion, FocalRegions, Interest, PixelRegion, Point, Smart
from pixmill.plan.lengths import RoundingMode
from pixmill.plan.ops import Aspect, Canvas, Clamp, Fit, Flip, Kernel, Plan, Resize
from pixmill.plan.size_rules import Dpr, DprRule, SkipSmaller
from pixmill.plan.transforms import Extend, Fill, FreeRotation, LengthUnit, Trim, TrimCorner

COVER = "w=300&h=200&fit=cover&gravity="


def plan(query: str) -> Plan:
    return parse(b"/resize", f"url=a.jpg&{query}".encode()).plan


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("min_width=300", Resize(min_width=300)),
        ("w=100&mw=300&mh=200&dpr=2", Resize(width=200, min_width=600, min_height=400)),
        ("max_width=300", Resize(max_width=300)),
        ("zoom=0.5&max_width=300&max_height=200&dpr=1.5", Resize(zoom=0.5, max_width=450, max_height=300)),
        ("scale=pct:12.5", Resize(zoom=0.125)),
        ("w=100&zoom=pct:250", Resize(width=250)),
        ("zoom=0.5", Resize(zoom=0.5)),
        ("scale=1.5&enlarge=1", Resize(zoom=1.5, enlarge=True)),
        ("w=300&zoom=0.5", Resize(width=150)),
        ("w=9&fit=cover&gravity=c,zoom:2", Resize(9, 0, Fit.COVER, Point(zoom=2))),
        ("w=9&gravity=c,zoom:2", Resize(9)),
        ("w=9&h=9&gravity=c,zoom:2&fit=contain", Resize(9, 9, Fit.CONTAIN)),
        (
            "aspect=1:1&gravity=c,zoom:2&enlarge=1",
            Resize(aspect=Aspect(1, 1), fit=Fit.COVER, gravity=Point(zoom=2), enlarge=True),
        ),
        ("w=pct:50&fit=cover&gravity=c,zoom:2", Resize(width_share=0.5, fit=Fit.COVER, gravity=Point(zoom=2))),
        ("w=pct:50", Resize(width_share=0.5)),
        ("h=pct:12.5&enlarge=1", Resize(height_share=0.125, enlarge=True)),
        ("w=pct:50&h=pct:25&fit=fill", Resize(width_share=0.5, height_share=0.25, fit=Fit.FILL)),
        ("w=300&h=pct:100&fit=cover", Resize(300, height_share=1.0, fit=Fit.COVER)),
        ("w=300&h=pct:100&fit=cover&dpr=2", Resize(600, height_share=2.0, fit=Fit.COVER)),
        ("w=pct:50&dpr=1.5&zoom=0.5", Resize(width_share=0.375)),
        ("w=pct:50&gravity=n&fit=cover", Resize(width_share=0.5)),
        ("w=pct:50&aspect=2:1", Resize(width_share=0.5, aspect=Aspect(2, 1), fit=Fit.COVER)),
        ("w=pct:50&h=9&aspect=2:1", Resize(height=9, width_share=0.5)),
        ("w=pct:50&skip_smaller=both", Resize(width_share=0.5, skip_smaller=SkipSmaller.BOTH)),
        (
            "w=pct:50&h=pct:50&fit=cover&clamp=sides",
            Resize(width_share=0.5, height_share=0.5, fit=Fit.COVER, clamp=Clamp.SIDES),
        ),
        ("w=9&h=9&fit=cover&clamp=sides", Resize(9, 9, Fit.COVER, clamp=Clamp.SIDES)),
        ("w=9&h=9&fit=contain&clamp=sides", Resize(9, 9, Fit.CONTAIN, clamp=Clamp.SIDES)),
        ("aspect=1:1&zoom=2&clamp=sides", Resize(aspect=Aspect(1, 1), zoom=2, fit=Fit.COVER, clamp=Clamp.SIDES)),
        ("w=9&enlarge=true&shrink=false", Resize(9, enlarge=True, shrink=False)),
        ("w=9&h=8&fit=contain&shrink=false", Resize(9, 8, Fit.CONTAIN, shrink=False)),
        (
            "w=9&h=8&fit=fill&enlarge=1&shrink=0&clamp=sides",
            Resize(9, 8, Fit.FILL, enlarge=True, shrink=False, clamp=Clamp.SIDES),
        ),
        ("aspect=1:1&fit=fill&shrink=false", Resize(aspect=Aspect(1, 1), fit=Fit.FILL, shrink=False)),
        ("w=300&zoom=2&dpr=2", Resize(width=1200)),
        ("w=10000&h=5000&zoom=20", Resize(16_383, 8192)),
        ("aspect=16:9", Resize(aspect=Aspect(16, 9), fit=Fit.COVER)),
        ("aspect=1.5&fit=contain&zoom=0.5", Resize(aspect=Aspect(3, 2), fit=Fit.CONTAIN, zoom=0.5)),
        ("aspect=16:9&w=800", Resize(800, 450, Fit.COVER)),
        ("aspect=16:9&h=450", Resize(800, 450, Fit.COVER)),
        ("aspect=16:9&w=333&dpr=2", Resize(666, 375, Fit.COVER)),
        ("aspect=1:10&w=16383", Resize(1638, 16_383, Fit.COVER)),
        ("aspect=16:9&w=800&fit=fill", Resize(800, 450, Fit.FILL)),
        ("aspect=16:9&w=300&h=300", Resize(300, 300)),
        ("w=300&h=200&adaptive=true", Resize(300, 200, adaptive=True)),
        ("aspect=2:1&adaptive=true", Resize(aspect=Aspect(2, 1), fit=Fit.COVER, adaptive=True)),
        ("w=9&h=8&fit=auto&gravity=n", Resize(9, 8, Fit.AUTO, Point(0.5, 0))),
        ("w=9&h=8&clamp=box", Resize(9, 8, clamp=Clamp.BOX)),
        ("w=9&enlarge=error", Resize(9, refuse_enlarging=True, enlarge_drawings=False)),
        ("w=9&enlarge=never", Resize(9, enlarge_drawings=False)),
        ("zoom=2&enlarge=never", Resize(zoom=2, enlarge_drawings=False)),
        ("zoom=2&enlarge=error", Resize(zoom=2, refuse_enlarging=True, enlarge_drawings=False)),
        ("w=9&h=8&skip_smaller=either", Resize(9, 8, skip_smaller=SkipSmaller.EITHER)),
        ("w=9&h=8&skip_smaller=below", Resize(9, 8, skip_smaller=SkipSmaller.BELOW)),
        ("w=9&enlarge=1&max_enlarged_side=2000", Resize(9, enlarge=True, max_enlarged_side=2000)),
        ("w=9&min_fitted_side=3", Resize(9, min_fitted_side=3)),
        ("w=9&zoom=2&dpr=1.5&dpr_rule=capped", Resize(18, dpr=Dpr(1.5, DprRule.CAPPED))),
        ("w=9&dpr=2&dpr_rule=dropped&dpr_max_side=50", Resize(9, dpr=Dpr(2, DprRule.DROPPED, 50))),
        ("w=9&mw=3&dpr=2&dpr_rule=stepped&dpr_max_side=50", Resize(9, min_width=3, dpr=Dpr(2, DprRule.STEPPED))),
        ("w=9&dpr=2&dpr_rule=full", Resize(18)),
        ("max_side=300&dpr=2", Resize(max_side=300)),
        ("max_area=300&dpr=2&exceeding=error", Resize(max_area=300, refuse_exceeding=True)),
        ("w=300&h=200&padding=20&padding_inside=1", Resize(260, 160)),
        ("w=300&padding=20,10&padding_inside=1&dpr=1.5", Resize(420)),
        ("w=300&padding=5&padding_inside=1&dpr=1.5", Resize(434)),
        ("w=300&padding=5&padding_inside=1&dpr=2&dpr_rule=capped", Resize(290, dpr=Dpr(2, DprRule.CAPPED))),
        ("w=300&rounding=half_even", Resize(width=300, rounding=RoundingMode.HALF_EVEN)),
        ("aspect=3:2&w=100&rounding=truncate", Resize(100, 66, Fit.COVER, rounding=RoundingMode.TRUNCATE)),
        ("w=300&kernel=nearest", Resize(width=300, kernel=Kernel.NEAREST)),
    ],
)
def test_a_box(query: str, expected: Resize) -> None:
    assert plan(query).resize == expected


@pytest.mark.parametrize(
    ("gravity", "expected"),
    [
        ("ne:10,20", Point(1, 0, -10, 20)),
        ("sw:10,20", Point(0, 1, 10, -20)),
        ("c:-10,20", Point(0.5, 0.5, -10, 20)),
        ("se:0,0", Point(1, 1)),
        ("ne:10,21&dpr=1.5", Point(1, 0, -15, 32)),
        ("nw:99999,0", Point(0, 0, 16_383, 0)),
        ("ne:pct:10,pct:-2.5", Point(1, 0, share_x=-0.1, share_y=-0.025)),
        ("c:3,pct:5&dpr=2", Point(offset_x=6, share_y=0.05)),
        ("fp:0.1,0.2:3,4", Point(0.1, 0.2, 3, 4)),
        ("fp:1,1:3,4", Point(1, 1, -3, -4)),
        ("pos:0.1,0.2", Point(0.1, 0.2, proportional=True)),
        ("pos:0,0.5:pct:1,0", Point(0, 0.5, share_x=0.01)),
        ("px:600,400", FocalPixels((PixelRegion(600, 400),))),
        ("px:9,8,7,6,4;1,2,0,0,2", FocalPixels((PixelRegion(1, 2), PixelRegion(9, 8, 7, 6, 2)))),
        ("fp:0.1,0.2,zoom:2", Point(0.1, 0.2, zoom=2)),
        ("ne:1,2,zoom:1.5", Point(1, 0, -1, 2, zoom=1.5)),
        ("c,zoom:0.5", Point()),
        ("smart,zoom:20", Smart(zoom=20)),
        ("face,close:0.5", Faces(closeness=0.5)),
        ("face,close:1,zoom:0.8", Faces(zoom=0.8, closeness=1)),
        ("fr:0,0,1,1,close:1", FocalRegions((FocalRegion(0, 0, 1, 1),), closeness=1)),
        ("px:1,2,zoom:3", FocalPixels((PixelRegion(1, 2),), zoom=3)),
        ("smart:attention", Smart()),
        ("smart:entropy", Smart(Interest.ENTROPY)),
        ("face", Faces()),
        ("fr:0.1,0.2,0.3,0.4", FocalRegions((FocalRegion(0.1, 0.2, 0.3, 0.4),))),
        ("fr:0.1,0.2,0.3,0.4,50", FocalRegions((FocalRegion(0.1, 0.2, 0.3, 0.4),))),
        ("fr:0.5,0,0.1,0.1,4;0,0,1,1,6", FocalRegions((FocalRegion(0, 0, 1, 1, 3), FocalRegion(0.5, 0, 0.1, 0.1, 2)))),
    ],
)
def test_a_gravity(gravity: str, expected: object) -> None:
    assert plan(COVER + gravity).resize.gravity == expected


def test_a_contained_picture_lies_at_a_point_and_looks_for_nothing() -> None:
    assert plan("w=9&h=8&fit=contain&gravity=ne:3,4").resize.gravity == Point(1, 0, -3, 4)
    assert plan("w=9&h=8&fit=contain&gravity=pos:0.3,0.2").resize.gravity == Point(0.3, 0.2)
    for gravity in ("face", "px:1,2", "fr:0,0,0.1,0.1"):
        assert plan(f"w=9&h=8&fit=contain&gravity={gravity}").resize.gravity == Point()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("trim=10", Trim(10)),
        ("trim=0&trim_color=red", Trim(0, Colour(255, 0, 0))),
        ("trim=5&trim_colour=transparent", Trim(5, TRANSPARENT)),
        ("trim=5&trim_equal=horizontal", Trim(5, equal_horizontal=True)),
        ("trim=5&trim_corner=bottom_right", Trim(5, corner=TrimCorner.BOTTOM_RIGHT)),
        ("trim=5&trim_corner=bottom_right&trim_color=red", Trim(5, Colour(255, 0, 0))),
        ("trim=5&trim_padding=-9", Trim(5, padding=-9)),
        ("trim=5&trim_padding=pct:1.25", Trim(5, padding=125, padding_unit=LengthUnit.PERCENT)),
        ("trim=5&trim_padding=pct:-0", Trim(5)),
        ("trim=5&trim_equal=both", Trim(5, equal_horizontal=True, equal_vertical=True)),
    ],
)
def test_a_trim(query: str, expected: Trim) -> None:
    assert plan(query).trim == expected


@pytest.mark.parametrize(
    ("query", "rotate", "flip", "spin"),
    [
        ("rotate=90.0", 90, Flip.NONE, None),
        ("rotate=-360", 0, Flip.NONE, None),
        ("rotate=37.5", 0, Flip.NONE, FreeRotation(37.5)),
        ("rotate=-0.25", 0, Flip.NONE, FreeRotation(359.75)),
        ("rotate=127&flip=h", 0, Flip.HORIZONTAL, FreeRotation(127.0)),
        ("rotate=30&flip=both", 180, Flip.NONE, FreeRotation(30.0)),
        ("rotate=30&rounding=half_up", 0, Flip.NONE, FreeRotation(30.0, rounding=RoundingMode.HALF_UP)),
        ("rotate=30&background=navy", 0, Flip.NONE, FreeRotation(30.0, Colour(0, 0, 128))),
    ],
)
def test_right_angles_are_turned_first_and_others_after_the_resize(
    query: str, rotate: int, flip: Flip, spin: FreeRotation | None
) -> None:
    read = plan(query)
    assert (read.rotate, read.flip, read.rotate_free) == (rotate, flip, spin)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("padding=10", Extend(Fill.COLOUR, 10, 10, 10, 10)),
        ("padding=10,20", Extend(Fill.COLOUR, 10, 20, 10, 20)),
        ("padding=1,2,3,4&extend=mirror", Extend(Fill.MIRROR, 1, 2, 3, 4)),
        ("padding=1,2,3,4&extend=average", Extend(Fill.AVERAGE, 1, 2, 3, 4)),
        ("padding=pct:25", Extend(Fill.COLOUR, 2500, 2500, 2500, 2500, LengthUnit.PERCENT)),
        ("padding=pct:1,2.25,0,0.01&dpr=2", Extend(Fill.COLOUR, 100, 225, 0, 1, LengthUnit.PERCENT)),
        ("padding=pct:0", Extend()),
        ("canvas=9,9&extend=edge", Extend(Fill.EDGE)),
        ("padding=10&w=100&dpr=1.5", Extend(Fill.COLOUR, 15, 15, 15, 15)),
        ("w=9&h=9&fit=contain&extend=blur", Extend(Fill.BLUR)),
        ("w=9&h=9&fit=contain&extend=colour", Extend()),
    ],
)
def test_what_lies_around(query: str, expected: Extend) -> None:
    assert plan(query).extend == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("canvas=900,600", Canvas(900, 600)),
        ("canvas=0,600&dpr=1.5", Canvas(0, 900)),
        ("canvas=16:9", Canvas(aspect=Aspect(16, 9))),
        ("canvas=1.5:1&canvas_cut=true", Canvas(aspect=Aspect(3, 2), cut=True)),
        ("canvas=pct:120,50&dpr=2", Canvas(120, 50, unit=LengthUnit.PERCENT)),
        ("canvas=pct:50,0&canvas_cut=1", Canvas(50, cut=True, unit=LengthUnit.PERCENT)),
        ("canvas=9,9&canvas_gravity=se:10,20&dpr=2", Canvas(18, 18, gravity=Point(1, 1, -20, -40))),
        ("canvas=9,9&dpr=2&dpr_rule=capped", Canvas(9, 9)),
        ("canvas=pct:100,50", None),
        ("canvas=pct:0,100&canvas_cut=1", None),
        ("canvas_cut=1&canvas_gravity=n", None),
    ],
)
def test_a_canvas(query: str, expected: Canvas | None) -> None:
    assert plan(query).canvas == expected


def test_a_later_stage_has_a_canvas_of_its_own() -> None:
    assert plan("w=9&then=canvas%3D20,20").stages[0].canvas == Canvas(20, 20)


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("canvas=9,9&w=9&h=9&fit=contain", "canvas"),
        ("w=9&padding=5&padding_inside=1", "padding_inside"),
        ("w=10&padding=5&padding_inside=1", "padding_inside"),
        ("w=9&padding=pct:1&padding_inside=1", "padding_inside"),
        ("w=pct:50&padding=1&padding_inside=1", "padding_inside"),
    ],
)
def test_paddings_that_contradict_each_other(query: str, param: str) -> None:
    with pytest.raises(ConflictingParameters) as caught:
        plan(query)
    assert caught.value.param == param


def test_a_background_that_padding_shows_counts() -> None:
    assert plan("format=png&padding=3&background=red").background == Colour(255, 0, 0)
    assert plan("format=png&canvas=3,3&background=red").background == Colour(255, 0, 0)


@pytest.mark.parametrize(
    "query",
    [
        "extend=blur",
        "trim_color=red&trim_equal=both",
        "adaptive=true&w=300",
        "kernel=cubic",
        "rounding=truncate",
        "zoom=0.5&enlarge=error",
        "enlarge=error",
        "enlarge=never",
        "aspect=1:1&enlarge=never",
        "skip_smaller=both",
        "w=9&max_enlarged_side=20",
        "min_fitted_side=20",
        "exceeding=error",
        "w=9&exceeding=error",
        "dpr=2&dpr_rule=capped",
        "w=9&dpr_rule=capped",
        "w=9&dpr=1&dpr_rule=dropped&dpr_max_side=9",
        "enlarge=true&zoom=0.9",
        "shrink=false",
        "aspect=1:1&clamp=sides",
        "w=9&clamp=sides",
        "padding=0,0",
        "trim_corner=top_right&trim_padding=3",
    ],
)
def test_what_has_no_effect_is_left_out(query: str) -> None:
    without = "&".join(piece for piece in query.split("&") if piece[:2] in ("w=", "zo") or piece.startswith("aspect"))
    assert plan(query) == plan(without)


def test_a_ratio_that_may_be_dropped_has_a_maximum() -> None:
    assert plan("w=9&dpr=2&dpr_rule=dropped") == plan("w=9&dpr=2&dpr_rule=dropped&dpr_max_side=16383")


def test_a_ratio_that_depends_on_the_image_leaves_padding_in_css_pixels() -> None:
    assert plan("w=9&padding=4&dpr=2&dpr_rule=capped").extend == Extend(top=4, right=4, bottom=4, left=4)


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("trim=5&trim_padding=10000", "trim_padding"),
        ("trim=5&trim_padding=pct:100", "trim_padding"),
        ("trim=5&trim_padding=--1", "trim_padding"),
        ("trim=5&trim_corner=top", "trim_corner"),
        ("canvas=0,0", "canvas"),
        ("canvas=pct:0,0", "canvas"),
        ("canvas=100", "canvas"),
        ("canvas=1.5", "canvas"),
        ("canvas=-1,5", "canvas"),
        ("canvas=100000,5", "canvas"),
        ("canvas_gravity=smart", "canvas_gravity"),
        ("canvas_gravity=fr:0,0,1,1", "canvas_gravity"),
        ("padding=pct:", "padding"),
        ("padding=pct:1.234", "padding"),
        ("padding=pct:1000", "padding"),
        ("gravity=ne:10", "gravity"),
        ("gravity=ne:", "gravity"),
        ("gravity=smart:1,2", "gravity"),
        ("gravity=fp:0.1,0.2:3", "gravity"),
        ("gravity=ne:pct:101,0", "gravity"),
        ("gravity=ne:10%25,0", "gravity"),
        ("gravity=pos:0.1", "gravity"),
        ("gravity=pos:1.1,0", "gravity"),
        ("gravity=px:1", "gravity"),
        ("gravity=px:1,2,3", "gravity"),
        ("gravity=px:-1,2", "gravity"),
        ("gravity=n,close:1", "gravity"),
        ("gravity=face,close:2", "gravity"),
        ("gravity=face,zoom:0", "gravity"),
        ("gravity=face,zoom:20.1", "gravity"),
        ("gravity=face,zoom:2,close:1", "gravity"),
        ("gravity=zoom:2", "gravity"),
        ("gravity=fr:0.1,0.2,0.3", "gravity"),
        ("gravity=fr:0.1,0.2,0.3,1.1", "gravity"),
        ("gravity=fr:0,0,1,1,0", "gravity"),
        ("gravity=fr:0,0,1,1,101", "gravity"),
        ("gravity=fr:" + ";".join(["0,0,1,1"] * 17), "gravity"),
        ("width=pct:0", "width"),
        ("width=50pct", "width"),
        ("height=pct:2000.1", "height"),
        ("height=pct:-5", "height"),
        ("aspect=0:1", "aspect"),
        ("aspect=1:0.0", "aspect"),
        ("aspect=16//9", "aspect"),
        ("zoom=0", "zoom"),
        ("zoom=pct:0", "zoom"),
        ("zoom=pct:0.5", "zoom"),
        ("zoom=pct:2000.5", "zoom"),
        ("zoom=50pct", "zoom"),
        ("max_width=16384", "max_width"),
        ("trim=256", "trim"),
        ("trim_equal=yes", "trim_equal"),
        ("rotate=360.5", "rotate"),
        ("rotate=007", "rotate"),
        ("rotate=1.125", "rotate"),
        ("padding=1,2,3", "padding"),
        ("padding=-1", "padding"),
        ("padding=10000", "padding"),
        ("kernel=lanczos4", "kernel"),
        ("min_width=0", "min_width"),
    ],
)
def test_what_is_not_a_word_of_the_grammar_is_refused(query: str, param: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        plan(query)
    assert caught.value.param == param
