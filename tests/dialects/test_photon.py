"""Photon's functions: stages in the order of the URL, sources, and any bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.photon.dialect import PhotonDialect, PhotonOptions
from pixmill.dialects.port import Dialect
from pixmill.errors import BadRequest, InvalidParameter, SourceBadResponse, SourceDenied
from pixmill.plan.gravity import Point, Smart
from pixmill.plan.lengths import RoundingMode
from pixmill.plan.ops import Clamp, Plan
from pixmill.plan.output import Metadata
from pixmill.plan.request import ImageRequest

PHOTON = PhotonDialect(PhotonOptions(origins={"b.example": "s3://bucket/x"}))
TACHYON = PhotonDialect(PhotonOptions(), is_tachyon=True)


def request(path: str, query: str = "", dialect: PhotonDialect = PHOTON) -> ImageRequest:
    outcome = dialect.parse(path.encode(), query.encode())
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(query: str, dialect: PhotonDialect = PHOTON) -> Plan:
    return request("/a.example/a.jpg", query, dialect).plan


def test_it_is_a_dialect() -> None:
    dialect: Dialect = PHOTON
    assert dialect.match(b"/a.example/a.jpg") is not None


def test_sources() -> None:
    assert request("/a.example/b%20c.jpg").source.text == "http://a.example/b%20c.jpg"
    assert request("/a.example/b.jpg", "ssl=1&q=c%3Dd").source.text == "https://a.example/b.jpg?c=d"
    assert request("/b.example/c.jpg").source.text == "s3://bucket/x/c.jpg"
    assert request("/2020/c.jpg", dialect=TACHYON).source.text == "2020/c.jpg"
    for path in ("/a.example", "/a.example:80/b.jpg", "/u@a.example/b.jpg", "/localhost/b.jpg", "/a.example/%00"):
        with pytest.raises(BadRequest):
            PHOTON.parse(path.encode(), b"")


def test_functions_work_in_the_order_of_the_url() -> None:
    assert plan("crop=0,0,50,50&w=100").crop is not None
    assert plan("crop=0,0,50,50&w=100").stages == ()
    (later,) = plan("w=100&crop=0,0,50,50").stages
    assert later.crop is not None
    assert plan("w=300&h=100").resize == plan("h=100&w=300").resize
    assert plan("w=300&brightness=5&h=100").stages != ()


def test_the_last_value_counts_at_the_first_place() -> None:
    assert plan("w=300&crop=0,0,50,50&w=400") == plan("w=400&crop=0,0,50,50")


def test_numbers_are_those_in_front() -> None:
    assert plan("w=300px") == plan("w=300.7") == plan("w=300%25") == plan("w=300&nonsense=1&h=abc")
    assert plan("w=2") == plan("w=-5") == plan("w=abc") == plan("resize=300") == plan("zoom=3") == plan("")


def test_cuts() -> None:
    resize = plan("w=300&h=200&crop=1&crop_offset=10,90").resize
    assert (resize.clamp, resize.gravity) == (Clamp.SIDES, Point(0.1, 0.9))
    assert plan("w=300&crop=1") == plan("w=300")


def test_zoom() -> None:
    assert plan("w=300&zoom=2") == plan("w=600")
    assert plan("w=100&zoom=3.2") == plan("w=350")
    assert plan("w=100&zoom=50") == plan("w=1000")
    dpr = plan("resize=30,20&zoom=2").resize.dpr
    assert dpr is not None
    assert dpr.factor == 2


def test_tachyon_never_enlarges() -> None:
    resize = plan("resize=300,200&upscale=1&crop_strategy=entropy&zoom=2", TACHYON).resize
    assert (resize.width, resize.enlarge, resize.clamp, resize.dpr) == (600, False, Clamp.SIDES, None)
    assert isinstance(resize.gravity, Smart)
    assert plan("w=300", TACHYON).resize.rounding is RoundingMode.RECIPROCAL_HALF_EVEN
    assert plan("filter=negate", TACHYON) == plan("", TACHYON)


def test_output() -> None:
    assert plan("quality=5").output.quality == 20
    assert plan("quality=100").output.quality == 89
    assert plan("").output.metadata is Metadata.KEEP
    assert plan("strip=all").output.metadata is Metadata.STRIP
    assert request("/a.example/a.GIF").plan.output.negotiated is False
    assert plan("").input.orientation == 1


def test_steps_are_limited() -> None:
    query = "w=9&crop=0,0,9,9&fit=9,9&lb=9,9&resize=9,9&brightness=1&contrast=2&colorize=1,2,3"
    assert len(plan(query).stages) < 9
    with pytest.raises(InvalidParameter, match="steps"):
        plan(f"{query}&filter=negate,sepia,grayscale&ulb=1&h=9")


def test_answers() -> None:
    gone = SourceDenied()
    gone.upstream_status = 451
    assert PHOTON.error_answer(gone, 502, b"", b"").status == 451
    failed = SourceBadResponse()
    failed.upstream_status = 500
    assert "(500)" in PHOTON.error_answer(failed, 502, b"", b"").body


def test_bad_entries() -> None:
    for text in ('"keys": "a"', '"options": {"origins": {"a": "ftp://x"}}', '"options": {"nonsense": 1}'):
        with pytest.raises(ValueError, match="entry 1"):
            parse_mounts(f'[{{"dialect": "photon", "host": "a", {text}}}]')


@given(st.binary(max_size=60), st.binary(max_size=80))
def test_any_bytes(path: bytes, query: bytes) -> None:
    for dialect in (PHOTON, TACHYON):
        for one in (b"/" + path, b"/a.example/" + path):
            try:
                dialect.parse(one, query)
            except BadRequest:
                continue
