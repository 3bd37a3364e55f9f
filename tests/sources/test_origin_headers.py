"""Headers of origins, sound and not."""

from email.utils import formatdate
from time import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from multidict import CIMultiDict

from pixmill.plan.freshness import CLIENT_DEFAULT, CLIENT_NO_STORE, NO_DIRECTIVES, CacheDirectives, client_max_age
from pixmill.sources.http.origin_headers import (
    cache_directives,
    conditional_headers,
    parse_cdn_cache_control,
    purge_tags_from,
    validator_from,
)

NOON, ONE = "Sun, 06 Nov 1994 12:00:00 GMT", "Sun, 06 Nov 1994 13:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Cache-Control": "public"}, None),
        ({"Cache-Control": ""}, None),
        ({"Cache-Control": "max-age=60"}, 60),
        ({"Cache-Control": "Max-Age=60, public"}, 60),
        ({"Cache-Control": 'max-age="60"'}, 60),
        ({"Cache-Control": " max-age = 60 "}, 60),
        ({"Cache-Control": "max-age=60, s-maxage=10"}, 10),
        ({"Cache-Control": "max-age=60, max-age=10"}, 60),
        ({"Cache-Control": "max-age=60", "Age": "20"}, 40),
        ({"Cache-Control": "max-age=60", "Age": "90"}, 0),
        ({"Cache-Control": "max-age=60", "Age": "soon"}, 60),
        ({"Cache-Control": "max-age=60, no-store"}, 0),
        ({"Cache-Control": "no-cache"}, 0),
        ({"Cache-Control": "private, max-age=60"}, 0),
        ({"Cache-Control": 'no-cache="Set-Cookie", max-age=60'}, 0),
        ({"Cache-Control": "max-age=-1"}, 0),
        ({"Cache-Control": "max-age"}, 0),
        ({"Cache-Control": "max-age=1.5"}, 0),
        ({"Cache-Control": "max-age=٣"}, 0),
        ({"Cache-Control": "max-age=" + "9" * 5000}, 9_999_999_999),
        ({"Expires": ONE, "Date": NOON}, 3600),
        ({"Expires": NOON, "Date": ONE}, 0),
        ({"Expires": ONE, "Date": NOON, "Age": "600"}, 3000),
        ({"Expires": ONE, "Date": NOON, "Cache-Control": "max-age=5"}, 5),
        ({"Expires": "0"}, 0),
        ({"Expires": "-1", "Date": NOON}, 0),
        ({"Expires": "Sun, 99 Nov 1994 12:00:00 GMT"}, 0),
        ({"Expires": "Sun, 06 Nov 0000 12:00:00 GMT"}, 0),
        ({"Expires": "Sun, 06 Foo 1994 12:00:00 GMT"}, 0),
        ({"Expires": ONE}, 0),  # long past, without Date by our own clock
    ],
)
def test_freshness(headers: dict[str, str], seconds: float | None) -> None:
    assert cache_directives(CIMultiDict(headers)).freshness_lifetime_s == seconds


@pytest.mark.parametrize(
    ("value", "tags"),
    [
        ("product-7, summer", ("product-7", "summer")),
        ("product-7 summer  product-7", ("product-7", "summer")),
        ('"a", b, ' + "c" * 129 + ", é,,", ("b",)),
        (",".join(map(str, range(100))), tuple(map(str, range(64)))),
        ("", ()),
    ],
)
def test_tags_of_an_origin_are_words_of_the_header_that_is_named(value: str, tags: tuple[str, ...]) -> None:
    assert purge_tags_from(CIMultiDict({"Cache-Tag": value}), "cache-tag") == tags
    assert purge_tags_from(CIMultiDict({"Cache-Tag": value}), "") == ()


