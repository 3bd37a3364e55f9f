"""Directus: equal plans of equal images, JSON of calls, presets, paths, and errors in its own words."""

import json
from contextlib import suppress
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.keycdn.directus import DirectusDialect, DirectusOptions
from pixmill.dialects.port import Text
from pixmill.errors import (
    BadRequest,
    InvalidParameter,
    PixmillError,
    QueueFull,
    RouteNotFound,
    SourceForbidden,
    SourceNotFound,
    UndecodableImage,
)
from pixmill.media import Format
from pixmill.plan.key import canonical_json
from pixmill.plan.ops import Plan
from pixmill.plan.request import ImageRequest

DIALECT: Final = DirectusDialect(DirectusOptions())
ID: Final = "8cbb43fe-4cdf-4991-8352-c461779cec02"


def image(query: bytes, path: str = f"/assets/{ID}", dialect: DirectusDialect = DIALECT) -> ImageRequest:
    outcome = dialect.parse(path.encode(), query)
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(query: bytes) -> Plan:
    return image(query).plan


def transforms(*operations: object) -> bytes:
    return b"transforms=" + json.dumps(operations).encode()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"width=300&height=200", b"height=200&width=300&fit=cover"),
        (b"width=3e2", b"width=300"),
        (b"width=300&access_token=x&foo=1&height=&fit=undefined", b"width=300"),
        (b"width=300&withoutEnlargement=false", b"width=300"),
        (transforms(["resize", 300]), b"width=300"),
        (transforms(["resize", 300, 200]), transforms(["resize", {"width": 300, "height": 200}])),
        (transforms(["resize", None, 200]), b"height=200"),
        (transforms(["resize", 300, 200, {"position": 3}]), transforms(["resize", 300, 200, {"gravity": "south"}])),
        (transforms(["rotate", 90], ["resize", 30]), transforms(["rotate", 450]) + b"&width=30"),
        (transforms(["webp"]), b"format=webp"),
        (transforms(["toFormat", {"id": "png"}, {"quality": 5}]), b"format=png&quality=5"),
        (transforms(["greyscale"]), transforms(["grayscale", True])),
        (transforms(["tint", "#f00"]), transforms(["tint", {"r": 255, "g": 0, "b": 0}])),
        (transforms(["blur", 3]), transforms(["blur", {"sigma": 3}])),
        (transforms(["sharpen", 2, 1, 2]), transforms(["sharpen", {"sigma": 2}])),
        (transforms(["extend", 4]), transforms(["extend", {"top": 4, "left": 4, "right": 4, "bottom": 4}])),
        (transforms(["normalize"]), transforms(["normalise", {"lower": 1, "upper": 99}])),
        (transforms(["negate", False]), transforms(["ensureAlpha"])),
        (transforms(["linear", [2, 2, 2], [1]]), transforms(["linear", 2, 1])),
        (transforms(["threshold", True]), transforms(["threshold"])),
        (b"key=system-large-contain", b"width=800&fit=contain&format=auto"),
        (b"key=system-small-cover&width=9", b"width=9&height=64&format=auto"),
        (transforms(), b""),
        (b"fit=cover", b""),
    ],
)
def test_equal_images_have_equal_plans(one: bytes, other: bytes) -> None:
    assert plan(one) == plan(other)


@pytest.mark.parametrize("operation", [["median", 5], ["gamma", 2, 1], ["clahe", {"width": 8, "height": 8}]])
def test_calls_change_the_plan(operation: list[object]) -> None:
    assert plan(transforms(operation)) not in {plan(b""), plan(transforms(["ensureAlpha"]))}


def test_formats_depend_on_the_client_only_if_the_url_says_so() -> None:
    assert not plan(b"width=3").output.negotiated
    output = plan(b"width=3&format=auto").output
    assert (output.negotiated, output.formats) == (True, (Format.AVIF, Format.WEBP))
    assert output.original_formats == (Format.JPEG, Format.PNG)


@pytest.mark.parametrize(
    ("path", "query", "source", "filename", "inline"),
    [
        (f"/assets/{ID}", b"", ID, "", True),
        (f"/assets/{ID.upper()}.png", b"", ID.upper(), "", True),
        (f"/assets/{ID}/a%20b.jpg", b"", ID, "a b.jpg", True),
        (f"/assets/{ID}/a.jpg", b"download", ID, "a.jpg", False),
        (f"/assets/{ID}", b"download=1", ID, ID, False),
        ("/assets/folder/a.jpg", b"", "folder/a.jpg", "", True),
    ],
)
def test_paths(path: str, query: bytes, source: str, filename: str, *, inline: bool) -> None:
    request = image(query, path)
    assert (request.source.text, request.filename, request.inline) == (source, filename, inline)


