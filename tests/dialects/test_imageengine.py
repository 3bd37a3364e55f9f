"""ImageEngine: equal plans of equal images, client hints, directives in the path, refusals by name, any bytes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.imageengine.dialect import ImageEngineDialect, ImageEngineOptions
from pixmill.errors import BadRequest, InvalidParameter, RouteNotFound
from pixmill.plan.gravity import Point
from pixmill.plan.hints import Hints, HintValues
from pixmill.plan.key import canonical_json
from pixmill.plan.ops import Fit, Plan
from pixmill.plan.request import ImageRequest

DIALECT = ImageEngineDialect(ImageEngineOptions())


def image(query: bytes, path: bytes = b"/a/b%20c.jpg") -> ImageRequest:
    outcome = DIALECT.parse(path, query)
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(directives: bytes) -> Plan:
    return image(b"imgeng=" + directives).plan


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"/w_300/h_200", b"h_200/w_300/"),
        (b"/w_300/m_box/unknown_3", b"/w_1/w_300"),
        (b"/w_150/h_100/dpr_2", b"/w_300/h_200"),
        (b"/r_-90", b"/r_270"),
        (b"/w_300/pc_50", b"/w_300"),
        (b"/w_300/maxdpr_2/in_true", b"/w_300"),
        (b"/f_JPG", b"/f_jpeg"),
        (b"/w_3/pass_true", b"/pass_true"),
        (b"/w_3/h_4/m_cropbox", b"/w_3/h_4/m_cropbox,center"),
    ],
)
def test_equal_images_have_equal_plans(one: bytes, other: bytes) -> None:
    assert plan(one) == plan(other)


def test_directives_in_the_path() -> None:
    request = image(b"", b"/w_300/f_webp/https://a.example/b/c.jpg")
    assert request.source.text == "https://a.example/b/c.jpg"
    assert request.plan == plan(b"/w_300/f_webp")
    assert image(b"imgeng=/w_3").source.text == "a/b c.jpg"
    assert image(b"", b"/w_300/a.jpg").source.text == "w_300/a.jpg"


@pytest.mark.parametrize(
    ("directives", "width", "without"),
    [(b"/w_auto", 640, 0), (b"/w_auto,300", 640, 300), (b"/pc_50", 320, 0), (b"/pc_25,300", 160, 300)],
)
def test_width_of_the_client(directives: bytes, width: int, without: int) -> None:
    query = b"imgeng=" + directives
    assert image(query).plan.resize.width == without
    assert image(query).hints == Hints(width=True)
    hinted = DIALECT.parse_with_hints(b"/a.jpg", query, HintValues(640))
    assert isinstance(hinted, ImageRequest)
    assert hinted.plan.resize.width == width


def test_a_width_takes_precedence_over_the_client() -> None:
    assert image(b"imgeng=/w_100/pc_50").hints is None


def test_rotation_follows_the_size() -> None:
    whole = plan(b"/r_33/w_300/s_50")
    assert (whole.rotate_free, whole.resize.width) == (None, 300)
    [stage] = whole.stages
    assert stage.rotate_free is not None
    assert stage.effects.sharpen is not None


def test_where_a_box_is_cut() -> None:
    resize = plan(b"/w_3/h_4/m_cropbox,top").resize
    assert (resize.fit, resize.gravity) == (Fit.COVER, Point(0.5, 0))


@pytest.mark.parametrize(
    ("directives", "param"),
    [
        *((b"w_" + value, "w") for value in (b"", b"0", b"-3", b"x", b"1.5", b"16384", b"auto,0", b"9" * 300)),
        (b"h_0", "h"),
        (b"pc_0", "pc"),
        (b"pc_101", "pc"),
        (b"m_cover", "m"),
        (b"m_cropbox,up", "m"),
        (b"cr_1,2,3", "cr"),
        (b"cr_0,2,3,4", "cr"),
        (b"r_361", "r"),
        (b"f_mp4", "f"),
        (b"cmpr_101", "cmpr"),
        (b"s_x", "s"),
        (b"dpr_11", "dpr"),
        (b"pass_maybe", "pass"),
    ],
)
def test_what_is_not_valid_is_refused_by_name(directives: bytes, param: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        plan(directives)
    assert caught.value.param == param
    assert DIALECT.error_answer(caught.value, 400, b"", b"").body == caught.value.message
    with pytest.raises(RouteNotFound):
        DIALECT.parse(b"/a.jpg", b"", upload=True)


@pytest.mark.parametrize("options", [{"quality": 0}, {"x": 1}, {"background": "nothing"}])
def test_options_that_are_not_valid_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        parse_mounts(json.dumps([{"dialect": "imageengine", "host": "a", "options": options}]))


@given(st.binary(max_size=300))
def test_any_bytes_give_an_outcome_or_a_refusal(data: bytes) -> None:
    for path, query in ((b"/a.jpg", b"imgeng=" + data), (b"/w_3/" + data, b""), (b"/w_3/http://" + data, data)):
        try:
            outcome = DIALECT.parse(path, query)
        except BadRequest:
            continue
        assert isinstance(outcome, ImageRequest)
        assert canonical_json(outcome.plan)
