"""What may be purged, and the one spelling of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.errors import InvalidParameter
from pixmill.plan.purge import MAX_TAG, Scope, is_tag, target
from pixmill.plan.source import parse_source


@pytest.mark.parametrize(
    ("scope", "text", "value"),
    [
        (Scope.SOURCE, "HTTPS://Cdn.Example:443/a/../b%7e.jpg#top", "https://cdn.example/b~.jpg"),
        (Scope.SOURCE, "/photos/a.jpg", "photos/a.jpg"),
        (Scope.TAG, "product:17", "product:17"),
        (Scope.PREFIX, "HTTPS://Cdn.Example:443/Photos/", "https://cdn.example/Photos/"),
        (Scope.PREFIX, "http://cdn.example:443/", "http://cdn.example:443/"),
        (Scope.PREFIX, "/photos/", "photos/"),
        (Scope.PREFIX, "https://cdn", "https://cdn"),
        (Scope.ALL, "whatever", ""),
    ],
)
def test_each_has_one_spelling(scope: Scope, text: str, value: str) -> None:
    assert target(scope, text).value == value


@pytest.mark.parametrize(
    ("scope", "text"),
    [
        (Scope.SOURCE, ""),
        (Scope.SOURCE, "ftp://cdn.example/a.jpg"),
        (Scope.PREFIX, ""),
        (Scope.PREFIX, "/"),
        (Scope.PREFIX, "a b"),
        (Scope.PREFIX, "a" * 9_000),
        (Scope.TAG, ""),
        (Scope.TAG, "a b"),
        (Scope.TAG, "a,b"),
        (Scope.TAG, "é"),
        (Scope.TAG, "x" * (MAX_TAG + 1)),
    ],
)
def test_what_could_not_be_meant_is_refused(scope: Scope, text: str) -> None:
    with pytest.raises(InvalidParameter):
        target(scope, text)


@given(st.text(max_size=200), st.sampled_from(Scope))
def test_any_text_is_a_target_or_refused(text: str, scope: Scope) -> None:
    try:
        found = target(scope, text)
    except InvalidParameter:
        return
    assert target(scope, found.value) == found


@given(st.text(max_size=150))
def test_a_tag_can_stand_in_a_list(text: str) -> None:
    assert not is_tag(text) or (text.isascii() and text.isprintable() and not set(text) & set(' ,"'))


def test_a_prefix_finds_the_sources_that_begin_with_it() -> None:
    prefix = target(Scope.PREFIX, "HTTP://CDN.example:80/shop/").value
    assert parse_source("http://cdn.example/shop/shoe.jpg").text.startswith(prefix)
    assert not parse_source("http://cdn.example/shopping.jpg").text.startswith(prefix)