@pytest.mark.parametrize(
    ("control", "said"),
    [
        ("", NO_DIRECTIVES),
        ("max-age=60", CacheDirectives(60)),
        ("max-age=60, immutable", CacheDirectives(60, immutable=True)),
        ("max-age=60, stale-while-revalidate=5, Stale-If-Error=7", CacheDirectives(60, 5, 7)),
        ("max-age=60, stale-while-revalidate=soon", CacheDirectives(60, 0)),
        ("max-age=60, must-revalidate", CacheDirectives(60, must_revalidate=True)),
        ("max-age=60, proxy-revalidate", CacheDirectives(60, must_revalidate=True)),
        ("s-maxage=60", CacheDirectives(60, must_revalidate=True)),
        ("s-maxage=60, stale-while-revalidate=5", CacheDirectives(60, 5)),
        ("no-cache", CacheDirectives(0)),
        ("no-store, max-age=60", CacheDirectives(0, storable=False)),
        ("private, max-age=60", CacheDirectives(0, storable=False)),
    ],
)
def test_what_may_be_kept_and_served_stale(control: str, said: CacheDirectives) -> None:
    assert cache_directives(CIMultiDict({"Cache-Control": control})) == said


@pytest.mark.parametrize(
    ("controls", "said"),
    [
        (["public", "max-age=60"], CacheDirectives(60)),
        (["max-age=60", "no-store"], CacheDirectives(0, storable=False)),
        (["max-age=60", "max-age=10, immutable"], CacheDirectives(60, immutable=True)),
        (["", "max-age=60", ""], CacheDirectives(60)),
        (["max-age=60" + " " * 8_180] * 2, CacheDirectives(0, storable=False)),  # too long to be read
    ],
)
def test_several_lines_are_one(controls: list[str], said: CacheDirectives) -> None:
    assert cache_directives(CIMultiDict([("Cache-Control", line) for line in controls])) == said


def test_several_lines_of_what_is_said_to_us_are_one() -> None:
    said = cache_directives(
        CIMultiDict([("CDN-Cache-Control", "max-age=600"), ("cdn-cache-control", "stale-if-error=7")])
    )
    assert (said.freshness_lifetime_s, said.stale_if_error_s) == (600, 7)


def test_tags_may_stand_in_several_lines_and_one_that_is_cut_off_is_none() -> None:
    assert purge_tags_from(CIMultiDict([("Cache-Tag", "a, b"), ("Cache-Tag", "c a")]), "cache-tag") == ("a", "b", "c")
    long = CIMultiDict([("Cache-Tag", "a" + " " * 8_189), ("Cache-Tag", "bcd")])
    assert purge_tags_from(long, "cache-tag") == ("a",)
    assert purge_tags_from(CIMultiDict([("Cache-Tag", "a" * 8_190)] * 2), "cache-tag") == ()


@pytest.mark.parametrize(
    ("validator", "headers"),
    [
        ('etag:"a"', {"If-None-Match": '"a"'}),
        ('etag:W/"a"', {"If-None-Match": 'W/"a"'}),
        ("modified:784123200:7", {"If-Modified-Since": NOON}),
        ("sha256:00", {}),
        ("store:v1", {}),
        ('etag:"a"\r\nEvil: 1', {}),
        ("etag:", {}),
        ("modified:soon:7", {}),
        ("modified:99999999999999999999:7", {}),
    ],
)
def test_a_validator_becomes_the_condition_that_it_came_of(validator: str, headers: dict[str, str]) -> None:
    assert conditional_headers(validator) == headers


def test_expires_without_date_counts_from_now() -> None:
    seconds = cache_directives(CIMultiDict({"expires": formatdate(time() + 100, usegmt=True)})).freshness_lifetime_s
    assert seconds is not None
    assert 95 < seconds <= 100


@pytest.mark.parametrize(
    ("headers", "validator"),
    [
        ({"ETag": '"a"'}, 'etag:"a"'),
        ({"ETag": ' W/"a" '}, 'etag:W/"a"'),
        ({"ETag": '""'}, None),
        ({"ETag": "a"}, None),
        ({"ETag": '"a'}, None),
        ({"ETag": '"a"b"'}, None),
        ({"ETag": 'w/"a"'}, None),
        ({"ETag": '"\udcff"'}, None),
        ({"ETag": '"' + "a" * 257 + '"'}, None),
        ({"Last-Modified": NOON}, "modified:784123200:7"),
        ({"ETag": "bad", "Last-Modified": NOON}, "modified:784123200:7"),
        ({"Last-Modified": "yesterday"}, None),
    ],
)
def test_validator(headers: dict[str, str], validator: str | None) -> None:
    assert validator_from(CIMultiDict(headers), 7) == validator


