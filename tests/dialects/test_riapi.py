"""RIAPI and ImageSharp.Web: equal plans of equal images, what is ignored, presets and signatures."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.kit.signatures import keys_of
from pixmill.dialects.port import Text
from pixmill.dialects.riapi.dialect import RiapiDialect, RiapiOptions
from pixmill.dialects.riapi.imagesharp import ImageSharpDialect, ImageSharpOptions
from pixmill.errors import (
    BadRequest,
    Forbidden,
    InvalidParameter,
    MalformedRequest,
    ResultTooLarge,
    RouteNotFound,
    SignatureInvalid,
    SignatureMissing,
    UndecodableImage,
)
from pixmill.plan.key import canonical_json
from pixmill.plan.ops import Aspect, Clamp, CropInsets, CropUnit, CropWindow, Fit, Plan, ResampleSpace
from pixmill.plan.request import ImageRequest
from pixmill.plan.size_rules import SkipSmaller

DIALECT = RiapiDialect(RiapiOptions({"Thumb": "?width=150&mode=crop", "grey": "s.grayscale=true"}))
SHARP = ImageSharpDialect(ImageSharpOptions())
SIGNED = RiapiDialect(RiapiOptions(), keys_of((b"key",)))


def image(query: bytes, dialect: RiapiDialect | ImageSharpDialect = DIALECT) -> ImageRequest:
    outcome = dialect.parse(b"/a/b%20c.jpg", query)
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(query: bytes) -> Plan:
    return image(query).plan


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"width=300&height=200", b"H=200&w=300"),
        (b"width=300", b"WIDTH=300&w=200&foo=1"),
        (b"width=300&dpr=2", b"width=600"),
        (b"width=300&zoom=2", b"width=300&dppx=2x"),
        (b"width=300", b"width=%20300%20"),
        (b"width=300", b"width=300&height=-5"),
        (b"width=300", b"width=300&height=x&mode=y&scale=z&crop=1,2&anchor=up&s.alpha=a&rotate=b&frame=-x"),
        (b"width=300", b"width=300&%ff=1&quality=%ff&h=%00"),
        (b"mode=stretch&width=30&height=20", b"stretch=fill&width=30&height=20"),
        (b"mode=crop&width=30&height=20", b"crop=auto&width=30&height=20"),
        (b"mode=carve&width=30&height=20", b"mode=stretch&width=30&height=20"),
        (b"crop=0,0,0,0", b"quality=90"),
        (b"c=25,25,75,75", b"crop=25,25,75,75&cropxunits=100&cropyunits=100"),
        (b"rotate=90", b"rotate=-270"),
        (b"rotate=90", b"rotate=100"),
        (b"bgcolor=ff0000&width=3&height=2", b"bgcolor=%23f00&width=3&height=2"),
        (b"width=3&maxwidth=2", b"maxwidth=2"),
        (b"maxwidth=3&maxheight=2", b"width=3&height=2&mode=max"),
        (b"format=jpg", b"thumbnail=JFIF"),
        (b"preset=thumb", b"width=150&mode=crop"),
        (b"preset=thumb,grey&width=20", b"s.grayscale=y&width=20"),
        (b"srcset=webp-70,100w,sharp-20", b"format=webp&quality=70&width=100&f.sharpen=20&mode=max"),
        (b"short=crop-10-20-80-90", b"c=10,20,80,90"),
        (b"qp=high", b"quality=91"),
        (b"frame=1", b"page=1"),
    ],
)
def test_equal_images_have_equal_plans(one: bytes, other: bytes) -> None:
    assert plan(one) == plan(other)
    assert image(one).source.text == "a/b c.jpg"


def test_what_resizing_mixes() -> None:
    assert plan(b"w=3").resample_space is ResampleSpace.LINEAR
    assert plan(b"w=3&down.colorspace=sRGB").resample_space is ResampleSpace.SRGB
    assert image(b"width=3", SHARP).plan.resample_space is ResampleSpace.SRGB
    assert image(b"width=3&compand=true", SHARP).plan.resample_space is ResampleSpace.LINEAR


def test_modes() -> None:
    assert plan(b"w=3&h=2").resize.fit is Fit.CONTAIN
    assert plan(b"w=3&h=2").resize.skip_smaller is SkipSmaller.BOTH
    assert plan(b"w=3&h=2&scale=canvas").resize.skip_smaller is SkipSmaller.NEVER
    assert plan(b"w=3&h=2&mode=crop").resize.clamp is Clamp.SIDES
    assert plan(b"w=4&h=2&mode=aspectcrop").crop == CropWindow(aspect=Aspect(2, 1))
    assert not plan(b"w=3&scale=up").resize.shrink


def test_regions_count_from_the_edges() -> None:
    assert plan(b"crop=10,20,-30,400").crop == CropInsets(10, 20, 30, -400, overflow=plan(b"c=1,1,2,2").crop.overflow)  # type: ignore[union-attr]
    crop = plan(b"crop=.1,5,0,0&cropxunits=1").crop
    assert isinstance(crop, CropInsets)
    assert (crop.left, crop.top, crop.unit) == (10, 5, CropUnit.PERCENT_PIXELS)


def test_turns_before_and_after() -> None:
    whole = plan(b"srotate=90&width=30&rotate=90")
    assert (whole.rotate, whole.stages[0].rotate) == (90, 90)
    assert plan(b"width=30&rotate=90").rotate == 0


def test_no_commands_give_the_original() -> None:
    assert plan(b"") == plan(b"foo=1&width=") != plan(b"width=3")


def test_defaults_and_priorities() -> None:
    defaults = RiapiDialect(RiapiOptions({"a": "width=3"}, defaults="quality=50", preset_priority="preset"))
    assert image(b"preset=a&width=9", defaults).plan.resize.width == 3
    assert image(b"width=9", defaults).plan.output.quality == 50
    assert image(b"quality=60", defaults).plan.output.quality == 60


def test_presets_only() -> None:
    strict = RiapiDialect(RiapiOptions({"a": "width=3"}, presets_only=True))
    assert image(b"preset=a&foo=1", strict).plan.resize.width == 3
    for query in (b"width=3", b"preset=a&quality=3", b"preset=a&srcset=3w"):
        with pytest.raises(Forbidden):
            image(query, strict)
    with pytest.raises(InvalidParameter):
        image(b"preset=b", strict)


def test_signature_of_imageflow() -> None:
    signed = SIGNED.sign(b"/L.jpg", b"width=300")
    assert signed == "/L.jpg?width=300&signature=BkfJcDZnGthPYUNRxPsVBw"
    SIGNED.verify(b"/L.jpg", b"signature=BkfJcDZnGthPYUNRxPsVBw&width=300", 0)
    SIGNED.verify(b"/%4C.jpg", b"width=300&signature=BkfJcDZnGthPYUNRxPsVBw", 0)
    for query in (b"width=301&signature=BkfJcDZnGthPYUNRxPsVBw", b"width=300&w=1&signature=BkfJcDZnGthPYUNRxPsVBw"):
        with pytest.raises(SignatureInvalid):
            SIGNED.verify(b"/L.jpg", query, 0)
    with pytest.raises(SignatureInvalid):
        SIGNED.verify(b"/%ff.jpg", b"signature=x", 0)
    with pytest.raises(SignatureMissing):
        SIGNED.verify(b"/L.jpg", b"width=300", 0)
    with pytest.raises(MalformedRequest):
        DIALECT.sign(b"/L.jpg", b"")


def test_signature_of_imagesharp() -> None:
    signed = ImageSharpDialect(ImageSharpOptions(base64_keys=True), keys_of((b"AAECAw==",)), "/Media")
    url = signed.sign(b"/A.jpg", b"Width=3")
    path, _, query = url.partition("?")
    assert path == "/Media/A.jpg"
    signed.verify(b"/a.JPG", query.upper().encode(), 0)
    with pytest.raises(SignatureInvalid):
        signed.verify(b"/b.jpg", query.encode(), 0)
    with pytest.raises(SignatureMissing):
        signed.verify(b"/a.jpg", b"width=3", 0)
    with pytest.raises(ValueError, match=r"base64|padding|characters"):
        ImageSharpDialect(ImageSharpOptions(base64_keys=True), keys_of((b"no base64!",)))


def test_errors() -> None:
    answer = DIALECT.error_answer(UndecodableImage(), 415, b"", b"")
    assert isinstance(answer, Text)
    assert answer.status == 500
    answer = DIALECT.error_answer(ResultTooLarge("too wide"), 400, b"", b"")
    assert isinstance(answer, Text)
    assert answer.status == 400
    for dialect in (DIALECT, SHARP):
        with pytest.raises(RouteNotFound):
            dialect.parse(b"/a.jpg", b"", upload=True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"width=3&height=2", b"HEIGHT=2&width=3&rmode=Crop&ranchor=center"),
        (b"width=3", b"width=3&height=x&rmode=up&rxy=1&cc=1,2&quality=z&rsampler=x&v=9"),
        (b"rcolor=255,0,0&width=3&height=2&rmode=pad", b"rcolor=f00&width=3&height=2&rmode=pad"),
        (b"width=3&quality=75", b"width=3"),
    ],
)
def test_equal_images_of_imagesharp(one: bytes, other: bytes) -> None:
    assert image(one, SHARP) == image(other, SHARP)


NAMES = ("width", "crop", "c", "anchor", "srcset", "zoom", "s.roundcorners", "bgcolor", "margin", "rotate", "cc", "rxy")


@given(st.sampled_from(NAMES), st.text(alphabet="0123456789.,-+exw%()fabcrop", max_size=40))
def test_any_value_gives_a_plan(name: str, value: str) -> None:
    for dialect in (DIALECT, SHARP):
        outcome = dialect.parse(b"/a.jpg", f"{name}={value}&width=30&height=20".encode())
        assert isinstance(outcome, ImageRequest)
        assert canonical_json(outcome.plan)


@given(st.binary(max_size=60))
def test_any_bytes_give_a_plan_or_a_refusal(data: bytes) -> None:
    for dialect in (DIALECT, SHARP):
        try:
            outcome = dialect.parse(b"/a.jpg", data)
        except BadRequest:
            continue
        assert isinstance(outcome, ImageRequest)


@pytest.mark.parametrize(
    ("dialect", "options"),
    [
        ("riapi", {"quality": 0}),
        ("riapi", {"x": 1}),
        ("riapi", {"watermarks": {"a": {"source": "../a"}}}),
        ("riapi", {"watermarks": {"a": {"source": "a", "anchor": "up"}}}),
        ("imagesharp", {"x": 1}),
    ],
)
def test_options_that_are_not_valid_stop_the_start(dialect: str, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        parse_mounts(json.dumps([{"dialect": dialect, "host": "a", "options": options}]))