@pytest.mark.parametrize(
    ("query", "param", "reason"),
    [
        (
            b"width=0",
            "width",
            "Expected positive integer between 1 and 100000000 for width but received 0 of type number",
        ),
        (
            b"height=x",
            "height",
            "Expected positive integer between 1 and 100000000 for height but received NaN of type",
        ),
        (b"width=3&fit=x", "fit", "Expected valid fit for fit but received x of type string"),
        (b"format=bmp", "format", "Expected one of: jpeg, jpg, "),
        (b"quality=101", "quality", "Expected integer between 1 and 100 for quality but received 101 of type number"),
        (b"width=9&focal_point_x=-1&focal_point_y=0", "focal_point_x", "Expected integer between 0 and 65535"),
        (b"key=x", "key", 'Key "x" isn\'t configured'),
        (b"transforms={}", "transforms", '"transforms" Parameter needs to be a JSON array'),
        (b"transforms=" + b"[" * 9_999, "transforms", '"transforms" Parameter needs to be a JSON array'),
        (b"transforms=[" + b"1," * 9_999 + b"1]", "transforms", '"transforms" Parameter may have at most 16384'),
        (transforms(1), "transforms", '"transforms" Parameter does not allow "" as a transformation'),
        (transforms([["flip"]]), "transforms", '"transforms" Parameter does not allow ""'),
        (transforms(["composite"]), "transforms", '"transforms" Parameter does not allow "composite"'),
        (transforms(*[["flip"]] * 6), "transforms", '"transforms" Parameter is only allowed 5 transformations'),
        (
            transforms(["blur", 0]),
            "transforms",
            "Expected number between 0.3 and 1000 for sigma but received 0 of type number",
        ),
        (transforms(["resize", "3"]), "transforms", "Expected positive integer between 1 and 100000000 for width but"),
        (transforms(["resize", {"fit": []}]), "transforms", "Expected valid fit for fit but received  of type object"),
        (
            transforms(["resize", 3, {"position": {}}]),
            "transforms",
            "Expected valid position/gravity/strategy for position",
        ),
        (transforms(["extract", {"left": 1}]), "transforms", "Expected integer between 0 and 100000000 for top but"),
        (transforms(["recomb", [1]]), "transforms", "Expected 3x3 array for inputMatrix but received 1 of type object"),
        (transforms(["tint", "zz"]), "transforms", "Expected object or string for tint but received zz of type string"),
        (
            transforms(["convolve", {"width": 9}]),
            "transforms",
            "Expected array of numbers for kernel but received null",
        ),
        (transforms(["modulate", 3]), "transforms", "Expected plain object for options but received 3 of type number"),
        (
            transforms(["gamma", 0.5]),
            "transforms",
            "Expected number between 1 and 3 for gamma but received 0.5 of type",
        ),
        (transforms(["bandbool", "and"]), "transforms", "bandbool is not supported"),
        (transforms(["rotate", True]), "transforms", "Expected numeric for angle but received true of type boolean"),
    ],
)
def test_errors_have_the_words_of_sharp(query: bytes, param: str, reason: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        image(query)
    assert caught.value.param == param
    assert caught.value.message.startswith(reason)
    answer = DIALECT.error_answer(caught.value, 400, b"", b"")
    assert isinstance(answer, Text)
    (error,) = json.loads(answer.body)["errors"]
    assert error["message"] == f"Invalid query. {caught.value.message}."
    assert error["extensions"] == {"code": "INVALID_QUERY", "reason": caught.value.message}


@pytest.mark.parametrize(
    ("error", "status", "sent", "code"),
    [
        (SourceNotFound(), 404, 403, "FORBIDDEN"),
        (SourceForbidden(), 403, 403, "FORBIDDEN"),
        (RouteNotFound(), 404, 404, "ROUTE_NOT_FOUND"),
        (UndecodableImage(), 415, 400, "ILLEGAL_ASSET_TRANSFORMATION"),
        (QueueFull(), 503, 503, "SERVICE_UNAVAILABLE"),
        (PixmillError(), 500, 500, "INTERNAL_SERVER_ERROR"),
    ],
)
def test_errors_have_the_codes_of_directus(error: PixmillError, status: int, sent: int, code: str) -> None:
    answer = DIALECT.error_answer(error, status, b"/assets/a", b"")
    assert isinstance(answer, Text)
    assert (answer.status, answer.media_type) == (sent, "application/json")
    assert json.loads(answer.body)["errors"][0]["extensions"]["code"] == code


@pytest.mark.parametrize("query", [b"width=6001", transforms(["resize", 6001])])
def test_sides_are_limited(query: bytes) -> None:
    with pytest.raises(InvalidParameter) as caught:
        image(query)
    answer = DIALECT.error_answer(caught.value, 400, b"", b"")
    assert isinstance(answer, Text)
    assert json.loads(answer.body)["errors"][0]["extensions"] == {
        "code": "ILLEGAL_ASSET_TRANSFORMATION",
        "invalidTransformations": ["width", "height"],
    }


@pytest.mark.parametrize("transform", ["presets", "none"])
def test_urls_may_be_limited_to_presets(transform: Any) -> None:
    dialect = DirectusDialect(DirectusOptions(transform=transform))
    assert image(b"key=system-small-cover", dialect=dialect) == image(b"key=system-small-cover")
    assert image(b"", dialect=dialect) == image(b"")
    for query in (b"width=3", b"key=system-small-cover&width=3"):
        with pytest.raises(InvalidParameter):
            image(query, dialect=dialect)


@given(st.binary(max_size=80))
def test_any_bytes_give_an_image_or_a_refusal(data: bytes) -> None:
    for query in (data, b"transforms=" + data):
        with suppress(BadRequest):
            assert canonical_json(plan(query))


@pytest.mark.parametrize(
    "options",
    [
        {"x": 1},
        {"transform": "some"},
        {"presets": [{"width": 3}]},
        {"presets": [{"key": "a", "fit": "x", "width": 3}]},
        {"presets": [{"key": "a", "transforms": [["x"]]}]},
    ],
)
def test_options_that_are_not_valid_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        parse_mounts(json.dumps([{"dialect": "directus", "host": "a", "options": options}]))
