"""AEM Assets: paths and originals, parameters and the plans they mean, presets, refusals by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.aem.dialect import AemDialect, AemOptions
from pixmill.dialects.factory import parse_mounts
from pixmill.errors import BadRequest, InvalidParameter, RouteNotFound
from pixmill.media import Format
from pixmill.plan.gravity import Point, Smart
from pixmill.plan.ops import Aspect, Crop, CropOverflow, CropUnit, CropWindow, Fit, Flip, Plan
from pixmill.plan.request import ImageRequest

OPTIONS = AemOptions({"urn:aaid:aem:1": "/a b.jpg"}, "{id}/{name}", {"wide": "16:9"}, {"small": "width=90&quality=5"})
DIALECT = AemDialect(OPTIONS)


def image(path: bytes, query: bytes = b"", dialect: AemDialect = DIALECT) -> ImageRequest:
    outcome = dialect.parse(path, query)
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(query: bytes, form: bytes = b"jpg", dialect: AemDialect = DIALECT) -> Plan:
    return image(b"/adobe/assets/x/as/a." + form, query, dialect).plan


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"width=300&height=200", b"height=200&width=300&foo=1"),
        (b"width=1&width=300", b"width=300"),
        (b"width=300&height=", b"width=300"),
        (b"size=300,200", b"width=300&height=200"),
        (b"sz=3,200&width=300", b"width=300&height=200"),
        (b"r=90&c=1,2,3,4", b"crop=1,2,3,4&rotate=90"),
        (b"flip=HV", b"flip=vh"),
        (b"crop=0,0,0,5", b""),
        (b"smartcrop=16x9", b"smartcrop=wide"),
        (b"crop=16:9,smart", b"smartcrop=wide"),
        (b"preset=small", b"width=90&quality=5"),
        (b"preset=small&width=3", b"width=3&quality=5"),
        (b"quality=90&max-quality=50", b"quality=50"),
        (b"auto-format=true", b""),
    ],
)
def test_equal_images_have_equal_plans(one: bytes, other: bytes) -> None:
    assert plan(one) == plan(other)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (b"/adobe/assets/urn:aaid:aem:1/as/n.jpg", "a b.jpg"),
        (b"/adobe/assets/urn%3Aaaid%3Aaem%3A1/as/n.jpg", "a b.jpg"),
        (b"/adobe/assets/urn:aaid:aem:2/as/n%20m.v1.jpg", "urn:aaid:aem:2/n m.v1"),
        (b"/adobe/assets/deliver/urn:aaid:aem:1/n.webp", "a b.jpg"),
        (b"/adobe/dynamicmedia/deliver/urn:aaid:aem:1/n.webp", "a b.jpg"),
        (b"/adobe/assets/urn:aaid:aem:1", "a b.jpg"),
        (b"/adobe/assets/urn:aaid:aem:1/original/as/n.psd", "a b.jpg"),
    ],
)
def test_originals(path: bytes, text: str) -> None:
    assert image(path).source.text == text
    assert DIALECT.match(path) is not None


def test_the_order_of_work() -> None:
    worked = plan(b"width=30&flip=h&crop=1,2,3,4&rotate=90&smartcrop=wide")
    assert (worked.rotate, worked.crop) == (90, Crop(1, 2, 3, 4, overflow=CropOverflow.IGNORE))
    assert worked.stages[0].flip is Flip.HORIZONTAL
    assert worked.stages[0].crop == CropWindow(gravity=Smart(), aspect=Aspect(16, 9))
    assert (worked.stages[0].resize.width, worked.stages[0].resize.fit) == (30, Fit.INSIDE)
    assert plan(b"crop=4:3").crop == CropWindow(gravity=Point(), aspect=Aspect(4, 3))
    shares = plan(b"crop=10p,10p,50p,50p").crop
    assert isinstance(shares, Crop)
    assert shares.unit is CropUnit.PERCENT


def test_formats() -> None:
    assert plan(b"", b"pjpg").output.encoding.progressive
    assert plan(b"", b"webpll").output.encoding.lossless
    assert plan(b"", b"png8").output.encoding.colours == 256
    assert plan(b"preferwebp=true").output.formats == (Format.WEBP,)
    assert plan(b"preferwebp=true", b"png").output.fallback_format is Format.PNG
    smart = AemDialect(AemOptions(smart_imaging=True))
    assert plan(b"", b"png", smart).output.formats == (Format.AVIF, Format.WEBP)
    assert plan(b"auto-format=false", b"png", smart) == plan(b"", b"png")
    defaults = image(b"/adobe/assets/x", b"width=3", AemDialect(AemOptions())).plan
    assert (defaults.resize.width, defaults.output.quality, defaults.output.fallback_format) == (1024, 65, Format.JPEG)
    original = image(b"/adobe/assets/x/original/as/a.jpg", b"width=3").plan
    assert original.resize.width == 0


@pytest.mark.parametrize(
    "query",
    [b"rotate=45", b"crop=1,2,3", b"crop=1,2,3,-4", b"crop=10p,10p,50,50p,x", b"crop=16:9,north", b"flip=x",
     b"size=3", b"width=0", b"height=x", b"quality=101", b"smartcrop=tall", b"smartcrop=0x9", b"smartcrop=99999x1",
     b"preset=large", b"preferwebp=maybe"],
)  # fmt: skip
def test_refused_values(query: bytes) -> None:
    with pytest.raises(InvalidParameter) as caught:
        plan(query)
    assert caught.value.param == query.partition(b"=")[0].decode()


def test_refused_paths() -> None:
    for path in (b"/adobe/assets/x/as/a.psd", b"/adobe/assets/x/as/a", b"/adobe/assets/x/as/.jpg"):
        with pytest.raises(InvalidParameter) as caught:
            DIALECT.parse(path, b"")
        assert caught.value.param == "format"
    for path in (b"/adobe/", b"/adobe/assets/", b"/adobe/assets/x/metadata", b"/adobe/assets/x/renditions/y/as/a.jpg"):
        with pytest.raises(RouteNotFound):
            DIALECT.parse(path, b"")
    with pytest.raises(RouteNotFound):
        DIALECT.parse(b"/adobe/assets/x", b"", upload=True)


def test_entries() -> None:
    assert parse_mounts('[{"dialect": "aem", "source": "s3://bucket"}]')
    for entry in (
        '{"dialect": "aem", "keys": "0123456789abcdef"}',
        '{"dialect": "aem", "options": {"path": "a.jpg"}}',
        '{"dialect": "aem", "options": {"smart_crops": {"wide": "0:9"}}}',
        '{"dialect": "aem", "options": {"presets": {"small": "width=x"}}}',
    ):
        with pytest.raises(ValueError, match="entry 1"):
            parse_mounts(f"[{entry}]")


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_any_url_gives_an_image_or_a_refusal(path: bytes, query: bytes) -> None:
    for full in (b"/adobe/" + path, b"/adobe/assets/" + path, b"/adobe/assets/x/as/a.jpg"):
        try:
            assert isinstance(DIALECT.parse(full, query), ImageRequest)
        except BadRequest:
            continue
