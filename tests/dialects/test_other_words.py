"""Words of habit and of other services: taken if they mean the same, else refused with the word that is ours."""

import re

import pytest

from pixmill.dialects.kit.colours import CSS_COLOURS
from pixmill.dialects.native.dialect import parse
from pixmill.dialects.native.other_words import NAME_HINTS, VALUE_HINTS, WORDS_BY_GRAMMAR, WORDS_BY_PARAM
from pixmill.dialects.native.param import Param
from pixmill.dialects.native.params import PARAMS
from pixmill.errors import BadRequest, InvalidParameter, RepeatedParameter, UnknownParameter
from pixmill.plan.ops import Plan

BY_NAME = {param.name: param for param in PARAMS}
SYNONYMS = [
    (param, word, ours)
    for param in PARAMS
    for word, ours in [
        *((pair) for kind, words in WORDS_BY_GRAMMAR if isinstance(param.grammar, kind) for pair in words.items()),
        *WORDS_BY_PARAM.get(param.name, {}).items(),
    ]
]
MAX_MESSAGE_CHARS = 500
"""Longer ones are cut before they are sent."""

PLACEHOLDERS = {"X": "1", "Y": "2", "WIDTH": "3", "HEIGHT": "4", "…": None}


def plan(query: str) -> Plan:
    return parse(b"/resize", b"url=a.jpg&" + query.encode()).plan


def refused(query: str) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        plan(query)
    return caught.value


@pytest.mark.parametrize(("param", "word", "ours"), SYNONYMS, ids=lambda value: getattr(value, "name", value))
def test_a_synonym_means_what_our_word_means(param: Param, word: str, ours: str) -> None:
    assert param.parse(word) == param.parse(ours) == param.parse(word.upper())
    assert word not in str(param.grammar.schema).split("|")


@pytest.mark.parametrize(
    ("query", "ours"),
    [
        ("fit=COVER&w=9&h=9", "fit=cover&w=9&h=9"),
        ("format=WEBP", "format=webp"),
        ("format=Auto:AVIF,WebP", "format=auto:avif,webp"),
        ("w=9&enlarge=Yes", "w=9&enlarge=true"),
        ("grayscale=on", "grayscale=true"),
        ("animated=off", "animated=false"),
        ("w=400px&h=50%25", "w=400&h=pct:50"),
        ("w=12.5%25", "w=pct:12.5"),
        ("w=9&dpr=1.5x", "w=9&dpr=1.5"),
        ("aspect=16/9", "aspect=16:9"),
        ("aspect=16x9", "aspect=16:9"),
        ("rotate=-90deg", "rotate=270"),
        ("w=9&h=9&fit=cover&gravity=Top%20Left", "w=9&h=9&fit=cover&gravity=nw"),
        ("w=9&h=9&fit=cover&gravity=attention", "w=9&h=9&fit=cover&gravity=smart"),
        ("background=RebeccaPurple", "background=663399"),
        ("background=rgb(255,204,0)", "background=fc0"),
        ("tint=rgba(255,0,0,50%25)", "tint=ff000080"),
        ("then=grayscale=ON|background=Gold%26rotate=5", "then=grayscale=true|background=ffd700%26rotate=5"),
    ],
)
def test_values_are_taken_as_people_write_them(query: str, ours: str) -> None:
    assert plan(query) == plan(ours) != Plan()


def test_src_is_url() -> None:
    assert parse(b"/resize", b"src=a.jpg&w=9") == parse(b"/resize", b"url=a.jpg&w=9")
    for query in (b"url=a.jpg&src=b.jpg", b"src=a.jpg&src=a.jpg"):
        with pytest.raises(RepeatedParameter, match="url is given more than once"):
            parse(b"/resize", query)


@pytest.mark.parametrize("name", CSS_COLOURS)
def test_every_colour_of_css_has_its_name(name: str) -> None:
    assert BY_NAME["background"].parse(name) == BY_NAME["background"].parse(name.title()) == CSS_COLOURS[name]
    assert plan(f"duotone={name},black") == plan(f"duotone={hexadecimal(name)},black")


def hexadecimal(name: str) -> str:
    colour = CSS_COLOURS[name]
    return f"{colour.red:02x}{colour.green:02x}{colour.blue:02x}{colour.alpha:02x}"


@pytest.mark.parametrize(
    ("name", "word", "ours"),
    [(name, word, ours) for name, words in VALUE_HINTS.items() for word, ours in words.items()],
)
def test_a_refused_value_says_how_it_is_said_here(name: str, word: str, ours: str) -> None:
    error = refused(f"{name}={word}")
    assert (type(error), error.param) == (InvalidParameter, name)
    assert error.message == f"{name} must be {BY_NAME[name].grammar.expects}; here: {ours}"
    assert len(error.message) < MAX_MESSAGE_CHARS
    assert is_true(ours)


@pytest.mark.parametrize(("name", "ours"), NAME_HINTS.items())
def test_a_refused_name_says_how_it_is_said_here(name: str, ours: str) -> None:
    assert name not in {spelling for param in PARAMS for spelling in param.names}
    for spelling in (name, name.title().replace("_", "-")):
        error = refused(f"{spelling}=1")
        assert (type(error), error.param) == (UnknownParameter, spelling)
        assert error.message == f"There is no parameter {spelling}; here: {ours}"
    assert is_true(ours)


def is_true(hint: str) -> bool:
    """Whether each ``name=value`` in a hint is taken, and a hint without one names a parameter or says why not."""
    queries = re.findall(r"[a-z_]+=[^ ]*[^ ,]", hint)
    for query in queries:
        for piece in query.split("&"):
            name, _, value = piece.partition("=")
            assert name in BY_NAME
            for placeholder, number in PLACEHOLDERS.items():
                value = value.replace(placeholder, number or "")
            if value:
                BY_NAME[name].parse(value)
    return bool(queries) or "leave " in hint or "a parameter for each" in hint


def test_an_empty_value_is_to_be_left_out() -> None:
    assert refused("height=").message.endswith("; here: leave height out for its default")


@pytest.mark.parametrize(
    "query", ["fit=covers", "gravity=topper", "w=400pxx", "w=40000px", "w=%25", "dpr=99x", "aspect=1/0", "enlarge=yess"]
)
def test_what_is_near_such_a_word_is_refused_without_a_hint(query: str) -> None:
    error = refused(query)
    assert error.message.startswith(f"{error.param} must be ")
    assert "here: " not in error.message


@pytest.mark.parametrize(
    "text", ["x" * 60_000, "rgb(" + "1" * 60_000, "9" * 60_000 + "px", "%C4%B0" * 20, "%E1%BA%9E", "blac%E2%84%AA"]
)
def test_long_and_foreign_texts_are_refused_at_once(text: str) -> None:
    for name in ("fit", "gravity", "background", "width", "aspect", "rotate", "format"):
        assert type(refused(f"{name}={text}")) in (InvalidParameter, BadRequest)
