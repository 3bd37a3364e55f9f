"""The parameter table is consistent: grammars accept its examples, defaults and schemas."""

import re
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pixmill.dialects.native.grammars.scalars import Schema
from pixmill.dialects.native.other_words import canonical_text
from pixmill.dialects.native.param import Param
from pixmill.dialects.native.params import INFO_PARAMS, PARAMS
from pixmill.errors import BadRequest

every_param = pytest.mark.parametrize("param", PARAMS, ids=lambda param: param.name)


def as_json_value(schema: Schema, text: str) -> object:
    """The text as a JSON value: a number if the schema describes numbers."""
    if schema.get("type") == "string":
        return text
    if re.fullmatch(r"0|[1-9][0-9]*", text):
        return int(text)
    return float(text) if re.fullmatch(r"(0|[1-9][0-9]*)\.[0-9]+", text) else text


def types_of(schema: Any) -> set[str]:
    if "anyOf" in schema:
        return set().union(*map(types_of, schema["anyOf"]))
    return {schema.get("type", "")}


def in_schema(param: Param, text: str) -> bool:
    """Validate with an implementation in another language, which has its own regular expressions."""
    schema = param.grammar.schema
    types = types_of(schema)
    if "integer" in types and "number" not in types and re.fullmatch(r"-?\d+\.\d*", text):
        return False  # 5.0 is a whole number to JSON Schema, but not to us
    return bool(jsonschema_rs.is_valid(schema, as_json_value(schema, text)))


def is_accepted(param: Param, text: str) -> bool:
    try:
        param.parse(text)
    except BadRequest:
        return False
    return True


def test_no_two_parameters_share_a_name() -> None:
    names = [name for param in PARAMS for name in param.names]
    assert len(names) == len(set(names))


def test_names_need_no_escapes() -> None:
    assert all(re.fullmatch("[a-z]+(_[a-z]+)*", name) for param in PARAMS for name in param.names)


def test_info_takes_the_source_what_to_include_and_the_signature() -> None:
    assert [param.name for param in INFO_PARAMS] == ["url", "v", "include", "palette_colors", "expires", "sig"]


@every_param
def test_examples_and_defaults_are_taken_and_fit_the_schema(param: Param) -> None:
    for text in filter(None, (*param.examples, param.default)):
        assert is_accepted(param, text)
        assert in_schema(param, text)


@every_param
def test_every_parameter_says_what_it_means_and_what_it_takes(param: Param) -> None:
    assert re.fullmatch(r"[A-Z].*\.", param.description)
    with pytest.raises(BadRequest) as caught:
        param.parse("\\\x00")
    assert caught.value.param == param.name
    assert caught.value.message


@every_param
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_what_fits_the_schema_is_taken(param: Param, data: st.DataObject) -> None:
    """And the reverse, except for images and stages, whose schemas are narrower on purpose."""
    near = st.text(alphabet="0123456789.,:-#abcdefghnprstw ", max_size=14)
    exact = st.just(param.examples[0]).flatmap(edited)
    text = data.draw(near | exact | fitting(param.grammar.schema))
    assume("\\" not in text)
    if in_schema(param, text):
        assert is_accepted(param, text)
    elif param.name not in {"url", "fallback", "mask", "overlay", "then"}:
        ours = canonical_text(param.name, param.grammar, text)
        assert not is_accepted(param, text) or (ours != text and in_schema(param, ours or ""))


def edited(text: str) -> st.SearchStrategy[str]:
    """The text with one character changed, added or removed."""
    places = st.integers(0, len(text))
    return st.builds(
        lambda at, char, skip: text[:at] + char + text[at + skip :], places, st.text(max_size=1), st.integers(0, 1)
    )


def fitting(schema: Any) -> st.SearchStrategy[str]:
    """Texts that match a schema."""
    match schema:
        case {"anyOf": schemas}:
            return st.one_of([fitting(one) for one in schemas])
        case {"const": number}:
            return st.just(str(number))
        case {"enum": words}:
            return st.sampled_from(words)
        case {"pattern": pattern}:
            return st.from_regex(re.compile(pattern.removesuffix("$") + r"\Z"))
        case {"type": "integer", "minimum": low, "maximum": high}:
            return st.integers(low, high).map(str)
        case _:
            return st.floats(schema["minimum"], schema["maximum"]).map(str)
