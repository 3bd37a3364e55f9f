"""Sirv: equal plans of equal images, the order of work, profiles, refusals by name."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.port import FactsRequest, Text
from pixmill.dialects.sirv.dialect import SirvDialect, SirvOptions
from pixmill.errors import BadRequest, InvalidParameter, RouteNotFound, SourceNotFound
from pixmill.plan.gravity import Faces, Point
from pixmill.plan.ops import CropWindow, Fit, ImageOverlay, Plan
from pixmill.plan.overlays import Length, TextOverlay
from pixmill.plan.request import ImageRequest

PROFILES: dict[str, str | dict[str, object]] = {
    "thumb": "thumbnail=150",
    "file": {
        "image": {"scale": {"width": "50%"}, "grayscale": True, "text": [{"text": "A"}, {"text": "B", "color": "fff"}]}
    },
    "child": "?profile=file&w=20",
}
DIALECT = SirvDialect(SirvOptions(PROFILES))


def image(query: bytes, dialect: SirvDialect = DIALECT) -> ImageRequest:
    outcome = dialect.parse(b"/a/b%20c.jpg", query)
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(query: bytes) -> Plan:
    return image(query).plan


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"w=300&h=200", b"scale.height=200px&scale.width=300"),
        (b"w=1&w=300", b"w=300"),
        (b"w=50%25", b"w=50%"),
        (b"w=300&h=", b"w=300"),
        (b"w=300&h=0", b"w=300"),
        (b"w=300&s=20", b"w=300"),
        (b"flip", b"flip=Yes"),
        (b"flip=false&flop=0&grayscale=no", b""),
        (b"thumbnail", b"thumbnail=256"),
        (b"cx=1&cy=2&cw=3&ch=4", b"crop.x=1&crop.y=2&crop.width=3&crop.height=4"),
        (b"rotate=-90", b"rotate=270"),
        (b"brightness=1000", b"brightness=100"),
        (b"canvas.color=f00", b""),
        (b"canvas.width=9&canvas.color=f00&canvas.opacity=0", b"canvas.width=9"),
        (b"text=Hi", b"text.text=Hi"),
        (b"text=Hi", b"text.0.text=Hi"),
        (b"text=Hi&text.size=40", b"text.text64=SGk&text.size=40%25"),
        (b"watermark=a.png", b"watermark.3.image=/a.png"),
        (b"text.size=40&watermark.opacity=3", b""),
        (b"q=0", b"q=1"),
        (b"vigette.value=20", b"vignette.color=000"),
        (b"profile=thumb", b"thumbnail=150"),
        (b"foo=%ff&text.x=1&watermark.123.image=a", b""),
    ],
)
def test_equal_images_have_equal_plans(one: bytes, other: bytes) -> None:
    assert image(one) == image(other)
    assert image(one).source.text == "a/b c.jpg"


def test_order_of_work() -> None:
    whole = plan(b"text=A&grayscale&rotate=90&canvas.width=9&crop.width=9&w=30&crop.type=trim")
    stages = (whole, *whole.stages)
    assert stages[0].trim
    assert stages[0].resize.width == 30
    assert stages[1].crop
    assert stages[1].canvas
    assert [stage.rotate for stage in stages] == [0, 0, 90]
    assert stages[2].grayscale
    assert stages[2].overlays
    assert plan(b"w=30&blur=4&brightness=9&text=A").stages == ()


def test_levels() -> None:
    levels = plan(b"colorlevel.black=10&colorlevel.white=200").adjust.tone.levels
    assert (levels.black, levels.white) == (10, 200)


def test_a_crop_by_faces_or_attention_has_a_shape() -> None:
    assert plan(b"crop.type=face").crop == CropWindow(gravity=Faces(), aspect=plan(b"crop.aspectratio=1:1").crop.aspect)  # type: ignore[union-attr]
    sized = plan(b"crop.type=face&crop.width=30&crop.height=20&w=90")
    assert sized.stages[0].crop == CropWindow(30, 20, Faces())
    thumbnail = plan(b"crop.type=face&thumbnail=30").resize
    assert (thumbnail.fit, thumbnail.gravity) == (Fit.COVER, Faces())


def test_words_and_lengths_place_a_window() -> None:
    crop = plan(b"crop.x=center&crop.y=25%25&crop.width=30").crop
    assert isinstance(crop, CropWindow)
    assert crop.gravity == Point(0.5, 0, share_y=0.25)


def test_profiles_of_files_may_be_nested_and_have_lists() -> None:
    found = plan(b"profile=child")
    assert found.grayscale
    assert found.resize.width == 20
    assert [isinstance(overlay, ImageOverlay) for overlay in found.overlays] == [True, True]
    assert not plan(b"profile=child&grayscale=false").grayscale


def test_default_profile() -> None:
    dialect = SirvDialect(SirvOptions({"Default": "q=70&w=300", "small": "w=30"}, default_profile="Default"))
    assert image(b"", dialect).plan.output.quality == 70
    assert image(b"profile=small", dialect) == image(b"profile=small&q=70", dialect)
    assert image(b"w=9&profile=small", dialect).plan.resize.width == 9


def test_texts_are_drawn_in_pixels_or_scaled_to_a_share() -> None:
    drawn = plan(b"text=%3Cb%3E%26&text.font.size=20&text.font.weight=bold&text.size=50").overlays[0]
    assert isinstance(drawn, TextOverlay)
    assert (drawn.markup, drawn.size, drawn.width) == ("<b>&lt;b&gt;&amp;</b>", 20.0, Length(50.0, percent=True))
    scaled = plan(b"text=A").overlays[0]
    assert isinstance(scaled, ImageOverlay)
    assert scaled.width == Length(25.0, percent=True)


@pytest.mark.parametrize(
    "query",
    [
        *(
            b"w=x",
            b"h=-3",
            b"w=70000",
            b"w=10001%25",
            b"w=1e400",
            b"s=%E2%88%9E",
            b"scale.option=stretch",
            b"thumbnail=0",
        ),
        *(b"crop.x=50%25&crop.width=30", b"crop.x=-30&crop.width=20", b"crop.aspectratio=0:1", b"crop.type=x"),
        *(b"canvas.color=x", b"canvas.position=up", b"rotate=400", b"flip=maybe", b"brightness=x", b"colortone=x"),
        *(b"colorlevel.black=200&colorlevel.white=100", b"format=bmp", b"subsampling=9", b"page=0", b"frame.style=x"),
        *(b"text.size=0&text=A", b"text.color=x", b"text.text64=%21", b"text.0.font.weight=heavy", b"text.position=x"),
        *(b"watermark.layer=top", b"watermark.scale.width=-1", b"profile=x", b"w=" + b"9" * 99),
    ],
)
def test_what_is_not_valid_is_refused_by_name(query: bytes) -> None:
    with pytest.raises(InvalidParameter) as caught:
        DIALECT.parse(b"/a.jpg", query)
    names = {"text64": "text.text64", "text.0": "text.font.weight"}
    shown = query.partition(b"=")[0].decode()
    assert caught.value.param == {"text.0.font.weight": "text.font.weight"}.get(shown, names.get(shown, shown))


@pytest.mark.parametrize(
    "query", [b"&".join(b"text.%d=A" % number for number in range(17)), b"watermark=//../a.png", b"w=%ff"]
)
def test_what_is_too_much_or_outside_is_refused(query: bytes) -> None:
    with pytest.raises(BadRequest):
        DIALECT.parse(b"/a.jpg", query)


def test_information_and_errors() -> None:
    assert isinstance(DIALECT.parse(b"/a.jpg", b"w=3&info"), FactsRequest)
    answer = DIALECT.error_answer(SourceNotFound(), 404, b"", b"")
    assert isinstance(answer, Text)
    assert json.loads(answer.body)["name"] == "ApiNotFoundError"
    assert image(b"dl").filename == "b c.jpg"
    with pytest.raises(RouteNotFound):
        DIALECT.parse(b"/a.jpg", b"", upload=True)


@pytest.mark.parametrize(
    "options",
    [
        *({"quality": 0}, {"x": 1}, {"default_profile": "none"}, {"profiles": {"a": "w=x"}}),
        *({"profiles": {"a": "profile=b"}}, {"profiles": {"a": "profile=b", "b": "profile=a"}}),
        {"profiles": {"a": {"image": {"crop": {"width": "x"}}}}},
    ],
)
def test_options_that_are_not_valid_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        parse_mounts(json.dumps([{"dialect": "sirv", "host": "a", "options": options}]))


def test_keys_have_no_effect_and_stop_the_start() -> None:
    with pytest.raises(ValueError, match="does not use keys"):
        parse_mounts(json.dumps([{"dialect": "sirv", "host": "a", "keys": "secret"}]))


NAMES = [
    b"w",
    b"h",
    b"s",
    b"crop.x",
    b"crop.width",
    b"canvas.width",
    b"canvas.aspectratio",
    b"canvas.border.width",
    b"rotate",
    b"blur",
]
NAMES += [
    b"text",
    b"text.1.size",
    b"text.position.x",
    b"watermark",
    b"watermark.crop.x",
    b"frame.style",
    b"profile",
    b"crop.type",
]
VALUES = st.sampled_from([b"50%", b"300", b"-20", b"center", b"16:9", b"face", b"solid", b"a.png", b"3.7", b"thumb"])


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.binary(max_size=12) | VALUES), max_size=8))
def test_any_bytes_give_a_plan_or_a_refusal(given_pairs: list[tuple[bytes, bytes]]) -> None:
    query = b"&".join(name + b"=" + value for name, value in given_pairs)
    try:
        outcome = DIALECT.parse(b"/a.jpg", query)
    except BadRequest:
        return
    assert isinstance(outcome, ImageRequest)
