"""Cloudimage: equal plans of equal images, sources, the order of work, refusals by name, any bytes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.cloudimage.dialect import CloudimageDialect, CloudimageOptions
from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.port import FactsRequest
from pixmill.errors import BadRequest, InvalidParameter, MalformedRequest, RouteNotFound
from pixmill.plan.gravity import Faces, FocalPixels
from pixmill.plan.key import canonical_json
from pixmill.plan.ops import CropWindow, Fit, Plan
from pixmill.plan.request import ImageRequest

DIALECT = CloudimageDialect(CloudimageOptions())


def image(query: bytes, path: bytes = b"/v7/https://a.example/b%20c.jpg") -> ImageRequest:
    outcome = DIALECT.parse(path, query)
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(query: bytes) -> Plan:
    return image(query).plan


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"w=300&h=200", b"height=200px&width=300&func=crop&gravity=center"),
        (b"w=1&w=300", b"w=300&foo=1&h=&wat=1&p=x"),
        (b"w=150&dpr=2", b"w=300"),
        (b"w=300&ar=3:2", b"w=300&h=200"),
        (b"r=-90", b"rotate=270"),
        (b"force_format=JPG", b"output=jpeg"),
        (b"bg_color=red&bg_opacity=0.5&w=3&h=4&func=fit", b"bg_color=ff000080&w=3&h=4&func=fit"),
        (b"radius=3", b"radius=3,3,3,3"),
    ],
)
def test_equal_images_have_equal_plans(one: bytes, other: bytes) -> None:
    assert image(one) == image(other)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (b"/v7/https://a.example/b%20c.jpg", "https://a.example/b%20c.jpg"),
        (b"/v7/https%3A%2F%2Fa.example%2Fb.jpg", "https://a.example/b.jpg"),
        (b"/v7/https:/a.example/b.jpg", "https://a.example/b.jpg"),
        (b"/v7/_sl_/http://a.example/b.jpg", "http://a.example/b.jpg"),
        (b"/https://a.example/b.jpg", "https://a.example/b.jpg"),
        (b"/v7/photos/b%20c.jpg", "photos/b c.jpg"),
        (b"/photos/b.jpg", "photos/b.jpg"),
    ],
)
def test_sources(path: bytes, source: str) -> None:
    assert image(b"", path).source.text == source


@pytest.mark.parametrize(
    ("name", "fit"),
    [
        (b"crop", Fit.COVER),
        (b"fit", Fit.CONTAIN),
        (b"bound", Fit.INSIDE),
        (b"boundmin", Fit.OUTSIDE),
        (b"cover", Fit.FILL),
    ],
)
def test_functions(name: bytes, fit: Fit) -> None:
    resize = plan(b"w=3&h=4&func=" + name).resize
    assert (resize.fit, resize.enlarge) == (fit, True)
    assert not plan(b"w=3&h=4&org_if_sml=1&func=" + name).resize.enlarge


def test_gravity() -> None:
    assert plan(b"w=3&h=4&func=face").resize.gravity == Faces()
    assert isinstance(plan(b"w=3&h=4&gravity=5,6").resize.gravity, FocalPixels)
    assert isinstance(plan(b"ar=1:1").crop, CropWindow)


def test_region_comes_before_the_size_and_rotation_after_it() -> None:
    whole = plan(b"r=90&w=3&tl_px=1,2&br_px=4,6")
    assert (whole.crop is not None, whole.resize.width, whole.rotate) == (True, 3, 0)
    assert [stage.rotate for stage in whole.stages] == [270]


def test_corners_are_those_of_the_image_before_its_rotation() -> None:
    whole = plan(b"r=33&radius=9")
    assert whole.shape.corner_radii is not None
    assert [stage.rotate_free is not None for stage in whole.stages] == [True]


def test_information() -> None:
    assert isinstance(DIALECT.parse(b"/v7/a.jpg", b"ci_info=1"), FactsRequest)
    facts = {"width": 12, "height": 8, "format": "png", "bytes": 9, "frames": 1}
    assert json.loads(DIALECT.render_facts(facts, b"", b"").body)["original"]["h"] == 8


@pytest.mark.parametrize(
    "query",
    [
        *(b"w=" + value for value in (b"-1", b"x", b"1.5", b"16384", b"9" * 300)),
        *(b"func=x", b"gravity=up", b"gravity=1", b"tl_px=1", b"ar=0:1", b"dpr=11", b"org_if_sml=x", b"trim=256"),
        *(b"r=361", b"flip=x", b"bg_color=nothing", b"bg_opacity=2", b"radius=1,2", b"opacity=2", b"force_format=mp4"),
        *(b"q=x", b"pixelate=1001", b"br_px=0,5"),
    ],
)
def test_what_is_not_valid_is_refused_by_name(query: bytes) -> None:
    with pytest.raises(InvalidParameter) as caught:
        plan(query)
    assert caught.value.param == query.partition(b"=")[0].decode()
    assert DIALECT.error_answer(caught.value, 400, b"", b"").body == caught.value.message


def test_urls_that_are_not_valid() -> None:
    with pytest.raises(MalformedRequest):
        image(b"", b"/v7/%ff")
    with pytest.raises(RouteNotFound):
        DIALECT.parse(b"/a.jpg", b"", upload=True)


@pytest.mark.parametrize("options", [{"quality": 0}, {"x": 1}, {"func": "x"}])
def test_options_that_are_not_valid_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        parse_mounts(json.dumps([{"dialect": "cloudimage", "host": "a", "options": options}]))


@given(st.binary(max_size=300))
def test_any_bytes_give_an_outcome_or_a_refusal(data: bytes) -> None:
    for path, query in (
        (b"/a.jpg", data),
        (b"/a.jpg", b"w=" + data),
        (b"/v7/" + data, b""),
        (b"/v7/http://" + data, b""),
    ):
        try:
            outcome = DIALECT.parse(path, query)
        except BadRequest:
            continue
        assert not isinstance(outcome, ImageRequest) or canonical_json(outcome.plan)
