"""Appwrite's previews: equal plans of equal images, the order of work, files of buckets, refusals, any bytes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.appwrite.dialect import AppwriteDialect, AppwriteOptions
from pixmill.dialects.factory import parse_mounts
from pixmill.errors import BadRequest, InvalidParameter, RouteNotFound, SourceNotFound
from pixmill.plan.key import canonical_json
from pixmill.plan.ops import Fit, Plan
from pixmill.plan.request import ImageRequest

DIALECT = AppwriteDialect(AppwriteOptions())
FILE = b"/v1/storage/buckets/b/files/f_1.x"


def image(query: bytes, path: bytes = FILE + b"/preview") -> ImageRequest:
    outcome = DIALECT.parse(path, query)
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(query: bytes) -> Plan:
    return image(query).plan


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"width=300&height=200", b"height=200&width=300&gravity=center&project=p"),
        (b"width=300&height=0", b"width=300"),
        (b"width=1&width=300", b"width=300"),
        (b"rotation=-90", b"rotation=270"),
        (b"output=jpg", b"output=jpeg"),
        (b"quality=-1&output=", b"opacity=1"),
        (b"borderWidth=0&borderColor=f00", b"borderRadius=0"),
    ],
)
def test_equal_images_have_equal_plans(one: bytes, other: bytes) -> None:
    assert image(one) == image(other)
    assert image(other).source.text == "b/f_1.x"


def test_both_sides_cut() -> None:
    assert plan(b"width=3&height=4").resize.fit is Fit.COVER
    assert plan(b"width=3").resize.fit is Fit.INSIDE


def test_rotation_follows_the_border() -> None:
    whole = plan(b"rotation=33&width=3&borderWidth=1&background=f00")
    assert whole.shape.border is not None
    [stage] = whole.stages
    assert stage.rotate_free is not None
    assert stage.flatten is not None


def test_files_as_they_are() -> None:
    assert image(b"width=3", FILE + b"/view") == image(b"", FILE + b"/view")
    assert image(b"", FILE + b"/download").filename == "f_1.x"


@pytest.mark.parametrize(
    "query",
    [
        *(b"width=" + value for value in (b"", b"-1", b"x", b"4001", b"1.5", b"9" * 300)),
        *(b"gravity=up", b"quality=101", b"borderWidth=101", b"borderColor=red", b"borderRadius=4001", b"opacity=2"),
        *(b"rotation=361", b"background=%23zz", b"output=mp4"),
    ],
)
def test_what_is_not_valid_is_refused_by_name(query: bytes) -> None:
    with pytest.raises(InvalidParameter) as caught:
        plan(query)
    assert caught.value.param == query.partition(b"=")[0].decode()
    answer = json.loads(DIALECT.error_answer(caught.value, 400, b"", b"").body)
    assert (answer["code"], answer["type"]) == (400, "general_argument_invalid")


@pytest.mark.parametrize("name", [b"a%2Fb", b"..", b"%ff", b"a%00", b"-a", b"x" * 200])
def test_identifiers_are_plain(name: bytes) -> None:
    for path in (
        b"/v1/storage/buckets/" + name + b"/files/f/preview",
        b"/v1/storage/buckets/b/files/" + name + b"/view",
    ):
        with pytest.raises(InvalidParameter, match="Invalid"):
            image(b"", path)


def test_other_paths_and_errors() -> None:
    for path in (FILE, FILE + b"/preview/x", b"/v1/storage/buckets/b"):
        with pytest.raises(RouteNotFound):
            image(b"", path)
    answer = json.loads(DIALECT.error_answer(SourceNotFound(), 404, b"", b"").body)
    assert answer["type"] == "storage_file_not_found"


@pytest.mark.parametrize("options", [{"quality": 0}, {"x": 1}])
def test_options_that_are_not_valid_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        parse_mounts(json.dumps([{"dialect": "appwrite", "options": options}]))


@given(st.binary(max_size=300))
def test_any_bytes_give_an_outcome_or_a_refusal(data: bytes) -> None:
    for path, query in ((FILE + b"/preview", data), (FILE + b"/preview", b"width=" + data), (FILE + data, b"")):
        try:
            outcome = DIALECT.parse(path, query)
        except BadRequest:
            continue
        assert isinstance(outcome, ImageRequest)
        assert canonical_json(outcome.plan)
