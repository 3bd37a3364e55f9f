"""Google's Media CDN: operations and the plans they mean, their order, refusals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.mediacdn.dialect import MediaCdnDialect, MediaCdnOptions
from pixmill.dialects.port import Text
from pixmill.errors import BadRequest, InvalidParameter, RouteNotFound
from pixmill.media import Format
from pixmill.plan.ops import Aspect, Clamp, Crop, CropUnit, CropWindow, Fit, Plan
from pixmill.plan.request import ImageRequest
from pixmill.plan.shapes import Ellipse

DIALECT = MediaCdnDialect(MediaCdnOptions())


def plan(operations: bytes, dialect: MediaCdnDialect = DIALECT) -> Plan:
    outcome = dialect.parse(b"/b%20c.jpg", b"imop=" + operations)
    assert isinstance(outcome, ImageRequest)
    assert outcome.source.text == "b c.jpg"
    return outcome.plan


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"Resize,width=300,height=200", b"Resize,height=200,width=300"),
        (b"Resize,width=1,width=300", b"Resize,width=300"),
        (b"Resize,width=300,scaling=proportional", b"Resize,width=300"),
        (b"Resize%2Cwidth%3D300", b"Resize,width=300"),
        (b"Resize,width=300;", b"Resize,width=300"),
        (b"Scale,ratio=1.5", b"Scale,ratio=1"),
        (b"Crop,left=0.5,shape=rectangle,snap_to_x=9", b"Crop,left=.5,right=1"),
        (b"Resize,width=300&imop=x&zz=3", b"Resize,width=300"),
    ],
)
def test_equal_images_have_equal_plans(one: bytes, other: bytes) -> None:
    assert plan(one) == plan(other)


def test_sizes() -> None:
    both = plan(b"Resize,width=30,height=20").resize
    assert (both.fit, both.enlarge, both.clamp) == (Fit.FILL, False, Clamp.SIDES)
    stretched = plan(b"Resize,width=30,height=20,scaling=stretch").resize
    assert (stretched.fit, stretched.enlarge) == (Fit.FILL, True)
    assert plan(b"Resize,width=30,height=20,scaling=proportional").resize.fit is Fit.INSIDE
    assert plan(b"Scale,ratio=0.25").resize.zoom == 0.25


def test_regions_and_their_order() -> None:
    cut = plan(b"Crop,left=0.25,bottom=0.5;Resize,width=30")
    assert cut.crop == Crop(25, 0, 75, 50, CropUnit.PERCENT)
    assert (cut.resize.width, cut.stages) == (30, ())
    later = plan(b"Resize,width=30;Crop,left=0.25")
    assert later.crop is None
    assert later.stages[0].crop == Crop(25, 0, 75, 100, CropUnit.PERCENT)
    circle = plan(b"Crop,left=0,shape=circle").stages[0]
    assert circle.crop == CropWindow(aspect=Aspect(1, 1))
    assert circle.shape.mask == Ellipse()


def test_output() -> None:
    assert plan(b"Resize,width=3").output.formats == (Format.AVIF, Format.WEBP)
    assert not plan(b"Resize,width=3", MediaCdnDialect(MediaCdnOptions(negotiate=False))).output.formats
    unchanged = DIALECT.parse(b"/a.jpg", b"x=1")
    assert isinstance(unchanged, ImageRequest)
    assert not unchanged.plan.output.negotiated


@pytest.mark.parametrize(
    ("operations", "reason"),
    [
        (b"Spin", "is not one of"),
        (b"resize,width=3", "is not one of"),
        (b";", "one to 8 operations"),
        (b"Crop,left=0.1;" * 9, "one to 8 operations"),
        (b"Resize", "needs a width or a height"),
        (b"Resize,width=0", "width of Resize must be"),
        (b"Resize,width=8193", "width of Resize must be"),
        (b"Resize,width=8192,height=8193", "height of Resize must be"),
        (b"Resize,depth=3", "has no attribute"),
        (b"Resize,width=3,scaling=both", "scaling of Resize must be"),
        (b"Resize,width=3,scaling=stretch", "needs a width and a height"),
        (b"Scale", "needs a ratio"),
        (b"Scale,ratio=0", "ratio of Scale must be"),
        (b"Scale,ratio=0.5;Crop,left=0.5", "cannot be combined"),
        (b"Crop", "needs left"),
        (b"Crop,left=1.5", "left of Crop must be"),
        (b"Crop,left=0.5,right=0.5", "must lie beyond"),
        (b"Crop,left=0.5,shape=star", "shape of Crop must be"),
    ],
)
def test_refused_values(operations: bytes, reason: str) -> None:
    with pytest.raises(InvalidParameter, match=reason) as caught:
        plan(operations)
    assert caught.value.param == "imop"


def test_errors_and_entries() -> None:
    with pytest.raises(RouteNotFound):
        DIALECT.parse(b"/a.jpg", b"", upload=True)
    assert DIALECT.error_answer(InvalidParameter("no"), 400, b"", b"") == Text("no", 400)
    assert parse_mounts('[{"dialect": "mediacdn", "host": "a.example", "source": "photos"}]')
    for entry in (
        '{"dialect": "mediacdn"}',
        '{"dialect": "mediacdn", "host": "a.example", "keys": "0123456789abcdef"}',
    ):
        with pytest.raises(ValueError, match="entry 1"):
            parse_mounts(f"[{entry}]")


@given(st.binary(max_size=200))
def test_any_operations_give_an_image_or_a_refusal(operations: bytes) -> None:
    for full in (operations, b"Crop," + operations, b"Resize,width=3;" + operations, b"Scale,ratio=" + operations):
        try:
            assert isinstance(DIALECT.parse(b"/a.jpg", b"imop=" + full), ImageRequest)
        except BadRequest:
            continue
