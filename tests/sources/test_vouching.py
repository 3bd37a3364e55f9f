"""Headers of origins, sound and not."""

from email.utils import formatdate
from time import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from pixmill.sources.vouching import freshness_s, stated_validator

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
    assert freshness_s(CIMultiDict(headers)) == seconds


def test_expires_without_date_counts_from_now() -> None:
    seconds = freshness_s(CIMultiDict({"expires": formatdate(time() + 100, usegmt=True)}))
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
    assert stated_validator(CIMultiDict(headers), 7) == validator


VALUES = st.one_of(st.text(), st.text(alphabet='maxge-s0123456789=," \t;noprivatecW/SunGMT:', max_size=80))


@given(VALUES, VALUES, VALUES, VALUES, VALUES, VALUES)
def test_any_header_gives_an_answer(control: str, age: str, expires: str, date: str, tag: str, modified: str) -> None:
    headers = CIMultiDict(
        {"Cache-Control": control, "Age": age, "Expires": expires, "Date": date, "ETag": tag, "Last-Modified": modified}
    )
    assert (freshness_s(headers) or 0) >= 0
    assert (stated_validator(headers, 1) or "x").encode()
