"""Cloudflare's options and sources: plans, refusals, and any bytes."""

from contextlib import suppress
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.cloudflare.dialect import CloudflareDialect, CloudflareOptions
from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.kit.signatures import keys_of
from pixmill.dialects.port import Dialect, FactsRequest, ParsesHints, RendersFacts
from pixmill.errors import BadRequest, Forbidden, InvalidParameter, LoopDetected, SourceForbidden
from pixmill.media import Format
from pixmill.plan.gravity import Faces, Point
from pixmill.plan.hints import HintValues
from pixmill.plan.ops import CropInsets, Flip, Plan
from pixmill.plan.request import ImageRequest
from pixmill.plan.transforms import TrimCorner

ZONE = CloudflareDialect(CloudflareOptions(), site="https://a.example/x", site_only=True)
HOSTED = CloudflareDialect(CloudflareOptions(), is_hosted=True, keys=keys_of([b"k"]))


def request(path: str, query: bytes = b"", dialect: CloudflareDialect = ZONE) -> ImageRequest:
    outcome = dialect.parse(path.encode(), query)
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(options: str) -> Plan:
    return request(f"/cdn-cgi/image/{options}/a.jpg").plan


def test_it_is_a_dialect() -> None:
    dialect: Dialect = ZONE
    assert isinstance(dialect, ParsesHints)
    assert isinstance(dialect, RendersFacts)


def test_spellings_of_an_image_are_one_plan() -> None:
    assert plan("w=300,h=200,f=webp") == plan("height=100,format=webp,dpr=2,width=150") == plan("w%3D300%2Ch%3D200,f=webp".replace(",f=webp", "%2Cf%3Dwebp"))  # fmt: skip
    assert plan("w=300,gravity=left") == plan("w=300,brightness=1,contrast=0,gamma=0,saturation=1,trim=0")


def test_the_last_of_two_counts() -> None:
    assert plan("w=300,w=200") == plan("width=200")


@pytest.mark.parametrize(
    ("options", "crop"),
    [
        ("trim=1", CropInsets(1, 1, 1, 1)),
        ("trim=1;2", CropInsets(2, 1, 2, 1)),
        ("trim=1;2;3", CropInsets(2, 1, 2, 3)),
        ("trim=1;2;3;4", CropInsets(4, 1, 2, 3)),
        ("trim=1;2;3;4,rotate=90", CropInsets(3, 4, 1, 2)),
        ("trim=1;2;3;4,rotate=180", CropInsets(2, 3, 4, 1)),
        ("trim=1;2;3;4,rotate=270", CropInsets(1, 2, 3, 4)),
        ("trim=1;2;3;4,flip=h", CropInsets(2, 1, 4, 3)),
        ("trim.left=5,trim.width=10", CropInsets(5, 0, -15, 0)),
        ("trim=1;2;3;4,dpr=2", CropInsets(8, 2, 4, 6)),
    ],
)
def test_edges_are_those_of_the_image_before_it_is_turned(options: str, crop: CropInsets) -> None:
    assert plan(options).crop == crop


def test_a_mirror_comes_before_a_turn() -> None:
    assert (plan("flip=h,rotate=90").rotate, plan("flip=h,rotate=90").flip) == (90, Flip.VERTICAL)
    assert plan("flip=h,rotate=180") == plan("flip=v")


def test_a_border_of_one_colour_is_trimmed() -> None:
    trim = plan("trim=border,trim.border.tolerance=3,trim.border.keep=2").trim
    assert trim is not None
    assert (trim.tolerance, trim.padding, trim.corner) == (3, 2, TrimCorner.TOP_LEFT)
    assert plan("trim.border.color=red").trim is not None


def test_gravity() -> None:
    assert plan("w=9,h=9,fit=cover,g=0.25x1").resize.gravity == Point(0.25, 1.0)
    assert plan("w=9,h=9,fit=cover,g=face,face-zoom=.5").resize.gravity == Faces(closeness=0.5)
    with pytest.raises(InvalidParameter, match="g: must be"):
        plan("w=9,g=2x1")


def test_borders_on_each_side() -> None:
    (stage,) = plan("w=100,border=color:red_width:5_left:1").stages
    assert (stage.extend.top, stage.extend.left) == (5, 1)
    assert plan("w=100,border.width=0").stages == ()
    assert plan("w=100,border.color=red,border.width=5,border.left=1").stages == (stage,)


def test_the_screen_of_the_client() -> None:
    path = b"/cdn-cgi/image/width=auto,q=80,scq=30/a.jpg"
    first = request(path.decode())
    assert first.plan.resize.width == 1200
    assert first.hints is not None
    assert (first.hints.width, first.hints.save_data) == (True, True)
    hinted = ZONE.parse_with_hints(path, b"", HintValues(640, Fraction(1), save_data=True))
    assert isinstance(hinted, ImageRequest)
    assert (hinted.plan.resize.width, hinted.plan.output.quality) == (768, 30)


