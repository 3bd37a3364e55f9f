"""Srcset: the queries of /resize that a query of /srcset stands for."""

from urllib.parse import parse_qsl

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixmill.dialects.native.dialect import NativeDialect, parse
from pixmill.dialects.native.element_options import ElementOptions, Placeholder
from pixmill.dialects.native.params import PARAMS
from pixmill.dialects.native.presets import Presets, parse_presets
from pixmill.dialects.native.srcset import SrcsetRequest
from pixmill.dialects.native.tables import srcset
from pixmill.errors import (
    BadRequest,
    ConflictingParameters,
    InvalidParameter,
    MissingParameter,
    UnknownParameter,
)
from pixmill.media import Format

PRESETS = parse_presets(
    '{"card": "width=300&height=200&fit=cover&dpr=2&zoom=0.5&enlarge=1&adaptive=1&f=png", "grey": "grayscale=1"}'
)


def parse_request(query: str, presets: Presets = PRESETS) -> SrcsetRequest:
    return NativeDialect(presets).parse_srcset(f"url=a.jpg&{query}".encode())


def error_of(query: str) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        parse_request(query)
    return caught.value


def test_a_url_is_all_it_takes() -> None:
    candidates = parse_request("")
    assert candidates.widths == (256, 384, 640, 750, 828, 1080, 1200, 1920, 2048, 2560, 3840)
    assert (candidates.formats, candidates.element, candidates.warm) == ((), ElementOptions(), False)
    assert candidates.placeholder is Placeholder.LQIP
    assert candidates.query(320, Format.AVIF) == b"url=a.jpg&width=320&format=avif"


def test_what_belongs_to_the_set_stays_behind_and_all_else_is_carried_as_sent() -> None:
    candidates = parse_request(
        "widths=9,7,7&blur=2.50&formats=webp&sizes=50vw&alt=x&placeholder=none&warm=1&crop=pct%3A1,2,3,4&expires=5&sig="
        + "A" * 43
    )
    assert candidates.query(7, Format.WEBP) == b"url=a.jpg&blur=2.50&crop=pct%3A1,2,3,4&width=7&format=webp"
    assert (candidates.widths, candidates.formats, candidates.placeholder, candidates.warm) == (
        (7, 9),
        (Format.WEBP,),
        Placeholder.NONE,
        True,
    )


def test_width_and_height_are_a_shape() -> None:
    candidates = parse_request("width=300&height=200&widths=100,301&fit=cover")
    assert candidates.widths == (100, 300, 301)
    assert candidates.query(100, Format.JPEG).endswith(b"&fit=cover&width=100&height=67&format=jpeg")
    assert candidates.query(301, Format.JPEG).endswith(b"&width=301&height=201&format=jpeg")


def test_no_side_is_longer_than_a_url_may_ask_for() -> None:
    tall = parse_request("width=1&height=100&widths=100,9000")
    assert tall.widths == (1, 100, 163)
    parse(b"/resize", tall.query(163, Format.PNG))


def test_what_a_preset_says_of_size_and_format_does_not_change_the_widths() -> None:
    candidates = parse_request("preset=card,grey&widths=90")
    image = NativeDialect(PRESETS).parse(b"/resize", candidates.query(90, Format.WEBP))
    assert image == parse(b"/resize", b"url=a.jpg&width=90&height=60&fit=cover&grayscale=1&f=webp")


@pytest.mark.parametrize(
    ("query", "kind", "param"),
    [
        ("height=5", ConflictingParameters, "height"),
        ("width=pct:50", ConflictingParameters, "width"),
        ("width=50&height=pct:50", ConflictingParameters, "height"),
        ("widths=0", InvalidParameter, "widths"),
        ("widths=16384", InvalidParameter, "widths"),
        ("widths=1,", InvalidParameter, "widths"),
        ("widths=" + ",".join(map(str, range(1, 18))), InvalidParameter, "widths"),
        ("formats=webp,", InvalidParameter, "formats"),
        ("formats=auto", InvalidParameter, "formats"),
        ("formats=avif,webp,jpeg,png,gif", InvalidParameter, "formats"),
        ("sizes=", InvalidParameter, "sizes"),
        ("sizes=%22%3E", InvalidParameter, "sizes"),
        ("sizes=" + "a" * 501, InvalidParameter, "sizes"),
        ("alt=" + "a" * 501, InvalidParameter, "alt"),
        ("dpr=2", UnknownParameter, "dpr"),
        ("enlarge=true", UnknownParameter, "enlarge"),
        ("format=webp", UnknownParameter, "format"),
        ("min_width=5", UnknownParameter, "min_width"),
        ("max_width=5", UnknownParameter, "max_width"),
        ("preset=nobody", InvalidParameter, "preset"),
    ],
)
def test_what_makes_no_set_is_refused_by_name(query: str, kind: type[BadRequest], param: str) -> None:
    error = error_of(query)
    assert (type(error), error.param) == (kind, param)


