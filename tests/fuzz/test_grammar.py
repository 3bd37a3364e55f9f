"""Untrusted requests: any bytes give a request or a typed error, in linear time."""

import sys
from types import FrameType
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pixmill.api.http.negotiation import accepted_formats
from pixmill.dialects.native.dialect import PARAMS_BY_PATH, parse
from pixmill.dialects.native.params import PARAMS
from pixmill.dialects.signing import Keyring
from pixmill.errors import BadRequest, Forbidden
from pixmill.plan.key import canonical_json
from pixmill.plan.request import ImageRequest

if TYPE_CHECKING:
    from _typeshed import TraceFunction

RING = Keyring((b"0123456789abcdef",))
NAMES = [name.encode() for param in PARAMS for name in param.names]
EXAMPLES = [text.encode() for param in PARAMS for text in (*param.examples, param.default)]

junk = st.binary(max_size=40)
values = junk | st.sampled_from(EXAMPLES) | st.text(max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass"))
pairs = st.builds(
    lambda name, equals, value: name + equals + value, st.sampled_from(NAMES) | junk, st.just(b"=") | junk, values
)
queries = (
    junk
    | st.lists(pairs, max_size=8).map(b"&".join)
    | st.lists(pairs, max_size=5).map(lambda some: b"&".join([b"url=a.jpg", *some]))
)
paths = st.sampled_from(list(PARAMS_BY_PATH)) | junk


def parsed(path: bytes, query: bytes, *, upload: bool = False) -> ImageRequest | BadRequest:
    try:
        return parse(path, query, upload=upload)
    except BadRequest as error:
        return error


@settings(max_examples=1500, deadline=None)
@given(paths, queries, st.booleans())
@example(b"/resize", b"url=" + "\ud800.jpg".encode("utf-8", "surrogatepass"), False)
@example(b"/resize", b"url=http://[::1", False)
@example(b"/resize", b"url=http://\xe2\x84\x80.com/", False)
@example(b"/resize", b"url=http://a:99999999999/", False)
def test_any_bytes_give_a_request_or_a_refusal(path: bytes, query: bytes, upload: bool) -> None:
    outcome = parsed(path, query, upload=upload)
    if isinstance(outcome, ImageRequest):
        outcome.source.text.encode()
        assert canonical_json(outcome.plan)
    else:
        assert len(outcome.message.encode()) < 500
        assert len((outcome.param or "").encode()) < 500


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=100), queries)
def test_any_bytes_are_signed_right_or_refused(path: bytes, query: bytes) -> None:
    with pytest.raises(Forbidden):
        RING.verify(path, query, 0)


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=100) | st.text(alphabet='image/webpavif;q=01.", \\\t', max_size=100))
def test_any_accept_header_names_some_formats_or_none(accept: str) -> None:
    assert len(accepted_formats(accept)) <= 2


UNITS = [
    b"&", b"=", b"%", b"%2", b"%20", b"%25", b"+", b"a", b"\xff", b"w=1&", b"url=", b"sig=&", b"x&", b"/", b"../", b"0", b"1.", b"1,",
    b"fp:", b"pct:", b"#", b"http://", b"@", b":", b"[", b"?", b"%c3%a9", b"\xc3\xa9", b"xn--", b"expires=1&",
]  # fmt: skip
PREFIXES = [
    b"",
    b"w=",
    b"url=",
    b"url=http://",
    b"url=http://a/",
    b"crop=",
    b"gravity=fp:",
    b"dpr=",
    b"background=",
    b"filename=",
]


def lines_run(query: bytes) -> int:
    """The number of Python lines executed to parse the query: the same on any machine."""
    count = 0

    def tracer(frame: FrameType, event: str, argument: object) -> "TraceFunction":
        nonlocal count
        count += 1
        return tracer

    previous = sys.gettrace()
    sys.settrace(tracer)
    parsed(b"/resize", query)
    sys.settrace(previous)
    return count


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("unit", UNITS)
def test_work_grows_no_faster_than_the_query(prefix: bytes, unit: bytes) -> None:
    short, long = (lines_run((prefix + unit * (size // len(unit)))[:size]) for size in (4_096, 65_536))
    assert long <= 16 * short + 1_000