def test_formats() -> None:
    assert plan("w=9,f=auto").output.formats == (Format.AVIF, Format.WEBP)
    assert plan("w=9,f=auto,compression=fast").output.formats == ()
    assert plan("w=9,f=webp,q=100").output.encoding.lossless
    assert isinstance(ZONE.parse(b"/cdn-cgi/image/f=json/a.jpg", b""), FactsRequest)


def test_sources() -> None:
    assert request("/cdn-cgi/image/w=9/b/c%20d.jpg").source.text == "b/c d.jpg"
    assert request("/cdn-cgi/image/w=9/b.jpg", b"v=1").source.text == "https://a.example/x/b.jpg?v=1"
    for url in ("https://a.example/b.jpg", "https:/a.example/b.jpg", "https%3A%2F%2Fa.example%2Fb.jpg"):
        assert request(f"/cdn-cgi/image/w=9/{url}").source.text == "https://a.example/b.jpg"
    for url in ("cdn-cgi/image/w=1/b.jpg", "/cdn-cgi/image/w=1/b.jpg", "https://a.example/cdn-cgi/image/w=1/b.jpg"):
        with pytest.raises(LoopDetected):
            ZONE.parse(f"/cdn-cgi/image/w=9/{url}".encode(), b"")


@pytest.mark.parametrize(
    ("origin", "allowed", "refused"),
    [
        ("b.example", "https://b.example/a", "https://c.b.example/a"),
        ("*.b.example", "https://c.b.example/a", "https://cb.example/a"),
        ("https://b.example/x/*", "https://b.example/x/a", "https://b.example/y"),
        ("https://b.example", "https://b.example/a", "http://b.example/a"),
        ("b.example", "http://b.example/a", "https://b.example:8443/a"),
        ("b.example:8443", "https://b.example:8443/a", "https://b.example/a"),
        ("https://b.example:443", "https://b.example/a", "https://b.example:444/a"),
        ("[::1]:90", "http://[::1]:90/a", "http://[::1]/a"),
    ],
)
def test_allowed_origins(origin: str, allowed: str, refused: str) -> None:
    dialect = CloudflareDialect(CloudflareOptions(allowed_origins=(origin,)))
    assert dialect.limits_sources
    assert request(f"/cdn-cgi/image/w=9/{allowed}", dialect=dialect).source.text == allowed
    with pytest.raises(SourceForbidden):
        dialect.parse(f"/cdn-cgi/image/w=9/{refused}".encode(), b"")


@pytest.mark.parametrize("refused", ["http://z.example:81/a", "https://z.example:8080/a", "https://y.example/a"])
def test_only_the_site_s_own_ports_are_read(refused: str) -> None:
    dialect = CloudflareDialect(CloudflareOptions(), site="https://z.example", site_only=True)
    assert request("/cdn-cgi/image/w=9/https://z.example/a", dialect=dialect).source.text == "https://z.example/a"
    with pytest.raises(SourceForbidden):
        dialect.parse(f"/cdn-cgi/image/w=9/{refused}".encode(), b"")
    other = CloudflareDialect(CloudflareOptions(), site="http://z.example:81/x", site_only=True)
    assert request("/cdn-cgi/image/w=9/http://z.example:81/a", dialect=other).source.text == "http://z.example:81/a"


def test_bad_entries() -> None:
    for options in (
        '{"variants": {"a": "w=x"}}',
        '{"variants": {"a": {"options": {"depth": 3}}}}',
        '{"allowed_origins": ["a b"]}',
        '{"nonsense": 1}',
    ):
        with pytest.raises(ValueError, match="entry 1"):
            parse_mounts(f'[{{"dialect": "cloudflare", "options": {options}}}]')
    assert parse_mounts('[{"dialect": "imagedelivery", "host": "a.example"}]')


def test_variants_of_the_api() -> None:
    raw = b'{"variants": {"a": {"id": "a", "options": {"width": 9, "anim": false}, "neverRequireSignedURLs": true}}}'
    dialect = CloudflareDialect(msgspec.json.decode(raw, type=CloudflareOptions), is_hosted=True, keys=keys_of([b"k"]))
    hosted = request("/h/i/d/a", dialect=dialect)
    assert (hosted.source.text, hosted.plan.resize.width, hosted.plan.input.animated) == ("i/d", 9, False)
    assert not dialect.requires_signature
    assert HOSTED.requires_signature


@given(st.binary(max_size=80), st.binary(max_size=40))
def test_any_bytes(path: bytes, query: bytes) -> None:
    for dialect in (ZONE, HOSTED):
        for one in (b"/" + path, b"/cdn-cgi/image/" + path, b"/cdn-cgi/image/w=1," + path + b"/a.jpg"):
            with suppress(BadRequest, Forbidden):
                dialect.verify(one, query, 0)
            with suppress(BadRequest, Forbidden):
                dialect.parse(one, query)
