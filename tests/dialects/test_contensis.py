"""Contensis: parameters in their order, equal plans of equal images, refusals by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.contensis.dialect import ContensisDialect, ContensisOptions
from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.port import Text
from pixmill.errors import BadRequest, InvalidParameter, RouteNotFound
from pixmill.media import Format
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.gravity import Point
from pixmill.plan.ops import Crop, CropWindow, Fit, Plan
from pixmill.plan.request import ImageRequest

DIALECT = ContensisDialect(ContensisOptions())


def plan(query: bytes) -> Plan:
    outcome = DIALECT.parse(b"/b%20c.jpg", query)
    assert isinstance(outcome, ImageRequest)
    assert outcome.source.text == "b c.jpg"
    return outcome.plan


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"w=300&h=200", b"height=200&foo=1&width=300"),
        (b"w=300&h=", b"w=300"),
        (b"w=300&fit=crop", b"w=300"),
        (b"fit=crop&w=300&h=200", b"w=300&h=200"),
        (b"w=300&h=200&fit=tight", b"w=300&h=200&fit=max"),
        (b"w=300&h=200&fit=CROP-T", b"w=300&h=200&fit=crop-top"),
        (b"w=300&h=200&fit=crop&fp=.5,0", b"w=300&h=200&fit=crop-top"),
        (b"w=300&h=200&fit=fill&fp=.5,0", b"w=300&h=200&fit=fill"),
        (b"f=png&w=300&q=3", b"w=300&q=3&format=PNG"),
        (b"f=psd", b""),
        (b"effect=sepia", b""),
        (b"crop=30,20,C", b"crop=30,20"),
        (b"flip=H", b"flip=horizontal"),
        (b"bg=f00", b"background=FF0000"),
        (b"r=360", b""),
    ],
)
def test_equal_images_have_equal_plans(one: bytes, other: bytes) -> None:
    assert plan(one) == plan(other)


def test_behaviours() -> None:
    names = (b"max", b"contain", b"fill", b"stretch", b"crop")
    fits = {name: plan(b"w=30&h=20&fit=" + name).resize for name in names}
    assert {name: (resize.fit, resize.enlarge) for name, resize in fits.items()} == {
        b"max": (Fit.INSIDE, False),
        b"contain": (Fit.INSIDE, True),
        b"fill": (Fit.CONTAIN, False),
        b"stretch": (Fit.FILL, True),
        b"crop": (Fit.COVER, False),
    }
    assert plan(b"w=30&h=20&fit=crop-br").resize.fit is Fit.INSIDE
    assert plan(b"w=30&h=20&fit=crop-r").resize.gravity == Point(1, 0.5)


def test_the_order_of_the_url() -> None:
    before = plan(b"crop=30,20,5,6&w=10")
    assert (before.crop, before.resize.width, before.stages) == (Crop(5, 6, 30, 20), 10, ())
    after = plan(b"w=10&crop=30,20,tl")
    assert (after.crop, after.stages[0].crop) == (None, CropWindow(30, 20, Point(0, 0)))
    twice = plan(b"w=10&w=5")
    assert (twice.resize.width, twice.stages[0].resize.width) == (10, 5)
    turned = plan(b"w=10&r=90&flip=v&b=3")
    assert (turned.rotate, turned.stages[0].rotate, turned.stages[0].blur) == (0, 90, 3)
    free = plan(b"r=45").rotate_free
    assert free is not None
    assert (free.degrees, free.corner_colour) == (45, TRANSPARENT)


def test_backgrounds() -> None:
    padded = plan(b"w=30&h=20&fit=fill")
    assert padded.background == TRANSPARENT
    coloured = plan(b"w=30&h=20&fit=fill&bg=f00")
    assert (coloured.background, coloured.flatten, coloured.stages) == (Colour(255, 0, 0), Colour(255, 0, 0), ())
    turned = plan(b"w=30&h=20&fit=fill&bg=f00&r=90")
    assert (turned.rotate, turned.stages[0].rotate) == (0, 90)
    late = plan(b"w=30&h=20&fit=fill&effect=grayscale&bg=f00")
    assert late.flatten is None
    assert late.stages[0].flatten == Colour(255, 0, 0)


def test_output() -> None:
    assert plan(b"w=3&f=bmp").output.formats == (Format.BMP,)
    assert plan(b"w=3").output.source_format
    assert plan(b"q=3").output.original_formats


@pytest.mark.parametrize(
    "query",
    [b"w=0", b"height=x", b"crop=3", b"crop=3,3,middle", b"crop=3,3,-1,2", b"crop=1,2,3,4,5", b"fp=2,0", b"fp=1",
     b"bg=red", b"r=400", b"flip=x", b"b=101", b"q=0"],
)  # fmt: skip
def test_refused_values(query: bytes) -> None:
    with pytest.raises(InvalidParameter) as caught:
        plan(query)
    assert caught.value.param == query.partition(b"=")[0].decode()


def test_too_many_operations() -> None:
    with pytest.raises(InvalidParameter):
        plan(b"&".join(b"w=%d" % width for width in range(1, 12)))


def test_errors_and_entries() -> None:
    with pytest.raises(RouteNotFound):
        DIALECT.parse(b"/a.jpg", b"", upload=True)
    assert DIALECT.error_answer(InvalidParameter("no"), 400, b"", b"") == Text("no", 400)
    assert parse_mounts('[{"dialect": "contensis", "host": "a.example", "source": "photos"}]')
    for entry in ('{"dialect": "contensis"}', '{"dialect": "contensis", "mount": "/a", "keys": "0123456789abcdef"}'):
        with pytest.raises(ValueError, match="entry 1"):
            parse_mounts(f"[{entry}]")


@given(st.binary(max_size=200))
def test_any_query_gives_an_image_or_a_refusal(query: bytes) -> None:
    for full in (query, b"w=3&h=3&fit=fill&crop=" + query, b"fp=" + query, b"r=" + query):
        try:
            assert isinstance(DIALECT.parse(b"/a.jpg", full), ImageRequest)
        except BadRequest:
            continue
