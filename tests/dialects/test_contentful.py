"""Contentful: equal plans of equal images, behaviours, refusals by name, errors as JSON."""

import json
from typing import Any

import pytest

from pixmill.dialects.contentful.dialect import ContentfulDialect, ContentfulOptions
from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.port import Text
from pixmill.errors import (
    InvalidParameter,
    PixmillError,
    QueueFull,
    RequestTooLarge,
    RouteNotFound,
    SourceNotFound,
    UndecodableImage,
)
from pixmill.plan.gravity import Faces, Point
from pixmill.plan.ops import CropWindow, Fit, Plan
from pixmill.plan.request import ImageRequest
from pixmill.plan.shapes import Ellipse

DIALECT = ContentfulDialect(ContentfulOptions())


def image(query: bytes) -> ImageRequest:
    outcome = DIALECT.parse(b"/space/id/b%20c.jpg", query)
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(query: bytes) -> Plan:
    return image(query).plan


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"w=300&h=200", b"h=200&w=300&foo=1"),
        (b"w=1&w=300", b"w=300"),
        (b"w=300&h=", b"w=300"),
        (b"w=300&fit=fill", b"w=300"),
        (b"w=300&f=top", b"w=300"),
        (b"w=300&h=300&fit=fill&f=center", b"w=300&h=300&fit=fill"),
        (b"w=300&h=300&fit=fill&f=face", b"w=300&h=300&fit=fill&f=faces"),
        (b"w=300&h=300&fit=pad&f=face", b"w=300&h=300&fit=pad"),
        (b"bg=rgb:f00&w=3&h=3&fit=pad", b"bg=rgb:FF0000&w=3&h=3&fit=pad"),
        (b"fm=jpg&fl=png8", b"fm=jpg"),
        (b"fm=png&fl=png8&q=3", b"fm=png&fl=png8"),
        (b"fm=webp&fl=lossless,progressive", b"fm=webp&fl=lossless"),
        (b"r=0", b""),
    ],
)
def test_equal_images_have_equal_plans(one: bytes, other: bytes) -> None:
    assert image(one) == image(other)
    assert image(one).source.text == "space/id/b c.jpg"


def test_behaviours() -> None:
    fits = {name: plan(b"w=30&h=20&fit=" + name).resize for name in (b"pad", b"fill", b"scale", b"thumb")}
    assert {name: (resize.fit, resize.enlarge) for name, resize in fits.items()} == {
        b"pad": (Fit.CONTAIN, False),
        b"fill": (Fit.COVER, True),
        b"scale": (Fit.FILL, True),
        b"thumb": (Fit.COVER, False),
    }
    assert plan(b"w=30&h=20").resize.fit is Fit.INSIDE
    crop = plan(b"w=30&fit=crop&f=bottom_right")
    assert crop.crop == CropWindow(30, 0, Point(1, 1))
    assert not crop.resize.width
    assert plan(b"w=30&h=20&fit=crop&f=faces").crop == CropWindow(30, 20, Faces())


def test_corners_of_a_padded_image_come_after_the_padding() -> None:
    assert plan(b"w=3&h=3&fit=fill&r=max").shape.mask == Ellipse()
    padded = plan(b"w=3&h=3&fit=pad&r=max")
    assert padded.shape.mask is None
    assert padded.stages[0].shape.mask == Ellipse()


@pytest.mark.parametrize(
    "query",
    [
        *(b"w=0", b"w=4001", b"h=x", b"h=-3", b"w=3.5", b"fit=cover", b"f=north", b"r=-1", b"r=min", b"bg=red"),
        *(b"bg=rgb:ff", b"bg=rgb:ff0000ff", b"q=0", b"q=101", b"fm=jpeg", b"fm=bmp", b"fl=fast", b"w=" + b"9" * 99),
    ],
)
def test_what_is_not_valid_is_refused_by_name(query: bytes) -> None:
    with pytest.raises(InvalidParameter) as caught:
        DIALECT.parse(b"/a.jpg", query)
    assert caught.value.param == query.partition(b"=")[0].decode()


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (InvalidParameter("w must be a number", param="w"), 400, "BadRequest"),
        (SourceNotFound(), 404, "NotFound"),
        (UndecodableImage(), 422, "BadRequest"),
        (QueueFull(), 503, "ServerError"),
    ],
)
def test_errors_are_json(error: PixmillError, status: int, kind: str) -> None:
    answer = DIALECT.error_answer(error, status, b"", b"")
    assert isinstance(answer, Text)
    assert (answer.status, answer.media_type) == (status, "application/json")
    assert json.loads(answer.body) == {"sys": {"type": "Error", "id": kind}, "message": error.message}


def test_what_is_no_image_is_refused() -> None:
    with pytest.raises(RouteNotFound):
        DIALECT.parse(b"/a.jpg", b"", upload=True)
    with pytest.raises(RequestTooLarge):
        DIALECT.parse(b"/" + b"a" * 70_000, b"")


@pytest.mark.parametrize("options", [{"quality": 0}, {"x": 1}])
def test_options_that_are_not_valid_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        parse_mounts(json.dumps([{"dialect": "contentful", "host": "a", "options": options}]))
