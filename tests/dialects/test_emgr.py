"""EmgR's grammar: any bytes give one of the allowed outcomes, and what a key carries is the request itself."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pixmill.dialects.emgr.dialect import EmgrDialect, EmgrOptions
from pixmill.dialects.emgr.options import MAX_SIDE
from pixmill.dialects.native.dialect import parse as native
from pixmill.dialects.port import Dialect, ImageRedirect, ImmutableImage, Redirect, RedirectsToResults, Text
from pixmill.dialects.signing import Keyring
from pixmill.errors import (
    BadRequest,
    Draining,
    PixmillError,
    QueueFull,
    RouteNotFound,
    SourceForbidden,
    SourceNotFound,
)
from pixmill.plan.source import SourceRef


def allows(ref: SourceRef) -> bool:
    return ref.text.startswith("http://a/")


EMGR = EmgrDialect(EmgrOptions(), allows_source=allows)
RESIZE, FILES = b"/api/images/resize", b"/api/images/files/"
ETAG = '"0123456789abcdef0123456789abcdef"'


def test_it_is_a_dialect() -> None:
    dialect: Dialect = EMGR
    assert isinstance(dialect, RedirectsToResults)


@pytest.mark.parametrize(
    ("query", "equal"),
    [
        (b"width=300", b"width=300&enlarge=true&format=jpeg"),
        (b"height=300", b"height=300&enlarge=true&format=jpeg"),
        (b"width=300&height=300", b"width=300&height=300&fit=cover&enlarge=true&format=jpeg"),
        (b"format=png", b"format=png&animated=false"),
        (b"width=300&format=webp", b"width=300&enlarge=true&format=webp&lossless=true&animated=false"),
        (b"grayscale=true&blur_sigma=2.5", b"grayscale=true&blur=2.5&format=jpeg"),
        (b"width=60", b"width=60&enlarge=true&animated=false&format=jpeg"),
    ],
)
def test_a_resize_is_the_native_request_that_means_the_same(query: bytes, equal: bytes) -> None:
    outcome = EMGR.parse(RESIZE, b"url=http://a/b.jpg&" + query)
    assert outcome == ImageRedirect(native(b"/resize", b"url=http://a/b.jpg&" + equal))


names = st.sampled_from([b"url", b"width", b"height", b"format", b"blur_sigma", b"grayscale", b"x", b""])
values = st.one_of(
    st.binary(max_size=30),
    st.sampled_from([b"300", b"0", b"-1", b"webp", b"true", b"5.5", b"http://a/b.jpg", b"%", b"%4", b"a%2Fb", b"+"]),
)
queries = st.one_of(
    st.binary(max_size=200),
    st.lists(st.tuples(names, values), max_size=8).map(lambda pairs: b"&".join(b"%s=%s" % pair for pair in pairs)),
)
paths = st.one_of(
    st.binary(max_size=100),
    st.sampled_from([b"/", b"/health", RESIZE, FILES, RESIZE + b"/"]),
    st.binary(max_size=60).map(FILES.__add__),
    st.from_regex(rb"\A/api/images/files/[A-Za-z0-9_-]{1,40}\.[0-9a-f]{16}\.(jpg|png|webp)\Z"),
)


@given(paths, queries, st.booleans())
@example(b"/api/images/files/" + b"A" * 8000 + b".0123456789abcdef.jpg", b"", False)
@example(RESIZE, b"url=" + b"%C3%A4" * 2000, False)
def test_any_bytes_give_an_outcome_or_a_bad_request(path: bytes, query: bytes, upload: bool) -> None:
    try:
        outcome = EMGR.parse(path, query, upload=upload)
    except BadRequest:
        return
    finally:
        assert isinstance(EMGR.error_answer(SourceNotFound(), 404, path, query), Redirect | Text)
    assert isinstance(outcome, ImageRedirect | ImmutableImage | Redirect | Text)
    assert not upload
    assert EMGR.match(path) is not None
    if isinstance(outcome, ImageRedirect):
        location = EMGR.location(path, query, ETAG, None)
        assert location.isascii()
        assert location.isprintable()
        assert EMGR.parse(location.encode(), b"") == ImmutableImage(outcome.request, "0123456789abcdef")


sides = st.one_of(st.none(), st.integers(1, MAX_SIDE))


variants = st.tuples(
    sides, sides, st.sampled_from(["jpg", "png", "webp"]), st.sampled_from([0, *range(1, 1001)]), st.booleans()
)


@given(st.lists(variants, min_size=2, max_size=2))
@example([(101, 10, "jpg", 0, False), (10, 110, "jpg", 0, False)])
def test_two_requests_never_share_a_key(requests: list[tuple[int | None, int | None, str, int, bool]]) -> None:
    locations = []
    for width, height, extension, blur, grayscale in requests:
        pieces = [f"url=http://a/b.jpg&format={extension}&blur_sigma={blur / 10}"]
        pieces += [f"width={width}"] * (width is not None) + [f"height={height}"] * (height is not None)
        pieces += ["grayscale=true"] * grayscale
        locations.append(EMGR.location(RESIZE, "&".join(pieces).encode(), ETAG, None))
    assert (locations[0] == locations[1]) == (requests[0] == requests[1])


def test_only_failures_of_an_allowed_source_lead_to_the_original() -> None:
    query = b"url=http://a/b%2520c.jpg&width=5"
    assert EMGR.error_answer(SourceNotFound(), 404, RESIZE, query) == Redirect("http://a/b%20c.jpg")
    assert EMGR.error_answer(QueueFull(), 503, RESIZE, query) == Redirect("http://a/b%20c.jpg")
    assert EMGR.error_answer(SourceForbidden("no"), 403, RESIZE, query) == Text("no", 403)
    assert isinstance(EMGR.error_answer(SourceNotFound(), 404, RESIZE, b"url=a.jpg"), Text)
    assert isinstance(EMGR.error_answer(SourceNotFound(), 404, FILES + b"x", b""), Text)
    assert isinstance(EMGR.error_answer(QueueFull(), 503, RESIZE, b""), Text), "shed before parsing: nothing is known"
    closed = EmgrDialect(EmgrOptions(redirect_errors=False), allows_source=allows)
    assert isinstance(closed.error_answer(SourceNotFound(), 404, RESIZE, query), Text)
    assert isinstance(EmgrDialect(EmgrOptions()).error_answer(SourceNotFound(), 404, RESIZE, query), Text)


@pytest.mark.parametrize("error", [QueueFull(), Draining()])
def test_a_request_that_is_rejected_before_its_checks_is_not_redirected_anywhere(error: PixmillError) -> None:
    trusted, foreign = b"url=http://a/b.jpg", b"url=https://evil.example/b.jpg"
    assert isinstance(EMGR.error_answer(error, 503, RESIZE, foreign), Text)
    keyring = Keyring.from_text("k" * 32)
    signed = EmgrDialect(EmgrOptions(), keyring, b"/m")
    assert isinstance(signed.error_answer(error, 503, RESIZE, trusted), Text), "without a signature"
    query = signed.sign(RESIZE, trusted, expires=5).partition("?")[2].encode()
    assert signed.error_answer(error, 503, RESIZE, query) == Redirect("http://a/b.jpg")
    both = EmgrDialect(EmgrOptions(), keyring, b"/m", allows)
    query = both.sign(RESIZE, foreign).partition("?")[2].encode()
    assert isinstance(both.error_answer(error, 503, RESIZE, query), Text), "signed, but not allowed"


def test_a_cdn_has_the_files() -> None:
    dialect = EmgrDialect(EmgrOptions(cdn_base_url="https://cdn.example/i/"))
    location = dialect.location(RESIZE, b"url=http://a/b.jpg", ETAG, None)
    assert location.startswith("https://cdn.example/i/")
    assert location.count("/") == 4


@pytest.mark.parametrize(
    "url",
    [
        "x",
        "//cdn.example",
        "https://",
        "https://é.example",
        "https://a/b c",
        "https://a/\r\nx: y",
        "https://a/?b",
        "https://a/#b",
    ],
)
def test_the_url_of_a_cdn_fits_a_header(url: str) -> None:
    with pytest.raises(ValueError, match="cdn_base_url"):
        EmgrDialect(EmgrOptions(cdn_base_url=url))


@pytest.mark.parametrize("path", ["/a:b.jpg", "/http:b.jpg", "folder/a:b.jpg", "/12:30.jpg", "12:30.jpg"])
def test_a_path_with_a_colon_keeps_its_meaning_in_a_key(path: str) -> None:
    query = f"url={path}".encode()
    resize = EMGR.parse(RESIZE, query)
    assert isinstance(resize, ImageRedirect)
    file = EMGR.parse(EMGR.location(RESIZE, query, ETAG, None).encode(), b"")
    assert file == ImmutableImage(resize.request, "0123456789abcdef")


def test_uploads_are_not_answered() -> None:
    with pytest.raises(RouteNotFound):
        EMGR.parse(RESIZE, b"url=a.jpg", upload=True)
