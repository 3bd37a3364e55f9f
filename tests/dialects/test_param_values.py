"""Each parameter of the tables, and each option of overlays, has a field of the type that its grammar returns."""

from types import NoneType, UnionType
from typing import Annotated, Any, Generic, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest

from pixmill.dialects.native.grammars.choice_lists import ChoiceList
from pixmill.dialects.native.grammars.filters import RegionEffectGrammar
from pixmill.dialects.native.grammars.overlay_options import TEXT_OPTIONS, OptionValues, OverlayOption
from pixmill.dialects.native.grammars.overlays import OverlayGrammar
from pixmill.dialects.native.grammars.scalars import Choice
from pixmill.dialects.native.grammars.value_lists import ValueList
from pixmill.dialects.native.param import Param
from pixmill.dialects.native.param_values import ParamValues, select
from pixmill.dialects.native.params import PARAMS
from pixmill.dialects.native.tables import srcset

ALL_PARAMS = (*PARAMS, *srcset.PARAMS, srcset.PRESET)
OVERLAYS: Any = next(param.grammar for param in PARAMS if isinstance(param.grammar, OverlayGrammar))
OPTIONS = tuple({option.name: option for option in (*OVERLAYS.image_options, *TEXT_OPTIONS)}.values())
PARAM_TYPES = get_type_hints(ParamValues)
OPTION_TYPES = get_type_hints(OptionValues)


def members(annotation: Any) -> frozenset[Any]:
    """The types of a union, without bounds."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return members(get_args(annotation)[0])
    if origin in {Union, UnionType}:
        return frozenset(member for one in get_args(annotation) for member in members(one))
    return frozenset((NoneType if annotation is None else annotation,))


def returned(grammar: Any) -> frozenset[Any]:
    """The types that a grammar returns, of which a value list and a region effect leave the choice to their builder."""
    if isinstance(grammar, ValueList | RegionEffectGrammar):
        build: Any = grammar.build
        return members(build if isinstance(build, type) else get_type_hints(build)["return"])
    assert Generic not in type(grammar).__bases__, "a generic grammar needs a case of its own"
    return members(get_type_hints(type(grammar).parse)["return"])


def fits(value: object, annotation: Any) -> bool:
    """Whether a value and its items are of a type."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return fits(value, arguments[0])
    if origin in {Union, UnionType}:
        return any(fits(value, one) for one in arguments)
    if origin is Literal:
        return value in arguments
    if origin is tuple:
        kinds = arguments[:1] * len(value) if isinstance(value, tuple) and arguments[-1] is ... else arguments
        return (
            isinstance(value, tuple)
            and len(value) == len(kinds)
            and all(fits(item, kind) for item, kind in zip(value, kinds, strict=True))
        )
    if is_typeddict(annotation):
        hints = get_type_hints(annotation)
        return isinstance(value, dict) and all(fits(item, hints[name]) for name, item in value.items())
    return type(value) is annotation if annotation in {int, float, bool, str} else isinstance(value, annotation)


def test_every_parameter_has_a_field_and_every_field_a_parameter() -> None:
    assert set(PARAM_TYPES) == {param.name for param in ALL_PARAMS}
    assert set(OPTION_TYPES) == {option.name for option in OPTIONS}


@pytest.mark.parametrize("param", [*ALL_PARAMS, *OPTIONS], ids=lambda param: f"{type(param).__name__}-{param.name}")
def test_a_field_has_the_type_that_the_grammar_returns(param: Param | OverlayOption) -> None:
    declared: Any = (PARAM_TYPES if isinstance(param, Param) else OPTION_TYPES)[param.name]
    grammar = param.grammar
    if isinstance(grammar, Choice):
        assert all(fits(value, declared) for value in grammar.words.values())
    elif isinstance(grammar, ChoiceList):
        assert all(fits((value,), declared) for value in grammar.words.values())
    else:
        assert returned(grammar) == members(declared)


@pytest.mark.parametrize("param", ALL_PARAMS, ids=lambda param: param.name)
def test_the_values_of_the_examples_fit_their_fields(param: Param) -> None:
    for text in filter(None, (*param.examples, param.default)):
        assert fits(param.parse(text), PARAM_TYPES[param.name])


def test_what_does_not_fit_is_seen() -> None:
    assert fits((1, 2), tuple[int, ...])
    assert not fits((1, "2"), tuple[int, ...])
    assert not fits(True, int)
    assert not fits({"width": "5"}, ParamValues)
    assert fits(({"width": 5, "then": ({"blur": 2},)},), tuple[ParamValues, ...]) is False
    assert returned(ValueList((), float, "")) == {float}


def test_a_selection_keeps_the_named_values() -> None:
    values: ParamValues = {"width": 5, "height": 6}
    assert select(values, {"width", "dpr"}) == {"width": 5}
    assert values == {"width": 5, "height": 6}
