"""Fastly's Image Optimizer: equal plans of equal images, the order of work, refusals by name."""

import json
from typing import Any

import pytest

from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.fastly.dialect import ContentstackOptions, FastlyDialect, FastlyOptions
from pixmill.dialects.port import Text
from pixmill.errors import InvalidParameter, RouteNotFound, SourceNotFound
from pixmill.plan.ops import Crop, CropOverflow, CropUnit, Plan
from pixmill.plan.request import ImageRequest

DIALECT = FastlyDialect(FastlyOptions())


def image(query: bytes, dialect: FastlyDialect = DIALECT) -> ImageRequest:
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
        (b"width=300&dpr=2", b"width=600"),
        (b"width=50p", b"width=0.5"),
        (b"width=50%25", b"width=0.5"),
        (b"orient=r", b"orient=6"),
        (b"pad=0&foo=1", b""),
        (b"pad=1,2", b"pad=1,2,1,2"),
        (b"quality=80,70&format=webp", b"quality=70&format=webp"),
        (b"bg-color=255,0,0&pad=1", b"bg-color=f00&pad=1"),
        (b"auto=avif,webp", b"auto=webp,avif"),
    ],
)
def test_equal_images_have_equal_plans(one: bytes, other: bytes) -> None:
    assert image(one) == image(other)
    assert image(one).source.text == "a/b c.jpg"


def test_order_of_work() -> None:
    whole = plan(b"precrop=9,9,x0,y0&trim=1&crop=3:2&width=30&pad=1&blur=4&trim-color=auto")
    assert [stage.crop is not None for stage in (whole, *whole.stages)] == [True, True, False, True, False]
    assert whole.stages[-1].blur
    assert plan(b"width=30&blur=4").stages == ()


def test_units() -> None:
    crop = plan(b"crop=50p,20,x0.1,y5").crop
    assert crop == Crop(10, 5, 50, 20, CropUnit.PERCENT_PIXELS, CropOverflow.REFUSE)


@pytest.mark.parametrize(
    "query",
    [
        *(b"width=0", b"width=x", b"height=-3", b"crop=1", b"crop=1,2,z3", b"crop=0:1", b"crop=3,2,smart", b"dpr=11"),
        *(b"crop=50p,20,x3", b"canvas=50p,20", b"pad=1,2p", b"pad=1,2,3,4,5", b"trim=1,2,3p,4", b"fit=x", b"frame=2"),
        *(b"format=mp4", b"auto=jxl", b"quality=101", b"bw=atkinson", b"sharpen=z3", b"orient=9", b"bg-color=x"),
        *(b"crop=1:1,offset-x101", b"optimize=x", b"width=" + b"9" * 99),
    ],
)
def test_what_is_not_valid_is_refused_by_name(query: bytes) -> None:
    with pytest.raises(InvalidParameter) as caught:
        DIALECT.parse(b"/a.jpg", query)
    assert caught.value.param == query.partition(b"=")[0].decode()
    answer = DIALECT.error_answer(caught.value, 400, b"", b"")
    assert isinstance(answer, Text)
    assert dict(answer.headers)["Fastly-IO-Error"] == caught.value.message


def test_what_is_not_valid_may_be_ignored() -> None:
    lenient = FastlyDialect(FastlyOptions(ignore_invalid=True))
    assert image(b"width=3&height=x", lenient) == image(b"width=3")


def test_contentstack_enlarges() -> None:
    contentstack = FastlyDialect(ContentstackOptions())
    assert image(b"width=3", contentstack) == image(b"width=3&enable=upscale")
    assert image(b"width=3&disable=upscale", contentstack) == image(b"width=3")


def test_other_errors_keep_their_status() -> None:
    assert DIALECT.error_answer(SourceNotFound(), 404, b"", b"") == Text(SourceNotFound().message, 404)
    with pytest.raises(RouteNotFound):
        DIALECT.parse(b"/a.jpg", b"", upload=True)


@pytest.mark.parametrize("options", [{"quality": 0}, {"x": 1}])
def test_options_that_are_not_valid_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        parse_mounts(json.dumps([{"dialect": "fastly", "host": "a", "options": options}]))