@pytest.mark.parametrize("bound", ["min_width", "max_height"])
def test_a_preset_with_a_bound_makes_no_set(bound: str) -> None:
    with pytest.raises(ConflictingParameters, match=bound):
        parse_request("preset=one", parse_presets(f'{{"one": "{bound}=500"}}'))


def test_the_url_is_needed() -> None:
    with pytest.raises(MissingParameter):
        NativeDialect().parse_srcset(b"widths=1")


def test_the_image_of_a_url_of_any_dialect_is_taken_over_but_for_its_width_and_format() -> None:
    asked: list[bytes] = []

    def native_query_of(target: bytes) -> bytes:
        asked.append(target)
        return b"url=b.jpg&width=300&height=150&fit=cover&blur=5&dpr=2&format=webp&enlarge=true"

    query = b"of=/_ipx/s_300x150%26blur/b.jpg%3Fa%3D1&widths=100,200"
    candidates = NativeDialect(PRESETS).parse_srcset(query, native_query_of)
    assert asked == [b"/_ipx/s_300x150&blur/b.jpg?a=1"]
    assert candidates.widths == (100, 200, 300)
    assert candidates.query(100, Format.AVIF) == b"url=b.jpg&fit=cover&blur=5&width=100&height=50&format=avif"


def test_a_height_alone_is_no_shape_of_an_image() -> None:
    candidates = NativeDialect().parse_srcset(b"of=/a&widths=9", lambda _: b"url=b.jpg&height=150&grayscale=true")
    assert candidates.query(9, Format.AVIF) == b"url=b.jpg&grayscale=true&width=9&format=avif"


def test_url_and_of_are_one_too_many() -> None:
    with pytest.raises(BadRequest, match="url"):
        NativeDialect().parse_srcset(b"of=/a&url=c.jpg", lambda _: b"url=b.jpg")


def test_where_only_presets_are_answered_the_urls_name_presets() -> None:
    native = NativeDialect(Presets(PRESETS.values_by_name, only=True))
    candidates = native.parse_srcset(b"url=a.jpg&preset=grey&variants=card,grey&alt=x&v=3")
    assert candidates.variants == (("grey", "card"), ("grey", "grey"))
    query = candidates.variant_query(("grey", "card"), Format.AVIF)
    assert query == b"url=a.jpg&v=3&preset=grey,card&format=avif"
    native.parse(b"/resize", query)


def test_whatever_stands_in_a_url_is_safe_in_a_srcset() -> None:
    candidates = NativeDialect().parse_srcset(b"url=a%20\"<'>b,.jpg&filename=\xc3\xa9+x")
    query = candidates.query(5, Format.JPEG)
    assert query == b"url=a%20%22%3C'%3Eb,.jpg&filename=%C3%A9+x&width=5&format=jpeg"
    assert dict(parse_qsl(query.decode()))["url"] == "a \"<'>b,.jpg"


NAMES = [name.encode() for param in (*PARAMS, *srcset.PARAMS, srcset.PRESET) for name in param.names]
VALUES = [
    text.encode() for param in (*PARAMS, *srcset.PARAMS, srcset.PRESET) for text in (*param.examples, param.default)
]
VALUES += [b"card", b"grey", b"card,grey"]
pieces = st.builds(
    lambda name, value: name + b"=" + value, st.sampled_from(NAMES), st.sampled_from(VALUES) | st.binary(max_size=9)
)


@settings(max_examples=600, deadline=None)
@given(st.lists(pieces, max_size=6).map(lambda some: b"&".join([b"url=a.jpg", *some])))
def test_any_query_is_a_set_whose_pictures_can_be_asked_for_or_a_refusal(query: bytes) -> None:
    native = NativeDialect(PRESETS)
    try:
        candidates = native.parse_srcset(query)
        queries = [candidates.query(width, Format.WEBP) for width in candidates.widths]
        queries += [candidates.variant_query(names, Format.WEBP) for names in candidates.variants]
        images = [native.parse(b"/resize", query) for query in queries]
    except BadRequest:
        return
    assert images
    assert all(image.plan.output.formats == (Format.WEBP,) for image in images)
    assert all(byte in range(0x21, 0x7F) for byte in candidates.base_query)


def test_one_said_twice_is_one() -> None:
    candidates = parse_request("widths=40,30,40&formats=webp,jpeg,webp")
    assert (candidates.widths, candidates.formats) == ((30, 40), (Format.WEBP, Format.JPEG))


@pytest.mark.parametrize(
    ("width", "valid"), [(1, True), (9999, True), (16_383, True), (16_384, False), (20_000, False)]
)
def test_widths_are_those_that_resize_takes(width: int, valid: bool) -> None:
    param = next(param for param in srcset.PARAMS if param.name == "widths")
    assert jsonschema_rs.is_valid(param.grammar.schema, f"30,{width}") is valid
    assert (type(parse_request(f"widths=30,{width}")) if valid else type(error_of(f"widths=30,{width}"))) is (
        SrcsetRequest if valid else InvalidParameter
    )


def test_examples_of_the_sets_own_parameters_are_taken() -> None:
    for param in (*srcset.PARAMS, srcset.PRESET):
        for example in filter(None, (*param.examples, param.default)):
            param.parse(example)
