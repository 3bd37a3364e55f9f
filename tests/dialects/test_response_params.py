"""Parameters of the response: they change no plan, and so no cache entry."""

import pytest

from pixmill.dialects.native.dialect import parse
from pixmill.errors import BadRequest
from pixmill.plan.request import OF_ERROR, Fallback
from pixmill.plan.source import parse_source

PLAIN = parse(b"/resize", b"url=a.jpg&width=9")


def test_they_change_the_response_and_not_the_image() -> None:
    query = b"&max_age=60&filename=x.jpg&disposition=inline&fallback=b.jpg&fallback_status=error"
    request = parse(b"/resize", b"url=a.jpg&width=9" + query)
    assert (request.source, request.plan) == (PLAIN.source, PLAIN.plan)
    assert (request.max_age_s, request.filename, request.inline) == (60, "x.jpg", True)
    assert request.fallback == Fallback(parse_source("b.jpg"), status=OF_ERROR)


def test_they_are_off_by_default() -> None:
    assert (PLAIN.max_age_s, PLAIN.inline, PLAIN.fallback) == (None, False, None)
    assert parse(b"/resize", b"url=a.jpg&fallback_status=error").fallback is None
    assert parse(b"/resize", b"url=a.jpg&fallback=b.jpg").fallback == Fallback(parse_source("b.jpg"))


@pytest.mark.parametrize(
    "query",
    ["max_age=-1", "max_age=315360001", "disposition=x", "fallback=../a", "fallback=ftp://a", "fallback_status=302"],
)
def test_values_out_of_bounds_are_refused(query: str) -> None:
    with pytest.raises(BadRequest):
        parse(b"/resize", f"url=a.jpg&{query}".encode())
