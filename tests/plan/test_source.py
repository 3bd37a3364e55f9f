"""One canonical reference for each location, and an error for everything else."""

import contextlib
from time import thread_time

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from pixmill.errors import InvalidParameter
from pixmill.plan.colour import Colour
from pixmill.plan.source import SourceKind, SourceRef, canvas_ref, parse_redirect, parse_source, upload_ref
from pixmill.plan.url import canonical_url, is_plain_url, special_url


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("http://example.com", "http://example.com/"),
        ("HTTP://EXAMPLE.com/A", "http://example.com/A"),
        ("http://example.com./", "http://example.com/"),
        ("http://example.com:80/", "http://example.com/"),
        ("https://example.com:443/", "https://example.com/"),
        ("https://example.com:80/", "https://example.com:80/"),
        ("http://example.com:/", "http://example.com/"),
        ("http://example.com:0080/", "http://example.com/"),
        ("http://example.com/a#part", "http://example.com/a"),
        ("http://example.com?x=1", "http://example.com/?x=1"),
        ("http://example.com/?", "http://example.com/"),
        ("http://example.com/%61%7e%2f%c3%a9", "http://example.com/a~%2F%C3%A9"),
        ("http://example.com/é", "http://example.com/%C3%A9"),
        ("http://example.com/100%", "http://example.com/100%25"),
        ("http://example.com/a/./b/../c", "http://example.com/a/c"),
        ("http://example.com/../../a/%2e%2e/b/..", "http://example.com/"),
        ("http://example.com/a//b/", "http://example.com/a//b/"),
        ("http://example.com/?q=a+b%20c&sig=%2B%3d/?@:", "http://example.com/?q=a+b%20c&sig=%2B%3D/?@:"),
        ('http://example.com/<"{|}>', "http://example.com/%3C%22%7B%7C%7D%3E"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://BÜCHER.example/", "http://xn--bcher-kva.example/"),
        ("http://my_bucket.example/", "http://my_bucket.example/"),
        ("http://8.8.8.8/", "http://8.8.8.8/"),
        ("http://[2001:DB8:0::1]:8080/", "http://[2001:db8::1]:8080/"),
        ("http://h/my photo.jpg?a b#c d", "http://h/my%20photo.jpg?a%20b"),
        ("  http://h/x \t\n", "http://h/x"),
        ("\x00http://h/x\x1f", "http://h/x"),
        ("ht\ntp:/\t/h\r/a\tb\n.jpg", "http://h/ab.jpg"),
        ("http://h/a\u00a0b\u3000c", "http://h/a%C2%A0b%E3%80%80c"),
        ("http:h/x", "http://h/x"),
        ("https:/h/x", "https://h/x"),
        ("http:////h//x", "http://h//x"),
        ("http:\\\\h\\a\\..\\b?c\\d", "http://h/b?c%5Cd"),
        ("http:/\\/h\\x", "http://h/x"),
        ("HTTPS:\\h", "https://h/"),
        ("http://h/%2520%zz+", "http://h/%2520%25zz+"),
        ("http://h/[a]|{b}^`c", "http://h/%5Ba%5D%7C%7Bb%7D%5E%60c"),
    ],
)
def test_a_web_address_has_one_spelling(text: str, canonical: str) -> None:
    assert parse_source(text) == SourceRef(SourceKind.HTTP, canonical)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("canvas:8x6,ff0000", "canvas:8x6,ff0000"),
        ("Canvas:8x6,F00", "canvas:8x6,ff0000"),
        ("canvas:8x6,f00f", "canvas:8x6,ff0000"),
        ("canvas:8x6,ff000080", "canvas:8x6,ff000080"),
        ("canvas:8x6,12345600", "canvas:8x6,ffffff00"),
        ("canvas:16383x1", "canvas:16383x1,ffffff"),
    ],
)
def test_a_canvas_has_one_spelling(text: str, canonical: str) -> None:
    assert parse_source(text) == SourceRef(SourceKind.CANVAS, canonical)
    assert parse_source(canonical).text == canonical


def test_a_canvas_is_built_from_numbers() -> None:
    assert canvas_ref(8, 6, Colour(255, 0, 0)) == parse_source("canvas:8x6,f00")
    with pytest.raises(InvalidParameter, match="at most 16383"):
        canvas_ref(16_384, 1, Colour())


