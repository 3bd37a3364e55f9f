"""Gcore: equal plans of equal images, resizing before regions, refusals by name, errors as JSON."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.fastly.gcore import GcoreDialect, GcoreOptions
from pixmill.dialects.port import Text
from pixmill.errors import BadRequest, InvalidParameter, RouteNotFound
from pixmill.media import Format
from pixmill.plan.gravity import Point
from pixmill.plan.ops import Aspect, Crop, CropUnit, CropWindow, Fit, Plan
from pixmill.plan.request import ImageRequest

DIALECT = GcoreDialect(GcoreOptions())


def plan(query: bytes, dialect: GcoreDialect = DIALECT) -> Plan:
    outcome = dialect.parse(b"/b%20c.jpg", query)
    assert isinstance(outcome, ImageRequest)
    assert outcome.source.text == "b c.jpg"
    return outcome.plan


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"width=300&height=200", b"height=200&width=300&foo=1"),
        (b"width=1&width=300", b"width=300"),
        (b"width=300&height=", b"width=300"),
        (b"width=300&fit=force", b"width=300"),
        (b"width=3&height=3&fit=fit", b"width=3&height=3"),
        (b"crop=300,200,offset-x50", b"crop=300,200"),
        (b"crop=300,200,x5", b"crop=300,200,x5,y0"),
        (b"crop=32:18", b"crop=16:9"),
    ],
)
def test_equal_images_have_equal_plans(one: bytes, other: bytes) -> None:
    assert plan(one) == plan(other)


def test_sizes() -> None:
    fits = {
        name: plan(b"width=30&height=20&fit=" + name).resize.fit for name in (b"fit", b"bounds", b"cover", b"force")
    }
    assert fits == {b"fit": Fit.COVER, b"bounds": Fit.INSIDE, b"cover": Fit.OUTSIDE, b"force": Fit.FILL}
    assert not plan(b"width=300&height=200").resize.enlarge


def test_regions() -> None:
    resized = plan(b"width=600&crop=300,200,x5,y6")
    assert resized.crop is None
    assert resized.stages[0].crop == Crop(5, 6, 300, 200)
    (ratio, share, window) = (plan(b"width=9&crop=" + text).stages[0].crop for text in (b"16:9", b"50p,40p", b"3,2"))
    assert ratio == CropWindow(aspect=Aspect(16, 9))
    assert isinstance(share, CropWindow)
    assert (share.width, share.height, share.unit) == (50, 40, CropUnit.PERCENT)
    assert window == CropWindow(3, 2, Point())


def test_output() -> None:
    assert plan(b"").output.formats == (Format.AVIF, Format.WEBP)
    assert plan(b"format=avif").output.formats == (Format.AVIF,)
    plain = GcoreDialect(GcoreOptions(avif_enabled=False, webp_enabled=False))
    assert not plan(b"", plain).output.formats
    assert plan(b"quality=3").output.quality == 3


@pytest.mark.parametrize(
    "query",
    [
        b"width=0",
        b"height=x",
        b"fit=crop",
        b"crop=3",
        b"crop=3,3,z3",
        b"crop=3,3,x5p,y5",
        b"crop=3,3,smart",
        b"quality=0",
        b"format=png",
    ],
)
def test_refused_values(query: bytes) -> None:
    with pytest.raises(InvalidParameter) as caught:
        plan(query)
    assert caught.value.param == query.partition(b"=")[0].decode()


def test_errors_and_entries() -> None:
    with pytest.raises(RouteNotFound):
        DIALECT.parse(b"/a.jpg", b"", upload=True)
    answer = DIALECT.error_answer(InvalidParameter("w"), 400, b"", b"")
    assert answer == Text('{"error":"w"}', 400, "application/json")
    assert parse_mounts('[{"dialect": "gcore", "host": "a.example", "source": "photos"}]')
    for entry in ('{"dialect": "gcore"}', '{"dialect": "gcore", "host": "a.example", "keys": "0123456789abcdef"}'):
        with pytest.raises(ValueError, match="entry 1"):
            parse_mounts(f"[{entry}]")


@given(st.binary(max_size=200))
def test_any_query_gives_an_image_or_a_refusal(query: bytes) -> None:
    for full in (query, b"crop=" + query, b"width=3&crop=3,3," + query):
        try:
            assert isinstance(DIALECT.parse(b"/a.jpg", full), ImageRequest)
        except BadRequest:
            continue
