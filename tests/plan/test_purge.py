"""Purge targets, and their canonical spelling."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pixmill.errors import InvalidParameter
from pixmill.plan.purge import MAX_TAG_BYTES, PurgeScope, is_tag, parse_target
from pixmill.plan.source import parse_source


@pytest.mark.parametrize(
    ("scope", "text", "value"),
    [
        (PurgeScope.SOURCE, "HTTPS://Cdn.Example:443/a/../b%7e.jpg#top", "https://cdn.example/b~.jpg"),
        (PurgeScope.SOURCE, "/photos/a.jpg", "photos/a.jpg"),
        (PurgeScope.TAG, "product:17", "product:17"),
        (PurgeScope.PREFIX, "HTTPS://Cdn.Example:443/Photos/", "https://cdn.example/Photos/"),
        (PurgeScope.PREFIX, "http://cdn.example:443/", "http://cdn.example:443/"),
        (PurgeScope.PREFIX, "/photos/", "photos/"),
        (PurgeScope.PREFIX, "https://cdn", "https://cdn"),
        (PurgeScope.PREFIX, "https://B\u00fccher.example/Sch\u00f6n/", "https://xn--bcher-kva.example/Sch%C3%B6n/"),
        (PurgeScope.PREFIX, "https://cdn.example./a%c3%a4%7e/", "https://cdn.example/a%C3%A4~/"),
        (PurgeScope.PREFIX, "https://cdn.example/a/../b/./c/..", "https://cdn.example/b/c/.."),
        (PurgeScope.PREFIX, "https://cdn.example/a%C", "https://cdn.example/a%C"),
        (PurgeScope.PREFIX, "https://cdn.example/%2Fa%", "https://cdn.example/%2Fa%"),
        (PurgeScope.PREFIX, "https://cdn.example?v=\u00f6", "https://cdn.example/?v=%C3%B6"),
        (PurgeScope.PREFIX, "https://cdn.example/a/../b?c/../", "https://cdn.example/b?c/../"),
        (PurgeScope.PREFIX, "http://[2001:0DB8::0:1]:8080/x", "http://[2001:db8::1]:8080/x"),
        (PurgeScope.PREFIX, "https://cdn.example/my photos\\a?b\\", "https://cdn.example/my%20photos/a?b%5C"),
        (PurgeScope.PREFIX, "s3://bucket/my photos/a ", "s3://bucket/my photos/a "),
        (PurgeScope.PREFIX, "s3://bucket//a\\b", "s3://bucket//a\\b"),
        (PurgeScope.PREFIX, "my photos/", "my photos/"),
        (PurgeScope.PREFIX, "AZ://box/a\\b c\\", "az://box/a/b c/"),
        (PurgeScope.SOURCE, "az://box/a\\b.png", "az://box/a/b.png"),
        (PurgeScope.PREFIX, "HTTPS:", "https:"),
        (PurgeScope.PREFIX, "S3://", "s3://"),
        (PurgeScope.PREFIX, "S3://bucket/Photos/%41", "s3://bucket/Photos/%41"),
        (PurgeScope.PREFIX, "photos/\u00fc", "photos/\u00fc"),
        (PurgeScope.ALL, "whatever", ""),
    ],
)
def test_each_has_one_spelling(scope: PurgeScope, text: str, value: str) -> None:
    assert parse_target(scope, text).value == value


@pytest.mark.parametrize(
    ("scope", "text"),
    [
        (PurgeScope.SOURCE, ""),
        (PurgeScope.SOURCE, "ftp://cdn.example/a.jpg"),
        (PurgeScope.PREFIX, ""),
        (PurgeScope.PREFIX, "/"),
        (PurgeScope.PREFIX, "a\tb"),
        (PurgeScope.PREFIX, "photos\\a"),
        (PurgeScope.PREFIX, "s3://bucket/a\\..\\b"),
        (PurgeScope.PREFIX, "https://cdn example/"),
        (PurgeScope.PREFIX, "a" * 9_000),
        (PurgeScope.PREFIX, "ftp://cdn.example/"),
        (PurgeScope.PREFIX, "https://*.example/"),
        (PurgeScope.PREFIX, "https://me@cdn.example/"),
        (PurgeScope.PREFIX, "https://b\u00fc"),
        (PurgeScope.PREFIX, "https://127.1/"),
        (PurgeScope.PREFIX, "https://cdn.example/a#b"),
        (PurgeScope.PREFIX, "photos/../secrets/"),
        (PurgeScope.PREFIX, "photos//a"),
        (PurgeScope.PREFIX, "s3://bucket/../a"),
        (PurgeScope.TAG, ""),
        (PurgeScope.TAG, "a b"),
        (PurgeScope.TAG, "a,b"),
        (PurgeScope.TAG, "é"),
        (PurgeScope.TAG, "x" * (MAX_TAG_BYTES + 1)),
    ],
)
def test_what_could_not_be_meant_is_refused(scope: PurgeScope, text: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_target(scope, text)


@given(st.text(max_size=200), st.sampled_from(PurgeScope))
def test_any_text_is_a_target_or_refused(text: str, scope: PurgeScope) -> None:
    try:
        found = parse_target(scope, text)
    except InvalidParameter:
        return
    assert parse_target(scope, found.value) == found


@given(st.text(max_size=150))
def test_a_tag_can_stand_in_a_list(text: str) -> None:
    assert not is_tag(text) or (text.isascii() and text.isprintable() and not set(text) & set(' ,"'))


@example("s3://bucket/a/", " /\\b")
@example("/photos/", "a b/c")
@example("https://cdn.example./x/", "a \\b/c")
@given(
    st.sampled_from(["https://B\u00fccher.example:443/", "https://cdn.example./x/", "s3://bucket/a/", "/photos/"]),
    st.text(max_size=40),
)
def test_what_begins_a_source_finds_it_however_both_are_written(start: str, rest: str) -> None:
    """Up to any slash; a partial name may end within an escape."""
    try:
        source = parse_source(start + rest)
    except InvalidParameter:
        return
    assert source.text.startswith(parse_target(PurgeScope.PREFIX, start).value) or ".." in rest
    if "?" not in rest and "#" not in rest:
        folder = (start + rest).rpartition("/")[0] + "/"
        assert source.text.startswith(parse_target(PurgeScope.PREFIX, folder).value) or rest.rpartition("/")[2] == ".."


def test_a_prefix_finds_the_sources_that_begin_with_it() -> None:
    prefix = parse_target(PurgeScope.PREFIX, "HTTP://CDN.example:80/shop/").value
    assert parse_source("http://cdn.example/shop/shoe.jpg").text.startswith(prefix)
    assert not parse_source("http://cdn.example/shopping.jpg").text.startswith(prefix)