VALUES = st.one_of(st.text(), st.text(alphabet='maxge-s0123456789=," \t;noprivatecW/SunGMT:', max_size=80))


@given(VALUES, VALUES, VALUES, VALUES, VALUES, VALUES)
def test_any_header_gives_an_answer(control: str, age: str, expires: str, date: str, tag: str, modified: str) -> None:
    headers = CIMultiDict(
        {"Cache-Control": control, "Age": age, "Expires": expires, "Date": date, "ETag": tag, "Last-Modified": modified}
    )
    said = cache_directives(headers)
    assert all(
        (seconds or 0) >= 0
        for seconds in (said.freshness_lifetime_s, said.stale_while_revalidate_s, said.stale_if_error_s)
    )
    validator = validator_from(headers, 1)
    assert validator is None or len(conditional_headers(validator)) == 1


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"CDN-Cache-Control": "max-age=600"}, CacheDirectives(600, client_caching=CLIENT_DEFAULT)),
        ({"CDN-Cache-Control": "max-age=600", "Age": "100"}, CacheDirectives(500, client_caching=CLIENT_DEFAULT)),
        (
            {"CDN-Cache-Control": "max-age=600", "Cache-Control": "max-age=5, immutable"},
            CacheDirectives(600, client_caching=client_max_age(5), immutable=True),
        ),
        (
            {"CDN-Cache-Control": "max-age=600", "Cache-Control": "s-maxage=50, max-age=5"},
            CacheDirectives(600, client_caching=client_max_age(5)),
        ),
        (
            {"CDN-Cache-Control": "max-age=600", "Cache-Control": "no-cache"},
            CacheDirectives(600, client_caching=client_max_age(0)),
        ),
        (
            {"CDN-Cache-Control": "max-age=600", "Cache-Control": "private, max-age=5"},
            CacheDirectives(600, client_caching=CLIENT_NO_STORE),
        ),
        (
            {"CDN-Cache-Control": "max-age=600", "Expires": ONE, "Date": NOON},
            CacheDirectives(600, client_caching=client_max_age(3_600)),
        ),
        (
            {"CDN-Cache-Control": "no-store", "Cache-Control": "max-age=5"},
            CacheDirectives(0, storable=False, client_caching=client_max_age(5)),
        ),
        (
            {"CDN-Cache-Control": "must-revalidate, max-age=9;x=1 , stale-if-error=3"},
            CacheDirectives(9, None, 3, must_revalidate=True, client_caching=CLIENT_DEFAULT),
        ),
        ({"CDN-Cache-Control": "no-store=?0, max-age=9"}, CacheDirectives(9, client_caching=CLIENT_DEFAULT)),
        (
            {"CDN-Cache-Control": 'private="set-cookie, \\"x", max-age=9'},
            CacheDirectives(0, storable=False, client_caching=CLIENT_DEFAULT),
        ),
    ],
)
def test_what_is_said_to_us_counts_for_us_and_the_rest_for_clients(
    headers: dict[str, str], said: CacheDirectives
) -> None:
    found = structs.astuple(cache_directives(CIMultiDict(headers)))
    assert found == pytest.approx(structs.astuple(said), nan_ok=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "max-age=",
        "max-age=6,",
        "Max-Age=6",
        "max-age 6",
        "max-age=6;",
        "max-age=(6)",
        'max-age="6',
        "max-age=6,,",
        "é",
        "a=1, " * 300 + "b=1",
    ],
)
def test_what_is_said_to_us_but_not_well_formed_counts_as_not_said(text: str) -> None:
    headers = CIMultiDict({"CDN-Cache-Control": text, "Cache-Control": "max-age=5"})
    assert cache_directives(headers) == CacheDirectives(5)


@given(st.one_of(st.text(), st.text(alphabet='ab*=;, \t"\\?01.-', max_size=1_100)))
def test_any_text_gives_directives_or_nothing(text: str) -> None:
    assert isinstance(parse_cdn_cache_control(text), dict)
