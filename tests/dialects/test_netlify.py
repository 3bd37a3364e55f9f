"""Netlify's Image CDN: originals, plans of both handlers, and any bytes."""

import json
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.netlify.dialect import NetlifyDialect, NetlifyOptions
from pixmill.dialects.port import Dialect, Text
from pixmill.dialects.signing import Keyring
from pixmill.errors import (
    BadRequest,
    Draining,
    Forbidden,
    InvalidParameter,
    PixmillError,
    RouteNotFound,
    SignatureMissing,
    SourceForbidden,
    SourceNotFound,
    SourceUnreachable,
    UndecodableImage,
)
from pixmill.plan.ops import Clamp, Fit
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceKind

PATH = b"/.netlify/images"
SITE = "https://site.example:8443/base"
PATTERNS = ("^https://cdn[.]example/.*[.]jpg$",)
HOSTED = NetlifyDialect(NetlifyOptions(PATTERNS), site=SITE)
DEV = NetlifyDialect(NetlifyOptions(PATTERNS, "dev"), site=SITE)
BOTH = [HOSTED, DEV]


def image(query: bytes, dialect: NetlifyDialect = HOSTED) -> ImageRequest:
    outcome = dialect.parse(PATH, query)
    assert isinstance(outcome, ImageRequest)
    return outcome


def test_it_is_a_dialect() -> None:
    dialect: Dialect = HOSTED
    assert dialect.prefix == "/.netlify/images"


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize(
    ("url", "source"),
    [
        (b"/a.jpg", "a.jpg"),
        (b"a%20b.jpg", "a b.jpg"),
        (b"a%2520b.jpg", "a b.jpg"),
        (b"/../a.jpg", "a.jpg"),
        (b"/a.jpg?v=1", "https://site.example:8443/base/a.jpg?v=1"),
        (b"https://site.example:8443/base/x.jpg", "https://site.example:8443/base/x.jpg"),
        (b"//site.example:8443/base/x.jpg", "https://site.example:8443/base/x.jpg"),
        (b"https://cdn.example/a/b.jpg", "https://cdn.example/a/b.jpg"),
    ],
)
def test_originals(url: bytes, source: str, dialect: NetlifyDialect) -> None:
    assert image(b"url=" + url.replace(b"?", b"%3F"), dialect).source.text == source


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize(
    "url",
    [
        b"https://cdn.example/a.png",
        b"https://site.example/x.jpg",
        b"https://site.example:8443/x.jpg",
        b"https://site.example:8443/base/../x.jpg",
        b"//site.example:8443/bases/x.jpg",
        b"//cdn.example.evil/a.jpg",
        b"http://cdn.example/a.jpg",
    ],
)
def test_other_urls_are_forbidden(url: bytes, dialect: NetlifyDialect) -> None:
    with pytest.raises(SourceForbidden):
        dialect.parse(PATH, b"url=" + url)


def test_both_sides_mean_inside_for_the_service_and_cover_for_the_handler() -> None:
    query = b"url=a.jpg&w=300&h=200"
    assert image(query).plan.resize.fit is Fit.INSIDE
    resize = image(query, DEV).plan.resize
    assert (resize.fit, resize.clamp) == (Fit.COVER, Clamp.BOX)
    assert image(query + b"&fit=contain", DEV).plan.resize.fit is Fit.INSIDE


def test_names_may_be_long() -> None:
    for dialect in BOTH:
        long, short = image(b"url=a&width=3&quality=9", dialect), image(b"q=9&w=3&url=a", dialect)
        assert long == short
        assert image(b"url=a&fit=cover&w=3", dialect) == image(b"url=a&w=3", dialect)


@pytest.mark.parametrize("query", [b"w=0", b"w=x", b"q=0", b"q=101", b"fit=x", b"position=north", b"fm=bmp", b"h=3.5"])
def test_the_service_checks_values(query: bytes) -> None:
    with pytest.raises(InvalidParameter) as caught:
        HOSTED.parse(PATH, b"url=a.jpg&" + query)
    assert HOSTED.error_answer(caught.value, 400, PATH, b"") == Text(caught.value.message, 400)


