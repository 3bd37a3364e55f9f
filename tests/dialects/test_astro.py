"""Astro: equal plans of equal images, both versions, which hosts are allowed, refusals by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.astro.dialect import AstroDialect, AstroOptions
from pixmill.dialects.astro.remote_patterns import RemotePattern
from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.port import LimitsSources, Text
from pixmill.errors import (
    BadRequest,
    Forbidden,
    InvalidParameter,
    MissingParameter,
    PixmillError,
    QueueFull,
    RouteNotFound,
    SourceForbidden,
    SourceNotFound,
)
from pixmill.media import Format
from pixmill.plan.ops import Clamp, Fit, Plan
from pixmill.plan.request import ImageRequest

DIALECT = AstroDialect(AstroOptions(), site="https://site.example/")
OLD = AstroDialect(AstroOptions(version=5))


def image(query: bytes, dialect: AstroDialect = DIALECT) -> ImageRequest:
    outcome = dialect.parse(b"/_image", query)
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(query: bytes, dialect: AstroDialect = DIALECT) -> Plan:
    return image(b"href=/a.jpg&" + query, dialect).plan


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"w=300&h=200", b"h=200&w=300&foo=1"),
        (b"w=300&w=1", b"w=300"),
        (b"w=300&h=", b"w=300"),
        (b"w=300px", b"w=300"),
        (b"w=x&h=200", b"h=200"),
        (b"w=300&fit=fill", b"w=300"),
        (b"w=300&position=top", b"w=300"),
        (b"w=300&h=200&fit=cover", b"w=300&h=200"),
        (b"w=300&h=200&fit=contain", b"w=300&h=200&fit=scale-down"),
        (b"w=300&h=200&fit=unknown", b"w=300&h=200&fit=inside"),
        (b"w=300&h=200&fit=none", b"w=300&h=200&fit=outside"),
        (b"q=mid", b"q=50"),
        (b"q=best", b""),
        (b"f=jpg", b"f=jpeg"),
        (b"f=webp", b""),
        (b"background=red", b"background=%23f00"),
        (b"f=svg&w=3", b"f=svg"),
    ],
)
def test_equal_images_have_equal_plans(one: bytes, other: bytes) -> None:
    assert plan(one) == plan(other)


def test_sides() -> None:
    both = plan(b"w=300&h=200").resize
    assert (both.fit, both.enlarge, both.clamp) == (Fit.COVER, False, Clamp.SIDES)
    assert plan(b"w=300&h=200&fit=fill").resize.fit is Fit.FILL
    assert plan(b"w=300").output.formats == (Format.WEBP,)
    assert plan(b"f=svg").output.source_format


def test_the_fifth_version() -> None:
    assert plan(b"w=300&h=200", OLD) == plan(b"w=300", OLD)
    assert plan(b"w=300", OLD).resize.enlarge
    assert plan(b"h=300", OLD).resize.enlarge
    assert plan(b"w=300&h=200&fit=cover", OLD) == plan(b"w=300&h=200&fit=cover")


def test_paths_of_the_site() -> None:
    assert image(b"href=%2F_astro%2Fa%20b.jpg").source.text == "_astro/a b.jpg"
    assert image(b"href=a.jpg").source == image(b"href=%2Fa.jpg").source
    assert image(b"href=%2Fa.jpg%3ForigWidth%3D3").source.text == "https://site.example/a.jpg?origWidth=3"
    assert image(b"href=%2Fa.jpg%3ForigWidth%3D3", OLD).source.text == "a.jpg"


ANY = RemotePattern()
PATTERNS = (RemotePattern("https", "**.a.example", "", "/x/**"), RemotePattern(hostname="*.b.example", pathname="/y/*"))


@pytest.mark.parametrize(
    ("url", "is_allowed"),
    [
        ("https://c.example/q.jpg", True),
        ("//c.example/q.jpg", True),
        ("https://d.c.example/q.jpg", False),
        ("https://q.r.a.example/x/y/q.jpg", True),
        ("http://q.r.a.example/x/y/q.jpg", False),
        ("https://a.example/x/q.jpg", False),
        ("https://q.a.example/z/q.jpg", False),
        ("https://q.a.example/x/", False),
        ("http://q.b.example/y/q.jpg", True),
        ("http://q.r.b.example/y/q.jpg", False),
        ("http://q.b.example/y/z/q.jpg", False),
        ("https://evil.example/?https://c.example/", False),
        ("https:\\\\c.example\\q.jpg", True),
    ],
)
def test_hosts_are_allowed_by_the_configuration(url: str, is_allowed: bool) -> None:
    dialect = AstroDialect(AstroOptions(("c.example",), PATTERNS))
    query = b"href=" + url.encode().replace(b"?", b"%3F")
    if is_allowed:
        assert image(query, dialect).source.text.startswith("http")
        return
    with pytest.raises(SourceForbidden):
        dialect.parse(b"/_image", query)


def test_an_entry_for_every_host_is_no_limit() -> None:
    for patterns, is_limited in (((), True), (PATTERNS, True), ((RemotePattern("https"),), False)):
        dialect = AstroDialect(AstroOptions(remote_patterns=patterns))
        assert isinstance(dialect, LimitsSources)
        assert dialect.limits_sources is is_limited
    assert RemotePattern("https", "", "8443", "").allows("https://a.example:8443/x")
    assert not RemotePattern("https", "", "8443", "").allows("https://a.example/x")


@pytest.mark.parametrize(
    ("query", "param"),
    [
        (b"w=-1", "w"),
        (b"h=-9", "h"),
        (b"q=101", "q"),
        (b"q=-1", "q"),
        (b"f=bmp", "f"),
        (b"background=nothing", "background"),
        (b"w=3&h=3&position=middle", "position"),
    ],
)
def test_refused_values(query: bytes, param: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        plan(query)
    assert caught.value.param == param


def test_what_is_needed() -> None:
    for query in (b"", b"href=", b"w=3"):
        with pytest.raises(MissingParameter):
            DIALECT.parse(b"/_image", query)
    for path in (b"/_images", b"/_image/a.jpg", b"/"):
        with pytest.raises(RouteNotFound):
            DIALECT.parse(path, b"href=/a.jpg")
    with pytest.raises(RouteNotFound):
        DIALECT.parse(b"/_image", b"href=/a.jpg", upload=True)
    assert DIALECT.parse(b"/_image/", b"href=/a.jpg") == image(b"href=/a.jpg")


@pytest.mark.parametrize(
    ("error", "status", "answer"),
    [
        (SourceForbidden("no"), 403, Text("Forbidden", 403)),
        (SourceNotFound(), 502, Text("Not Found", 404)),
        (InvalidParameter("w must be 3", param="w"), 400, Text("w must be 3", 400)),
        (QueueFull(), 503, Text("Internal Server Error", 503)),
        (RouteNotFound(), 404, None),
    ],
)
def test_errors(error: PixmillError, status: int, answer: Text | None) -> None:
    assert DIALECT.error_answer(error, status, b"/_image", b"") == answer


def test_entries() -> None:
    assert parse_mounts('[{"dialect": "astro", "options": {"version": 5, "domains": ["a.example"]}}]')
    assert parse_mounts('[{"dialect": "astro", "keys": "0123456789abcdef"}]')
    for options in ('{"version": 4}', '{"remote_patterns": [{"host": "a"}]}', '{"quality": 0}'):
        with pytest.raises(ValueError, match="entry 1"):
            parse_mounts(f'[{{"dialect": "astro", "options": {options}}}]')


@given(st.binary(max_size=200))
def test_any_query_gives_an_image_or_a_refusal(query: bytes) -> None:
    for full in (query, b"href=/a.jpg&" + query, b"href=https://" + query):
        try:
            assert isinstance(DIALECT.parse(b"/_image", full), ImageRequest)
        except (BadRequest, Forbidden):
            continue
