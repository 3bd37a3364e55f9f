"""Native spellings of requests: parsed again, each is the same request; every field of a plan has a spelling."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import fields, replace

from pixmill.dialects.native.dialect import parse
from pixmill.dialects.native.params import PARAMS
from pixmill.dialects.native.spelling import SPELLINGS, native_url
from pixmill.errors import BadRequest, InvalidParameter
from pixmill.plan.colour import Colour
from pixmill.plan.ops import Plan
from pixmill.plan.request import ImageRequest
from pixmill.plan.transforms import FreeRotation
from tests.plan.plans import PER_REQUEST, query_of, random_query, texts_of


def spelled_again(query: bytes) -> None:
    """Parse, native_url, parse."""
    request = parse(b"/resize", b"url=folder/a.jpg&" + query)
    path, _, spelled = native_url(request).partition("?")
    assert parse(path.encode(), spelled.encode()) == replace(request, hints=None), spelled


@pytest.mark.parametrize("kind", SPELLINGS, ids=lambda kind: kind.__name__)
def test_every_field_of_a_plan_has_a_spelling(kind: type[Struct]) -> None:
    assert {field.name for field in fields(kind)} == set(SPELLINGS[kind])


@pytest.mark.parametrize("param", [one for one in PARAMS if one.name not in PER_REQUEST], ids=lambda param: param.name)
@pytest.mark.parametrize(
    "context",
    ["", "width=300&height=200&fit=cover", "format=webp", "padding=9&aspect=3:2&fit=contain&format=jpeg", "blur=2"],
)
def test_every_value_of_every_parameter_is_spelled(param: object, context: str) -> None:
    assert hasattr(param, "name")
    for text in texts_of(param):  # type: ignore[arg-type] # a parameter
        query = context.encode() + b"&" + query_of({param.name: text})
        try:
            parse(b"/resize", b"url=a&" + query)
        except BadRequest:
            continue  # two that exclude each other
        spelled_again(query)


@given(st.randoms(use_true_random=False))
@settings(max_examples=500)
def test_combinations_are_spelled(random: Random) -> None:
    query = random_query(random)
    if random.random() < 0.3 and b"then" not in query:
        query += b"&" + query_of({"then": random_query(random, 3).decode()})
    try:
        parse(b"/resize", b"url=a&" + query)
    except BadRequest:
        return
    spelled_again(query)


@pytest.mark.parametrize(
    "query",
    [
        "overlay=text:a%26b%3C,,c,bold:true,gravity:se,x:5,y:pct:-2,shadow:0008",
        "overlay=text:<b>x<<y</b><br>z%26,markup:true,outline:red",
        "overlay=url:logo.png,width:pct:20,then:blur=2%7Cborder=2%252Cred,rotate:-12.5;url:b.png,repeat:both,gap:3",
        "background=red&padding=5&then=rotate=12%7Cpadding=3",
        "convolution=1,1,1,1,1,1,1,1,1&format=png",
        "width=pct:33.3333&dpr=1.5&dpr_rule=capped&height=20&then=width=10",
        "filename=%C3%A4%20b.jpg&tags=a,b&max_age=60&fallback=b.jpg&fallback_status=error&disposition=inline",
        "mask=luminance:s3://bucket/a%2520b.png&format=auto:avif,original",
    ],
)
def test_special_characters_survive(query: str) -> None:
    spelled_again(query.encode())


def test_a_half_turn_beside_a_free_rotation_is_two_flips() -> None:
    request = parse(b"/resize", b"url=a&rotate=-12.5&flip=both")
    assert native_url(request) == "/resize?url=a&flip=both&rotate=347.5"
    assert parse(b"/resize", native_url(request).partition("?")[2].encode()) == request


def test_a_plan_of_another_dialect_may_have_no_native_url() -> None:
    source = parse(b"/resize", b"url=a.jpg").source
    both = Plan(rotate=90, rotate_free=FreeRotation(3.0), output=parse(b"/resize", b"url=a&format=png").plan.output)
    with pytest.raises(InvalidParameter, match="native"):
        native_url(ImageRequest(source, both))
    assert native_url(ImageRequest(source, replace(both, rotate=0))) == "/resize?url=a.jpg&rotate=3&format=png"
    red = replace(both, rotate=0, rotate_free=FreeRotation(3.0, Colour(255, 0, 0)))
    assert "background=ff0000" in native_url(ImageRequest(source, red))


@pytest.mark.parametrize(
    "url", ["http://a/b%20c.jpg?x=1&y=%26", "s3://bucket/a b.jpg", "/a:b.jpg", "canvas:20x30,ff0000"]
)
def test_sources_are_spelled(url: str) -> None:
    spelled_again(query_of({"width": "5"}))
    request = parse(b"/resize", query_of({"url": url, "v": "7"}))
    assert parse(b"/resize", native_url(request).partition("?")[2].encode()) == request