@pytest.mark.parametrize(
    ("error", "hosted", "dev"),
    [
        (SourceNotFound(), 404, 404),
        (SourceUnreachable(), 404, 500),
        (UndecodableImage(), 400, 500),
        (SourceForbidden(), 403, 403),
        (Draining(), 404, 404),
    ],
)
def test_errors(error: PixmillError, hosted: int, dev: int) -> None:
    for dialect, status in ((HOSTED, hosted), (DEV, dev)):
        answer = dialect.error_answer(error, 404, PATH, b"")
        assert isinstance(answer, Text)
        assert answer.status == status
    assert HOSTED.error_answer(RouteNotFound(), 404, PATH, b"") is None


@pytest.mark.parametrize("options", [{"remote_images": ["(?=a)"]}, {"handler": "x"}, {"images": []}])
def test_options_that_are_not_valid_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        parse_mounts(json.dumps([{"dialect": "netlify", "options": options}]))


def test_every_url_is_no_allow_list() -> None:
    for pattern, is_limited in ((".*", False), ("https://.*", False), ("^https://cdn[.]example/", True)):
        assert NetlifyDialect(NetlifyOptions((pattern,))).limits_sources is is_limited


def test_requests_can_be_signed() -> None:
    dialect = NetlifyDialect(NetlifyOptions(), keyring=Keyring((b"0123456789abcdef",)))
    signed = dialect.sign(PATH, b"url=a").partition("?")[2].encode()
    assert dialect.verify(PATH, signed, 0) is None
    with pytest.raises(SignatureMissing):
        dialect.verify(PATH, b"url=a", 0)


names = st.sampled_from([b"url", b"w", b"h", b"fit", b"position", b"fm", b"q", b"x"])
values = st.one_of(
    st.binary(max_size=20),
    st.sampled_from([b"300", b"0", b"9" * 99, b"cover", b"top", b"webp", b"/a.jpg", b"//", b"http:", b"%C3", b"a:b"]),
)
queries = st.one_of(
    st.binary(max_size=200),
    st.lists(st.tuples(names, values), max_size=8).map(lambda pairs: b"&".join(b"%s=%s" % pair for pair in pairs)),
)


@given(st.sampled_from([PATH, PATH + b"/", b"/"]), queries, st.sampled_from(BOTH))
def test_any_bytes_give_an_image_or_a_refusal(path: bytes, query: bytes, dialect: NetlifyDialect) -> None:
    with suppress(BadRequest, Forbidden):
        assert isinstance(dialect.parse(path, query), ImageRequest)


@pytest.mark.parametrize(
    ("pattern", "allowed", "refused"),
    [
        ("https://a[.]example/.*", "https://a.example/x", "https://b.example/?https://a.example/x"),
        ("https?://(a|b)[.]example/", "http://b.example/x", "https://c.example/http://a.example/x"),
        ("https://a/|https://[|b]/", "https://b/x", "https://c/https://a/"),
        ("^https://a/", "https://a/x", "https://c/https://a/"),
        (r"https://a\.example/x(\||%7C)y", "https://a.example/x|y", "https://c/https://a.example/x|y"),
    ],
)
def test_a_pattern_with_a_scheme_matches_where_urls_begin(pattern: str, allowed: str, refused: str) -> None:
    dialect = NetlifyDialect(NetlifyOptions((pattern,)))
    assert image(f"url={quote(allowed, safe='')}&w=9".encode(), dialect).source.kind is SourceKind.HTTP
    with pytest.raises(SourceForbidden):
        image(f"url={quote(refused, safe='')}&w=9".encode(), dialect)


def test_a_pattern_without_a_scheme_matches_anywhere_as_netlify_does() -> None:
    dialect = NetlifyDialect(NetlifyOptions(("[.]example/",)))
    assert image(b"url=https%3A%2F%2Fa.example%2Fx&w=9", dialect).source.text == "https://a.example/x"
