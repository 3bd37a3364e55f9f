"""Adobe Scene7: equal plans of equal images, presets, the order of work, refusals by name, any bytes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.port import FactsRequest
from pixmill.dialects.scene7.dialect import Scene7Dialect, Scene7Options
from pixmill.errors import BadRequest, InvalidParameter, MalformedRequest, RouteNotFound
from pixmill.media import Format
from pixmill.plan.gravity import Point
from pixmill.plan.key import canonical_json
from pixmill.plan.ops import Clamp, CropWindow, Fit, Plan
from pixmill.plan.request import ImageRequest

DIALECT = Scene7Dialect(Scene7Options({"small": "wid=50&qlt=60"}, {"Wide": "300x100"}))


def image(query: bytes, path: bytes = b"/is/image/co/a%20b") -> ImageRequest:
    outcome = DIALECT.parse(path, query)
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(query: bytes) -> Plan:
    return image(query).plan


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"wid=300&hei=200", b"hei=200&wid=300&fit=fit,1&bgc=ffffff&fmt=jpeg&qlt=80,0&req=img"),
        (b"wid=1&wid=300", b"wid=300&foo=1&id=abc&size="),
        (b"wid=150&dpr=2", b"wid=300&dpr=off"),
        (b"$small$", b"wid=50&qlt=60"),
        (b"$small$&wid=60", b"wid=60&$small$"),
        (b"fmt=jpg", b"fmt=JPEG"),
        (b"rotate=-90", b"rotate=270"),
        (b"scl=1", b""),
        (b"bgc=0x0000ff&wid=3&hei=4", b"bgColor=0,0,255&wid=3&hei=4"),
        (b"op_usm=1", b"op_usm=1,1,6,0"),
    ],
)
def test_equal_images_have_equal_plans(one: bytes, other: bytes) -> None:
    assert image(one) == image(other)
    assert image(one).source.text == "co/a b"


@pytest.mark.parametrize(
    ("mode", "fit"),
    [
        (b"fit", Fit.CONTAIN),
        (b"constrain", Fit.INSIDE),
        (b"crop", Fit.COVER),
        (b"wrap", Fit.OUTSIDE),
        (b"stretch", Fit.FILL),
    ],
)
def test_modes(mode: bytes, fit: Fit) -> None:
    resize = plan(b"wid=3&hei=4&fit=" + mode).resize
    assert (resize.fit, resize.enlarge) == (fit, True)
    assert plan(b"wid=3&hei=4&fit=" + mode + b",0").resize.enlarge is False


def test_what_may_not_be_enlarged_is_padded_to_the_box() -> None:
    whole = plan(b"wid=3&hei=4&fit=crop,0&align=1,-1")
    assert whole.resize.clamp is Clamp.SIDES
    assert whole.canvas is not None
    assert (whole.canvas.gravity.x, whole.canvas.gravity.y) == (1, 0)


def test_operations_share_a_stage_where_their_order_allows() -> None:
    assert plan(b"crop=1,2,3,4&wid=3&op_brightness=9&op_sharpen=1").stages == ()
    whole = plan(b"crop=1,2,3,4&rotate=90&rgn=1,2,3,4&wid=3&rect=0,0,1,1")
    assert [bool(stage.crop) for stage in (whole, *whole.stages)] == [True, True, True]


def test_smart_crops_have_a_size_of_their_own() -> None:
    request = image(b"", b"/is/image/co/a:Wide")
    assert request.source.text == "co/a"
    assert isinstance(request.plan.crop, CropWindow)
    assert (request.plan.resize.width, request.plan.resize.height) == (300, 100)
    assert image(b"wid=30", b"/is/image/co/a:Wide").plan.resize.height == 0


def test_alpha_is_kept_only_if_the_url_says_so() -> None:
    assert plan(b"fmt=png").flatten is not None
    assert plan(b"fmt=png-alpha").flatten is None
    assert plan(b"fmt=png-alpha,rgb").output.formats == (Format.PNG,)


def test_images_by_the_client() -> None:
    assert plan(b"bfc=on").output.negotiated
    assert not plan(b"bfc=on&fmt=png").output.negotiated
    assert not plan(b"").output.negotiated


def test_default_image() -> None:
    fallback = image(b"defaultImage=co/none").fallback
    assert fallback is not None
    assert fallback.source is not None
    assert fallback.source.text == "co/none"


def test_facts() -> None:
    for kind in (b"props", b"imageprops", b"exists", b"props,json"):
        assert isinstance(DIALECT.parse(b"/is/image/co/a", b"req=" + kind), FactsRequest)
    facts = {"width": 12, "height": 8, "alpha": True, "result": {"width": 3, "height": 2}}
    assert "image.width=3\n" in DIALECT.render_facts(facts, b"", b"req=props").body
    assert "image.width=12\n" in DIALECT.render_facts(facts, b"", b"req=imageprops").body


@pytest.mark.parametrize(
    "query",
    [
        *(b"wid=" + value for value in (b"-1", b"x", b"1.5", b"16384", b"9" * 300)),
        *(b"fit=cover", b"fit=fit,2", b"align=2,0", b"align=1", b"scl=0", b"dpr=11", b"crop=1,2,3", b"crop=0,0,0,1"),
        *(b"crop=-9,0,9,9", b"cropN=1,2,3", b"rgn=a", b"rect=1,2,3", b"extend=1", b"rotate=361", b"flip=x", b"bgc=red"),
        *(
            b"fmt=swf",
            b"qlt=101",
            b"qlt=80,2",
            b"req=set",
            b"resMode=x",
            b"op_usm=6",
            b"op_blur=x",
            b"op_colorbalance=1",
        ),
        *(b"layer=1", b"src=a", b"textPs=x", b"bfc=maybe"),
    ],
)
def test_what_is_not_valid_is_refused_by_name(query: bytes) -> None:
    with pytest.raises(InvalidParameter) as caught:
        plan(query)
    assert caught.value.param == query.partition(b"=")[0].decode()
    assert DIALECT.error_answer(caught.value, 400, b"", b"").body == caught.value.message


def test_paths_that_are_not_valid() -> None:
    with pytest.raises(InvalidParameter):
        image(b"", b"/is/image/co/a:None")
    with pytest.raises(MalformedRequest):
        image(b"", b"/is/image/%ff")
    for path in (b"/is/image/", b"/is/content/a"):
        with pytest.raises(RouteNotFound):
            image(b"", path)


def test_alignment() -> None:
    gravity = plan(b"wid=3&hei=4&fit=crop&align=-0.5,0").resize.gravity
    assert isinstance(gravity, Point)
    assert (gravity.x, gravity.y, gravity.proportional) == (0.25, 0.5, True)


@pytest.mark.parametrize(
    "options",
    [{"quality": 0}, {"x": 1}, {"presets": {"a": "wid=x"}}, {"smart_crops": {"a": "3"}}, {"smart_crops": {"a": "0x3"}}],
)
def test_options_that_are_not_valid_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        parse_mounts(json.dumps([{"dialect": "scene7", "options": options}]))


@given(st.binary(max_size=300))
def test_any_bytes_give_an_outcome_or_a_refusal(data: bytes) -> None:
    starts = (b"", b"wid=3&", b"crop=", b"op_usm=", b"fmt=", b"extend=")
    for path, query in [(b"/is/image/co/a", start + data) for start in starts] + [(b"/is/image/" + data, b"")]:
        try:
            outcome = DIALECT.parse(path, query)
        except BadRequest:
            continue
        assert not isinstance(outcome, ImageRequest) or canonical_json(outcome.plan)
