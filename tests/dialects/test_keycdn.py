"""KeyCDN's Image Processing: equal plans of equal images, the rules of sharp, refusals by name."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.keycdn.keycdn import KeyCdnDialect, KeyCdnOptions
from pixmill.dialects.port import Text
from pixmill.errors import BadRequest, InvalidParameter, RouteNotFound, SourceNotFound
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import FocalPixels, Point
from pixmill.plan.key import canonical_json
from pixmill.plan.lengths import Size
from pixmill.plan.ops import Clamp, CropWindow, Fit, ImageOverlay, Plan
from pixmill.plan.request import ImageRequest

DIALECT = KeyCdnDialect(KeyCdnOptions())


def image(query: bytes, dialect: KeyCdnDialect = DIALECT) -> ImageRequest:
    outcome = dialect.parse(b"/a/b%20c.jpg", query)
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(query: bytes) -> Plan:
    return image(query).plan


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"width=300&height=200", b"height=200&width=300"),
        (b"width=1&width=300", b"width=300"),
        (b"width=300&foo=%FF&height=", b"width=300"),
        (b"width=300&height=9&fit=COVER&position=center", b"width=300&height=9"),
        (b"width=3&height=9&position=right%20top", b"width=3&height=9&position=top-right"),
        (b"width=3&height=9&position=north", b"width=3&height=9&position=top"),
        (b"width=3&height=9&crop=fp,0.5,0.5,0", b"width=3&height=9"),
        (b"width=3&height=9&crop=fpd,0,1", b"width=3&height=9&crop=fp,0,1"),
        (b"extend=7&bg=f00", b"extend=7,7,7,7&bg=255,0,0"),
        (b"rotate=-90&width=3", b"rotate=270&width=3"),
        (b"width=3&blur=0&gamma=0&sharpen=0&rotate=0&flip=0&threshold=0", b"width=3"),
        (b"width=3&olalpha=0.5&olurl=a.png", b"width=3&olalpha=50&olurl=%2Fa.png"),
        (b"width=3&olurl=a.png&olwidth=0.5", b"width=3&olurl=a.png&olscale=50"),
        (b"width=3&quality=0&format=jpg", b"width=3&quality=1&format=jpeg"),
        (b"width=3&adaptive=1&alphaquality=x", b"width=3"),
    ],
)
def test_equal_images_have_equal_plans(one: bytes, other: bytes) -> None:
    assert image(one).plan == image(other).plan
    assert image(one).source.text == "a/b c.jpg"


def test_sides_are_clamped_one_by_one() -> None:
    resize = plan(b"width=300&height=50").resize
    assert (resize.fit, resize.clamp, resize.enlarge) == (Fit.COVER, Clamp.SIDES, False)
    assert plan(b"width=300&height=50&enlarge=1").resize.enlarge


def test_regions_come_first_and_focal_points_place_the_result() -> None:
    assert plan(b"crop=30,20&width=10").crop == CropWindow(30, 20)
    assert plan(b"crop=fp,0.25,1,3&width=10&height=9").resize.gravity == Point(0.25, 1, zoom=3.0)
    assert isinstance(plan(b"crop=fp,250,1&width=10&height=9").resize.gravity, FocalPixels)


def test_the_overlay_comes_after_all_else() -> None:
    whole = plan(b"width=30&extend=5&blur=4&olurl=http://a/b.png&olx=3")
    assert [len(stage.overlays) for stage in (whole, *whole.stages)] == [0, 1]
    (overlay,) = whole.stages[-1].overlays
    assert isinstance(overlay, ImageOverlay)
    assert overlay.source.text == "http://a/b.png"


def test_the_background_is_black_unless_another_is_given() -> None:
    assert plan(b"width=3&height=9&fit=contain&format=png").background == Colour(0, 0, 0)
    assert plan(b"width=3&height=9&fit=contain&bg=fff").background == Colour()
    assert plan(b"width=3&bg=fff&format=jpg").background == Colour()


@pytest.mark.parametrize(
    "query",
    [
        *(b"width=x", b"width=10001", b"height=-3", b"crop=1", b"crop=1,2,3", b"crop=0,2", b"crop=fp,1", b"crop=x,1,2"),
        *(b"crop=fp,1,2,101", b"fit=x", b"position=x", b"bg=x", b"bg=1,2", b"extend=1,2", b"rotate=360", b"flip=2"),
        *(b"sharpen=101", b"blur=0.1", b"blur=101", b"gamma=4", b"threshold=256", b"tint=%3C", b"olalign=entropy"),
        *(
            b"olurl=ftp://a",
            b"olwidth=-1",
            b"olscale=101",
            b"olalpha=101",
            b"olrepeat=z",
            b"format=bmp",
            b"quality=101",
        ),
        *(b"compression=10", b"trim=101", b"crop=smart,1", b"width=" + b"9" * 99),
    ],
)
def test_what_is_not_valid_is_refused_by_name(query: bytes) -> None:
    with pytest.raises(InvalidParameter) as caught:
        DIALECT.parse(b"/a.jpg", query)
    name = query.partition(b"=")[0].decode()
    assert caught.value.param == name
    answer = DIALECT.error_answer(caught.value, 400, b"", b"")
    assert isinstance(answer, Text)
    assert dict(answer.headers) == {"x-ip": "0", "x-ip-error": caught.value.message}
    assert caught.value.message.startswith(f"{name} must be ")


def test_headers_say_what_was_made() -> None:
    assert dict(image(b"foo=1").headers) == {"x-ip": "0"}
    assert dict(image(b"width=1").headers) == {"x-ip": "1"}
    assert DIALECT.result_headers(b"/a.jpg", b"", Size(30, 20)) == ()
    assert DIALECT.result_headers(b"/a.jpg", b"width=15&format=webp", Size(30, 20)) == (
        ("x-ip-info", "odim=15x10 ofmt=webp"),
    )
    assert DIALECT.result_headers(b"/a.jpg", b"crop=9,9,99,0", Size(30, 20)) == ()
    assert DIALECT.result_headers(b"/a.SVG", b"width=15", Size(30, 20)) == ()
    assert DIALECT.result_headers(b"/a.svg", b"width=15&format=png", Size(30, 20))


def test_other_errors_keep_their_status() -> None:
    answer = DIALECT.error_answer(SourceNotFound(), 404, b"", b"")
    assert isinstance(answer, Text)
    assert answer.status == 404
    with pytest.raises(RouteNotFound):
        DIALECT.parse(b"/a.jpg", b"", upload=True)


@given(st.binary(max_size=80))
def test_any_bytes_give_an_image_or_a_refusal(query: bytes) -> None:
    with suppress(BadRequest):
        assert canonical_json(image(query).plan)


@pytest.mark.parametrize("options", [{"quality": 0}, {"x": 1}, {"webp": 1}])
def test_options_that_are_not_valid_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        parse_mounts(json.dumps([{"dialect": "keycdn", "host": "a", "options": options}]))
