"""TwicPics: equal plans of equal images, the order of work, expressions, refusals by name, any bytes."""

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.twicpics.dialect import TwicPicsDialect, TwicPicsOptions
from pixmill.dialects.twicpics.expressions import evaluate
from pixmill.errors import BadRequest, InvalidParameter, MalformedRequest, RouteNotFound
from pixmill.plan.gravity import Faces, FocalPixels, Point
from pixmill.plan.key import canonical_json
from pixmill.plan.ops import MAX_STAGES, CropUnit, CropWindow, Fit, Plan
from pixmill.plan.request import ImageRequest

DIALECT = TwicPicsDialect(TwicPicsOptions())


def image(query: bytes, path: bytes = b"/a/b%20c.jpg") -> ImageRequest:
    outcome = DIALECT.parse(path, query)
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(text: bytes) -> Plan:
    return image(b"twic=v1/" + text).plan


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"twic=v1/cover=300x200", b"a=1&twic=v1%2Fcover%3D300x200&twic=v1/cover=1"),
        (b"twic=v1/resize=50p", b"twic=/v1/resize=0.5s/noop"),
        (b"twic=v1/resize=(1/2)s", b"twic=v1/resize=(25*(1+1))p"),
        (b"twic=v1/turn=right/output=webp", b"twic=v1/output=webp/turn=-270"),
        (b"twic=v1/max=3x4", b"twic=v1/contain-max=3x4"),
        (b"twic=v1/cover=16:9", b"twic=v1/cover=32:18"),
        (b"twic=v1/quality=90/quality-max=70", b"twic=v1/quality=70"),
        (b"twic=v1/output=auto", b""),
        (b"twic=v1/focus=center/cover=3x4", b"twic=v1/focus=50px50p/cover=3x4"),
    ],
)
def test_equal_images_have_equal_plans(one: bytes, other: bytes) -> None:
    assert image(one) == image(other)
    assert image(one).source.text == "a/b c.jpg"


def test_transformations_in_the_path() -> None:
    request = image(b"", b"/v1/cover=300x200/image:a/b%20c.jpg")
    assert request == image(b"twic=v1/cover=300x200")
    assert image(b"", b"/v1/resize=3/https://a.example/b.jpg").source.text == "https://a.example/b.jpg"


def test_a_crop_and_a_size_share_a_stage() -> None:
    assert plan(b"crop=300x200/cover=30x30").stages == ()
    assert plan(b"cover=1:1/resize=30/turn=left").stages != ()


def test_a_focus_is_in_the_centre_after_a_crop() -> None:
    whole = plan(b"focus=top-left/crop=30x20/crop=3x2")
    assert isinstance(whole.crop, CropWindow)
    assert whole.crop.gravity == Point(0, 0)
    [stage] = whole.stages
    assert isinstance(stage.crop, CropWindow)
    assert stage.crop.gravity == Point()
    faces = plan(b"focus=faces/cover=30x20/cover=3x2")
    assert [faces.resize.gravity, faces.stages[0].resize.gravity] == [Faces(), Faces()]


def test_a_point_in_pixels_counts_in_what_is_left() -> None:
    whole = plan(b"crop=30x20@1x1/focus=5x6/crop=3x2")
    [stage] = whole.stages
    assert isinstance(stage.crop, CropWindow)
    assert isinstance(stage.crop.gravity, FocalPixels)


def test_units_of_regions() -> None:
    crop = plan(b"crop=50px20").crop
    assert crop == CropWindow(50, 20, Point(), CropUnit.PERCENT_PIXELS)


def test_a_background_is_behind_all() -> None:
    whole = plan(b"background=red/inside=30x20")
    assert whole.resize.fit is Fit.CONTAIN
    assert whole.background.green == 0
    assert whole.flatten is not None


@pytest.mark.parametrize(
    ("text", "value"),
    [("(1)", 1), ("(5*(7+2)/3)", 15), ("(1/3)", Fraction(1, 3)), ("(-1--3)", 2), ("(2-1-1)", 0), ("(1.5*2)", 3)],
)
def test_expressions(text: str, value: Fraction) -> None:
    assert evaluate(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "(",
        "()",
        "(1",
        "1)",
        "(1/0)",
        "(1 1)",
        "(a)",
        "(1**2)",
        "(1+)",
        "(" * 20 + "1" + ")" * 20,
        "(" + "-" * 20 + "1)",
        "(1" + "+1" * 40 + ")",
    ],
)
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        evaluate(text)


@pytest.mark.parametrize(
    ("text", "param"),
    [
        *(
            (b"resize=" + size, "resize")
            for size in (b"", b"0", b"-", b"-x-", b"3x", b"x3", b"3y4", b"3q", b"1:0", b"99999")
        ),
        (b"resize=" + b"9" * 300, "resize"),
        (b"resize=(1/0)", "resize"),
        (b"crop=3x4@", "crop"),
        (b"crop=3x4@1", "crop"),
        (b"focus=up", "focus"),
        (b"focus=10x20p", "focus"),
        (b"zoom=0.5", "zoom"),
        (b"turn=45", "turn"),
        (b"flip=z", "flip"),
        (b"background=remove", "background"),
        (b"output=mp4", "output"),
        (b"quality=x", "quality"),
        (b"resize", "resize"),
        (b"sharpen=1", "sharpen"),
        (b"/".join([b"turn=left"] * (MAX_STAGES + 2)), "transformations"),
        (b"/".join([b"noop"] * 65), "twic"),
    ],
)
def test_what_is_not_valid_is_refused_by_name(text: bytes, param: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        plan(text)
    assert caught.value.param == param
    assert DIALECT.error_answer(caught.value, 400, b"", b"").body == caught.value.message


def test_urls_that_are_not_valid() -> None:
    for path in (b"/v1/resize=3", b"/v1/image:"):
        with pytest.raises(BadRequest):
            image(b"", path)
    with pytest.raises(MalformedRequest):
        image(b"", b"/v1/image:%ff")
    with pytest.raises(InvalidParameter):
        image(b"twic=v2/resize=3")
    with pytest.raises(RouteNotFound):
        DIALECT.parse(b"/a.jpg", b"", upload=True)


@pytest.mark.parametrize("options", [{"quality": 0}, {"x": 1}])
def test_options_that_are_not_valid_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        parse_mounts(json.dumps([{"dialect": "twicpics", "host": "a", "options": options}]))


@given(st.binary(max_size=300))
def test_any_bytes_give_an_outcome_or_a_refusal(data: bytes) -> None:
    for start in (b"", b"cover=", b"resize=(", b"crop=3x4@", b"focus="):
        for path, query in ((b"/a.jpg", b"twic=v1/" + start + data), (b"/v1/" + start + data + b"/image:a.jpg", b"")):
            try:
                outcome = DIALECT.parse(path, query)
            except BadRequest:
                continue
            assert isinstance(outcome, ImageRequest)
            assert canonical_json(outcome.plan)
