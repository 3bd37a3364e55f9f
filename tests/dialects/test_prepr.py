"""Prepr: what is an option and what is a name, equal plans of equal images, refusals by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.port import Text
from pixmill.dialects.prepr.dialect import PreprDialect, PreprOptions
from pixmill.errors import BadRequest, InvalidParameter, RouteNotFound
from pixmill.media import Format
from pixmill.plan.gravity import Point
from pixmill.plan.ops import Fit, Plan
from pixmill.plan.request import ImageRequest

DIALECT = PreprDialect(PreprOptions())


def image(path: bytes) -> ImageRequest:
    outcome = DIALECT.parse(path, b"v=1")
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(options: bytes) -> Plan:
    return image(b"/" + options + b"/a.jpg").plan


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"w_300,h_200", b"h_200,w_300,zz_1,crop"),
        (b"w_1,w_300", b"w_300"),
        (b"w_300,h_", b"w_300"),
        (b"w_300,c_north", b"w_300"),
        (b"w_300,fit_fill", b"w_300"),
        (b"w_300,h_200,fit_crop", b"w_300,h_200"),
        (b"w_300,h_200,fit_contain,c_north", b"w_300,h_200,fit_inside"),
        (b"w_300,h_200,c_center", b"w_300,h_200,c_centre"),
        (b"w_300%2Ch_200", b"w_300,h_200"),
        (b"format_jpeg", b"format_jpg"),
    ],
)
def test_equal_images_have_equal_plans(one: bytes, other: bytes) -> None:
    assert plan(one) == plan(other)


def test_options() -> None:
    cut = plan(b"w_30,h_20,c_southeast").resize
    assert (cut.fit, cut.gravity, cut.enlarge) == (Fit.COVER, Point(1, 1), False)
    assert plan(b"w_30,format_webp,q_3").output.formats == (Format.WEBP,)
    assert plan(b"w_30,q_3").output.quality == 3


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (b"/a.jpg", "a.jpg"),
        (b"/w_3", "w_3"),
        (b"/w_3/a%20b.jpg", "a b.jpg"),
        (b"/w_3/b/a.jpg", "b/a.jpg"),
        (b"/photos_2/a.jpg", "photos_2/a.jpg"),
        (b"/zz_1,w_3/a.jpg", "a.jpg"),
        (b"/w/a.jpg", "w/a.jpg"),
        (b"/w_3/h_4/a.jpg", "h_4/a.jpg"),
    ],
)
def test_names(path: bytes, name: str) -> None:
    assert image(path).source.text == name


@pytest.mark.parametrize("options", [b"w_0", b"h_x", b"c_middle", b"fit_tight", b"q_101", b"format_psd"])
def test_refused_values(options: bytes) -> None:
    with pytest.raises(InvalidParameter) as caught:
        plan(options)
    assert caught.value.param == options.partition(b"_")[0].decode()


def test_errors_and_entries() -> None:
    with pytest.raises(RouteNotFound):
        DIALECT.parse(b"/w_3/a.jpg", b"", upload=True)
    assert DIALECT.error_answer(InvalidParameter("w must be"), 400, b"", b"") == Text("w must be", 400)
    assert parse_mounts('[{"dialect": "prepr", "host": "a.example", "source": "photos"}]')
    for entry in ('{"dialect": "prepr"}', '{"dialect": "prepr", "host": "a.example", "keys": "0123456789abcdef"}'):
        with pytest.raises(ValueError, match="entry 1"):
            parse_mounts(f"[{entry}]")


@given(st.binary(max_size=200))
def test_any_path_gives_an_image_or_a_refusal(path: bytes) -> None:
    for full in (b"/" + path, b"/w_3," + path + b"/a.jpg"):
        try:
            assert isinstance(DIALECT.parse(full, b""), ImageRequest)
        except BadRequest:
            continue