@pytest.mark.parametrize(
    "text",
    [
        "canvas:",
        "canvas:8",
        "canvas:8x",
        "canvas:08x6",
        "canvas:8x6,",
        "canvas:8x6,red",
        "canvas:8x6,12345",
        "canvas:8x6,ff0000 ",
        "canvas:99999x1",
        "canvas:10000x10000",
        "canvas:8x٣",
        "canvas://8x6",
    ],
)
def test_what_is_no_canvas_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match="A canvas"):
        parse_source(text)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("s3://bucket/a/b.jpg", "s3://bucket/a/b.jpg"),
        ("S3://bucket/key", "s3://bucket/key"),
        ("gs://my_bucket.example/ä b%20?#.jpg", "gs://my_bucket.example/ä b%20?#.jpg"),
        ("az://box/...", "az://box/..."),
        ("s3://bucket/a//b.png", "s3://bucket/a//b.png"),
        ("s3://bucket//lead.png", "s3://bucket//lead.png"),
        ("gs://bucket///a///b", "gs://bucket///a///b"),
        ("s3://bucket/a\\b.png", "s3://bucket/a\\b.png"),
        ("s3://bucket/" + "x" * 1_024, "s3://bucket/" + "x" * 1_024),
        ("s3://bucket/e\u0301 é+%2F%.png", "s3://bucket/e\u0301 é+%2F%.png"),
    ],
)
def test_a_store_url_is_a_bucket_and_a_key_as_it_is(text: str, canonical: str) -> None:
    assert parse_source(text) == SourceRef(SourceKind.STORE, canonical)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a.jpg", "a.jpg"),
        ("/a.jpg", "a.jpg"),
        ("folder/my photo.jpg", "folder/my photo.jpg"),
        ("%2e%2e/%2fetc", "%2e%2e/%2fetc"),  # decoded once already: now these are names
        ("/a:b.jpg", "a:b.jpg"),
        ("..a/b..", "..a/b.."),
        ("写真/é.jpg", "写真/é.jpg"),
    ],
)
def test_anything_without_scheme_is_a_path_below_the_root(text: str, path: str) -> None:
    assert parse_source(text) == SourceRef(SourceKind.PATH, path)


@pytest.mark.parametrize(
    "text",
    [
        "", "/", "//", "//a", "a//b", "a/", ".", "..", "../a", "a/..", "a/../b", "./a", "a/./b", "/..", "..\\a",
        "a\\..\\b", "a\x00b", "a\nb", "a\x7fb", "a\x85b", "\ud800", "a" * 256, "a/" * 600 + "b", "é" * 128, "x" * 9000,
        "s3://", "s3://bucket", "s3://bucket/", "s3:///key", "s3:bucket/key", "s3://Bucket/key", "s3://b/../x",
        "s3://b/x/", "s3://b//", "s3://b/a//", "s3://b/..\\a", "s3://b/a//..\\b", "s3://b/a/./x", "s3://a@b/x", "s3://b:80/x", "s3://b/a\x00", "s3://../x",
        "gs://b/" + "k" * 1025, "file:///etc/passwd", "FILE:/etc/passwd", "ftp://h/x", "data:,x", "javascript:1",
        "c:\\x", "path:x", "upload:1", "h2+x-.y:z", "http://", "http:", "http:///", "https:?x", "https://?x",
        "http://#x", "http://:80/", "http://a b/", "http://a\u3000b/", "http:u@h/x", "http://u@h/", "http://u:p@h/",
        "http://@h/", "http://:@h/", "http://h/\x01x", "http:\\\\u@x/", "http://h:x/", "http://h:-1/", "http://h:+80/",
        "http://h:65536/", "http://h:0/", "http://h:٣/", "http://h:8_0/", "http://[::1", "http://::1/",
        "http://[::1]x/", "http://[::1%25lo]/", "http://[x]@/", "http://[]/", "http://[127.0.0.1]/", "http://1.2.3/",
        "http://1.2.3.256/", "http://01.2.3.4/", "http://0x7f000001/", "http://a.0x/", "http://a..b/", "http://.a/",
        "http://" + "a" * 64 + ".com/", "http://" + "a." * 150 + "com/", "http://" + "ß" * 300 + "/", "http://h%00/",
        "http://h%2f/", "http://a<b/", "http://a\u200bb/", "http://h/" + "é" * 2000,
    ],
)  # fmt: skip
def test_everything_else_is_refused_by_the_parameters_name(text: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        parse_source(text)
    assert caught.value.param == "url"
    assert caught.value.message


def test_a_host_that_grows_when_it_is_read_is_too_long_before_that() -> None:
    """Eighteen characters of each: IDNA took 23 ms for them, and its time grows with the square."""
    with pytest.raises(InvalidParameter, match="too long"):
        parse_source("http://" + "\ufdfa" * 290 + "/")


def test_a_refused_scheme_is_named() -> None:
    with pytest.raises(InvalidParameter, match="ftp"):
        parse_source("FTP://example.com/a.jpg")


def test_an_upload_is_known_by_its_digest() -> None:
    assert upload_ref("abc") == SourceRef(SourceKind.UPLOAD, "abc")


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/b", "https://h/b"),
        ("b?x", "https://h/a/b?x"),
        ("../../b", "https://h/b"),
        ("//other/b", "https://other/b"),
        ("http://other", "http://other/"),
        (" my photo.jpg\t", "https://h/a/my%20photo.jpg"),
        ("é", "https://h/a/%C3%A9"),
        ("caf\udce9 b\\c?\\", "https://h/a/caf%E9%20b/c?%5C"),
        ("\\\\other\\b", "https://other/b"),
        ("http:/other/b", "http://other/b"),
        ("/a\n\tb", "https://h/ab"),
        ("//bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
        ("#part", "https://h/a/x"),
        ("", "https://h/a/x"),
    ],
)
def test_a_redirect_leads_from_where_it_stands(location: str, target: str) -> None:
    assert parse_redirect(parse_source("https://h/a/x"), location).text == target


