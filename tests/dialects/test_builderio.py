"""Builder.io: equal plans of equal images, fits, refusals by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.builderio.dialect import BuilderIoDialect, BuilderIoOptions
from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.port import Text
from pixmill.errors import BadRequest, InvalidParameter, RouteNotFound
from pixmill.plan.gravity import Point, Smart
from pixmill.plan.ops import Clamp, Fit, Plan
from pixmill.plan.request import ImageRequest

DIALECT = BuilderIoDialect(BuilderIoOptions())


def image(query: bytes) -> ImageRequest:
    outcome = DIALECT.parse(b"/api/v1/image/assets%2FA%2Fb%20c", query)
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(query: bytes) -> Plan:
    return image(query).plan


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"width=300&height=200", b"height=200&width=300&foo=1"),
        (b"width=1&width=300", b"width=300"),
        (b"width=300&height=0", b"width=300"),
        (b"width=300&fit=contain", b"width=300"),
        (b"width=300&position=top", b"width=300"),
        (b"width=3&height=3&fit=COVER", b"width=3&height=3"),
        (b"width=3&height=3&position=left%20top", b"width=3&height=3&position=left+top"),
        (b"width=3&height=3&fit=inside&position=top", b"width=3&height=3&fit=inside"),
        (b"format=original", b""),
        (b"format=JPG", b"format=jpeg"),
    ],
)
def test_equal_images_have_equal_plans(one: bytes, other: bytes) -> None:
    assert image(one) == image(other)
    assert image(one).source.text == "assets/A/b c"


def test_fits() -> None:
    cover = plan(b"width=30&height=20&position=right+bottom").resize
    assert (cover.fit, cover.gravity, cover.enlarge, cover.clamp) == (Fit.COVER, Point(1, 1), False, Clamp.SIDES)
    assert plan(b"width=30&height=20&position=attention").resize.gravity == Smart()
    assert plan(b"width=30&height=20&fit=contain").resize.fit is Fit.CONTAIN
    assert not plan(b"width=30").output.original_formats
    assert plan(b"quality=30").output.original_formats
    assert plan(b"").output.quality == 85


@pytest.mark.parametrize(
    "query", [b"width=-1", b"height=1.5", b"fit=crop", b"position=middle", b"quality=0", b"format=x"]
)
def test_refused_values(query: bytes) -> None:
    with pytest.raises(InvalidParameter) as caught:
        plan(query)
    assert caught.value.param == query.partition(b"=")[0].decode()


def test_routes_errors_and_entries() -> None:
    for path in (b"/api/v1/image/", b"/api/v1/images/a", b"/a.jpg"):
        with pytest.raises(RouteNotFound):
            DIALECT.parse(path, b"")
    with pytest.raises(RouteNotFound):
        DIALECT.parse(b"/api/v1/image/a", b"", upload=True)
    assert DIALECT.error_answer(InvalidParameter("fit must be"), 400, b"", b"") == Text("fit must be", 400)
    assert parse_mounts('[{"dialect": "builderio", "source": "photos"}]')
    with pytest.raises(ValueError, match="does not use keys"):
        parse_mounts('[{"dialect": "builderio", "keys": "0123456789abcdef"}]')


@given(st.binary(max_size=200), st.binary(max_size=60))
def test_any_url_gives_an_image_or_a_refusal(query: bytes, path: bytes) -> None:
    try:
        assert isinstance(DIALECT.parse(b"/api/v1/image/" + path, query), ImageRequest)
    except BadRequest:
        return
