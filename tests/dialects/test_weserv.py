"""weserv's parameters: plans, sources, and any bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.port import Dialect, FactsRequest, RendersFacts
from pixmill.dialects.weserv.dialect import WeservDialect, WeservOptions
from pixmill.errors import BadRequest, InvalidParameter
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.effects import LabSharpen, Modulate
from pixmill.plan.gravity import Point, Smart
from pixmill.plan.ops import Clamp, Crop, CropInsets, CropUnit, Fit, Plan
from pixmill.plan.request import ImageRequest

WESERV = WeservDialect(WeservOptions())


def request(query: str) -> ImageRequest:
    outcome = WESERV.parse(b"/", query.encode())
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(query: str) -> Plan:
    return request(f"url=a.example/a.jpg&{query}").plan


def test_it_is_a_dialect() -> None:
    dialect: Dialect = WESERV
    assert isinstance(dialect, RendersFacts)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("a.example/b.jpg", "http://a.example/b.jpg"),
        ("//a.example/b.jpg", "http://a.example/b.jpg"),
        ("ssl:a.example/b.jpg", "https://a.example/b.jpg"),
        ("https:/a.example/b.jpg", "https://a.example/b.jpg"),
        ("https%3A%2F%2Fa.example%2Fb.jpg%3Fc%3Dd", "https://a.example/b.jpg?c=d"),
        ("a.example/b+c.jpg", "http://a.example/b+c.jpg"),
        ("%C3%A4.example/b.jpg", "http://xn--4ca.example/b.jpg"),
        ("/b.jpg", "b.jpg"),
    ],
)
def test_sources(text: str, url: str) -> None:
    assert request(f"url={text}").source.text == url


@pytest.mark.parametrize("text", ["", "http:%5C%5Cfoobar", "///a", "http://", "a%00b", "http://a:b@c/%5C"])
def test_what_is_no_url(text: str) -> None:
    with pytest.raises(InvalidParameter, match="Unable to parse URI"):
        WESERV.parse(b"/", f"url={text}".encode())


def test_spellings_of_an_image_are_one_plan() -> None:
    assert plan("w=300&h=200&fit=cover&we") == plan("h=200&w=300&t=squaredown&dpr=1&x=1&q=nothing")
    assert plan("w=300&w=200") == plan("w=300")
    assert plan("w=0&h=-1&dpr=9&q=101&blur=x&filt=y&ro=z&con=200&n=1") == plan("")
    assert plan("ro=360&flip=false") == plan("")


def test_fits() -> None:
    resize = plan("w=300&fit=fill").resize
    assert (resize.width, resize.height_share, resize.fit, resize.enlarge) == (300, 1.0, Fit.FILL, True)
    assert plan("w=300&h=200&fit=cover&we").resize.clamp is Clamp.SIDES
    assert plan("w=300&h=200&fit=outside").resize.fit is Fit.OUTSIDE
    assert plan("w=300&fit=cover").resize.fit is Fit.INSIDE


def test_gravity() -> None:
    assert plan("w=9&h=9&fit=cover&a=focal&fpx=.25&fpy=1").resize.gravity == Point(0.25, 1.0)
    assert plan("w=9&h=9&fit=cover&a=crop-25-100").resize.gravity == Point(0.25, 1.0)
    assert plan("w=9&h=9&fit=cover&a=attention").resize.gravity == Smart()


def test_crops_in_units_that_differ() -> None:
    (stage,) = plan("w=320&h=240&fit=cover&cx=10&cw=50%25").stages
    assert isinstance(stage.crop, Crop)
    assert (stage.crop.left, stage.crop.width, stage.crop.unit) == (10, 160, CropUnit.PIXELS)
    insets, region = plan("w=320&cx=10&cw=50%25").stages
    assert isinstance(insets.crop, CropInsets)
    assert isinstance(region.crop, Crop)
    assert (insets.crop.left, region.crop.width, region.crop.unit) == (10, 50, CropUnit.PERCENT_PIXELS)
    assert isinstance(plan("w=320&cx=10&cw=50&precrop").crop, Crop)


def test_colours_have_alpha_first() -> None:
    assert plan("bg=80FF0000&output=png").flatten == Colour(255, 0, 0, 128)


def test_effects() -> None:
    tone = plan("mod=1.5,2,-30").adjust.colour
    assert tone.modulate == Modulate(1.5, 2.0, 330.0)
    assert plan("mod=1.5&sat=2&hue=330").adjust.colour == tone
    assert plan("sharp=2,3").effects.sharpen_lab == LabSharpen(2.0, 3.0, 2.0)
    assert plan("sharp=2&sharpj=5").effects.sharpen_lab == LabSharpen(2.0, 1.0, 5.0)
    assert plan("blur").effects.convolution is not None


def test_output() -> None:
    assert plan("output=png&l=9&il").output.encoding.effort == 9
    assert plan("").output.source_format
    assert plan("n=-1&delay=10,20&loop=3").output.animation.delays_ms == (10, 20)
    assert plan("n=5").input.max_frames == 5
    assert plan("page=2").input.page == 3
    assert isinstance(WESERV.parse(b"/", b"url=a.example/a.jpg&output=json"), FactsRequest)
    assert plan("output=avif").output.formats == (Format.AVIF,)


@pytest.mark.parametrize(
    ("text", "age_s"), [("1d", 86_400), ("2w", 1_209_600), ("1M", 2_678_400), ("1y", 31_536_000), ("2y", 31_536_000)]
)
def test_ages(text: str, age_s: int) -> None:
    assert request(f"url=a.example/a.jpg&maxage={text}").max_age_s == age_s


def test_what_is_not_supported() -> None:
    for query in ("mask=heart", "encoding=base64", "af&encoding=base64", "encoding=x&encoding=base64"):
        with pytest.raises(InvalidParameter):
            plan(query)
    for options in ('{"quality": 0}', '{"nonsense": 1}'):
        with pytest.raises(ValueError, match="entry 1"):
            parse_mounts(f'[{{"dialect": "weserv", "host": "a", "options": {options}}}]')


@given(st.binary(max_size=80))
def test_any_bytes(query: bytes) -> None:
    for one in (query, b"url=a.example/a.jpg&" + query, b"url=" + query):
        try:
            assert WESERV.parse(b"/", one)
        except BadRequest:
            continue