@pytest.mark.parametrize("location", ["s3://bucket/key", "file:///x", "//[", "http://u@h/", "\\\\u@h"])
def test_a_redirect_to_anything_but_the_web_is_refused(location: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_redirect(parse_source("https://h/a/x?y"), location)


PIECES = st.sampled_from(
    [
        *"http:/s3gs@[]%.#?&=0127xfoA \\\t\x00é。１\u200b\ud800;,<>|^~+-_",
        "http://",
        "https://",
        "s3://b/",
        "..",
        "%2e",
        "%2F",
    ]
)
TEXTS = st.lists(PIECES, max_size=16).map("".join)


@settings(max_examples=1500, deadline=None)
@given(st.one_of(TEXTS, TEXTS.map("http://".__add__), TEXTS.map("http://h/".__add__), st.text()))
def test_any_text_is_a_reference_or_refused_and_a_canonical_one_stays(text: str) -> None:
    try:
        ref = parse_source(text)
    except InvalidParameter:
        return
    ref.text.encode()
    if ref.kind is not SourceKind.PATH:
        assert parse_source(ref.text) == ref


URLS = st.from_regex(
    r"https?://[a-z0-9_.-]{1,80}(:[0-9]{1,5})?/[a-z./~:@!$&'()*+,;=-]{0,30}([?][a-z./?&=]{0,9})?", fullmatch=True
)


@settings(max_examples=1000, deadline=None)
@given(st.one_of(URLS, TEXTS.map("http://h.example/".__add__)))
@example("http://a.xn--p1ai/")
@example("http://1.2.3.4/")
@example("http://a.0x1/")
@example("https://h:443/a")
@example("http://h:0/")
@example("http://h/a/../b")
@example("http://h/?")
@example(f"http://{'a.' * 127}a/")
@example("http://-a.b-/")
def test_a_plain_url_is_its_own_canonical_form(text: str) -> None:
    event(str(is_plain_url(text)))
    if is_plain_url(text):
        assert canonical_url(special_url(text)) == text


def test_most_urls_are_plain() -> None:
    assert is_plain_url("https://images.example.com:8080/photos/2024/Beach_1@2x.jpg?v=2&s=a,b")


@settings(max_examples=500, deadline=None)
@given(st.one_of(TEXTS, st.text()))
def test_any_location_is_a_web_address_or_refused(location: str) -> None:
    try:
        ref = parse_redirect(SourceRef(SourceKind.HTTP, "http://h/a/b"), location)
    except InvalidParameter:
        return
    assert ref.kind is SourceKind.HTTP
    assert parse_source(ref.text) == ref


@pytest.mark.parametrize("piece", ["../", "%2e", "%", "a.", "é", "[", "@", "//", "?", ":", "x/../"])
@pytest.mark.parametrize("start", ["http://h/", "http://", "s3://b/", ""])
def test_long_nonsense_is_read_in_linear_time(start: str, piece: str) -> None:
    short, long = ((start + piece * 8192)[:length] for length in (1024, 8192))
    assert _seconds(long) < 32 * max(_seconds(short), 1e-4)  # linear is 8 times the time, quadratic 64


def _seconds(text: str) -> float:
    """Processor time, the best of several: others may use the caches and the clock of the processor too."""
    best = 1.0
    for _ in range(7):
        started = thread_time()
        with contextlib.suppress(InvalidParameter):
            parse_source(text)
        best = min(best, thread_time() - started)
    return best
