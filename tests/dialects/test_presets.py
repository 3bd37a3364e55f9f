"""Presets: declared once, used by name, equal to their parameters spelled out."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.native.dialect import NativeDialect, parse
from pixmill.dialects.native.presets import Presets, parse_presets
from pixmill.errors import BadRequest, InvalidParameter, MissingParameter, UnknownParameter
from pixmill.plan.key import result_key
from pixmill.plan.request import ImageRequest

PRESETS = parse_presets(
    '{"card": "w=300&height=200&fit=cover", "grey": {"grayscale": true, "quality": 60}, "soft": {"blur": 2.5}}'
)
ONLY = Presets(PRESETS.values_by_name, only=True)


def parse_request(query: str, presets: Presets = PRESETS, *, upload: bool = False) -> ImageRequest:
    url = "" if upload else "url=a.jpg&"
    return NativeDialect(presets).parse(b"/resize", f"{url}{query}".encode(), upload=upload)


def error_of(query: str, presets: Presets = PRESETS) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        parse_request(query, presets)
    return caught.value


@pytest.mark.parametrize(
    ("preset", "expanded"),
    [
        ("preset=card", "width=300&height=200&fit=cover"),
        ("preset=card,grey", "width=300&height=200&fit=cover&grayscale=1&q=60"),
        ("preset=card&width=100", "width=100&height=200&fit=cover"),
        ("h=90&preset=card", "width=300&height=90&fit=cover"),
        ("preset=card&w=300", "width=300&height=200&fit=cover"),
        ("preset=grey&greyscale=false", "quality=60"),
        ("preset=soft", "blur=2.5"),
    ],
)
def test_a_preset_means_what_it_spells_and_shares_its_key(preset: str, expanded: str) -> None:
    one, other = parse_request(preset), parse_request(expanded)
    assert one == other
    assert result_key(one.source.text, one.plan) == result_key(other.source.text, other.plan)


def test_presets_apply_from_left_to_right() -> None:
    presets = parse_presets('{"small": "width=100&blur=1", "large": {"width": 900}}')
    assert parse_request("preset=small,large", presets) == parse_request("width=900&blur=1")
    assert parse_request("preset=large,small", presets) == parse_request("width=100&blur=1")


def test_presets_serve_uploads_as_well() -> None:
    assert parse_request("preset=grey", upload=True) == parse_request("grayscale=1&q=60", upload=True)


@pytest.mark.parametrize(
    "query", ["preset=nobody", "preset=card,nobody", "preset=", "preset=a,,b", "preset=%2e", "preset=card+"]
)
def test_a_name_that_is_none_is_refused(query: str) -> None:
    error = error_of(query)
    assert isinstance(error, InvalidParameter)
    assert error.param == "preset"


def test_a_server_without_presets_knows_none() -> None:
    with pytest.raises(InvalidParameter, match="no preset card"):
        parse(b"/resize", b"url=a.jpg&preset=card")


def test_facts_know_no_presets() -> None:
    with pytest.raises(UnknownParameter):
        NativeDialect(PRESETS).parse(b"/info", b"url=a.jpg&preset=card")


# ---------------------------------------------------------------- presets-only mode


@pytest.mark.parametrize("query", ["preset=card", "preset=card,grey&format=webp&expires=1924992000"])
def test_where_only_presets_are_answered_they_are(query: str) -> None:
    assert parse_request(query, ONLY) == parse_request(query)


def test_where_only_presets_are_answered_a_version_may_be_named() -> None:
    assert parse(b"/resize", b"url=a.jpg&v=2&preset=card", presets=ONLY).source.version == "2"


@pytest.mark.parametrize("name", ["width=5", "w=5", "fit=cover", "quality=3", "filename=x", "blur=1", "crop=1,2,3,4"])
def test_where_only_presets_are_answered_all_else_is_refused_by_name(name: str) -> None:
    error = error_of(f"preset=card&{name}", ONLY)
    assert isinstance(error, UnknownParameter)
    assert "presets only" in error.message
    assert error.param == {"w": "width"}.get(name.partition("=")[0], name.partition("=")[0])


def test_where_only_presets_are_answered_one_is_needed() -> None:
    error = error_of("", ONLY)
    assert isinstance(error, MissingParameter)
    assert error.param == "preset"


# ---------------------------------------------------------------- the setting


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[]", "JSON object"),
        ("{", "JSON object"),
        ('{"card": 5}', "JSON object"),
        ('{"card": {"width": [3]}}', "JSON object"),
        ('{"card": "width=0"}', "preset card: width must be"),
        ('{"card": {"width": 1.5}}', "preset card: width must be"),
        ('{"card": "widht=3"}', "preset card: There is no parameter widht; did you mean width?"),
        ('{"card": "width=3&w=4"}', "preset card: width is given more than once"),
        ('{"card": "url=a.jpg"}', "preset card: There is no parameter url"),
        ('{"card": "preset=grey"}', "preset card: There is no parameter preset"),
        ('{"card": "sig=x"}', "preset card: There is no parameter sig"),
        ('{"card": "width=%zz"}', "preset card: A percent sign"),
        ('{"a card": "width=3"}', "preset 'a card': a name"),
        ('{"": "width=3"}', "preset '': a name"),
        ('{"ok": "width=3", "bad": "fit=4"}', "preset bad: fit must be"),
    ],
)
def test_a_preset_that_cannot_be_used_is_named(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=r"(?s).*") as caught:
        parse_presets(text)
    assert says in str(caught.value)


def test_no_presets_are_no_presets() -> None:
    assert parse_presets("").values_by_name == parse_presets("{}").values_by_name == {}


def test_values_in_an_object_are_taken_as_they_are() -> None:
    presets = parse_presets('{"name": {"filename": "a&b=c d.jpg", "blur": 2, "enlarge": false}}')
    assert presets.values_by_name["name"] == {"filename": "a&b=c d.jpg", "blur": 2, "enlarge": False}


@given(st.text(max_size=60))
def test_any_text_at_all_is_presets_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        assert isinstance(parse_presets(text), Presets)
