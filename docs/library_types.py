"""Writes the types of the library's parameters and facts from the tables: ``src/pixmill/library/param_types.py``.

``docs/generate.py`` writes the file; ``tests/library/test_types.py`` compares it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from keyword import iskeyword
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from msgspec import Struct
from msgspec.structs import fields

from pixmill.dialects.native.grammars.choice_lists import ChoiceList
from pixmill.dialects.native.grammars.colours import ColourGrammar
from pixmill.dialects.native.grammars.formats import FormatGrammar
from pixmill.dialects.native.grammars.overlays import OverlayGrammar
from pixmill.dialects.native.param import Param
from pixmill.dialects.native.params import STAGE_PARAMS
from pixmill.dialects.native.stages import StageGrammar
from pixmill.library.params import FACT_PARAMS, IMAGE_PARAMS
from pixmill.library.srcset import LOCAL_SRCSET_PARAMS
from pixmill.media import DESCRIPTION_FORMATS, OUTPUT_FORMATS
from pixmill.plan.facts import Facts, GpsLocation, Swatch

FILE = Path(__file__).parent.parent / "src/pixmill/library/param_types.py"

HEADER = '''\
"""The types of parameters and facts, for type checkers and editors.

Generated from the parameter table and from ``Facts`` by ``docs/library_types.py`` (``make docs``).
"""

# ruff: noqa: E501 - one line for each description
# fmt: off
from collections.abc import Sequence
from typing import Literal, NotRequired, TypedDict
'''

_FLAGS = ("true", "1", "false", "0")
_CHOICES = re.compile(r"\^\(\?:\(\?:([a-z0-9|]+)\)\(")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def text() -> str:
    """Return the text of the module."""
    blocks = [
        HEADER,
        _params_class("StageParams", "The parameters of a further stage.", STAGE_PARAMS),
        _params_class("ResizeParams", "The parameters of ``resize``.", IMAGE_PARAMS),
        _params_class("InfoParams", "The parameters of ``info``.", FACT_PARAMS),
        _params_class("SrcsetParams", "The parameters of ``srcset``.", LOCAL_SRCSET_PARAMS),
        _facts_class("GpsInfo", GpsLocation),
        _facts_class("SwatchInfo", Swatch),
        _facts_class("Info", Facts),
    ]
    return "\n\n".join(blocks)


def _params_class(name: str, title: str, params: Iterable[Param]) -> str:
    return "\n".join((f"class {name}(TypedDict, total=False):", f'    """{title}"""', *_params(params))) + "\n"


def _params(params: Iterable[Param]) -> Iterator[str]:
    for param in sorted(params, key=lambda one: one.name):
        name = f"{param.name}_" if iskeyword(param.name) else param.name
        yield f"\n    {name}: {' | '.join((*_types(param), 'None'))}"
        yield f'    """{_docstring(param)}"""'


def _docstring(param: Param) -> str:
    default = f" Default: {param.default}." if param.default else ""
    return f"{param.description}{default}".replace("\\", "\\\\").replace('"""', "'''").removesuffix('"')


def _types(param: Param) -> list[str]:
    """Return the alternatives of a parameter's type."""
    grammar = param.grammar
    if isinstance(grammar, ColourGrammar):
        return ["str"]
    if isinstance(grammar, FormatGrammar):
        originals = (f"original,{form}" for form in OUTPUT_FORMATS if form not in DESCRIPTION_FORMATS)
        return [
            _literal(("auto", *map(str, OUTPUT_FORMATS), "jpg", *sorted(DESCRIPTION_FORMATS), "original", *originals))
        ]
    if isinstance(grammar, OverlayGrammar):
        return ["str", "Sequence[str]"]
    if isinstance(grammar, StageGrammar):
        return ["str", "Sequence[StageParams]"]
    if isinstance(grammar, ChoiceList) or _CHOICES.match(str(grammar.schema.get("pattern", ""))):
        choices = _literal(_pattern_choices(grammar.schema))
        return [choices, f"Sequence[{choices}]"]
    types = list(dict.fromkeys(_schema_types(grammar.schema, param.examples)))
    wide = "str" if "str" in types else "float" if "float" in types else ""
    return [one for one in types if one == wide or not wide or not one.startswith("Literal")]


def _pattern_choices(schema: Mapping[str, Any]) -> Sequence[str]:
    match = _CHOICES.match(schema["pattern"])
    assert match, schema  # noqa: S101 - the schema of a list of choices
    return match[1].split("|")


def _schema_types(schema: Mapping[str, Any], examples: Sequence[str]) -> Iterator[str]:
    if "anyOf" in schema:
        for one in schema["anyOf"]:
            yield from _schema_types(one, ())
    elif "const" in schema:
        yield _literal((schema["const"],)) if schema["const"] else "float"
    elif "enum" in schema:
        yield from _enum_types(schema["enum"])
    elif schema["type"] == "integer":
        yield "int"
    elif schema["type"] == "number":
        yield "float"
    else:
        yield from _pattern_types(examples)


def _enum_types(values: Sequence[str]) -> Iterator[str]:
    if set(_FLAGS) <= set(values):
        yield "bool"
        values = [value for value in values if value not in _FLAGS]
    if values:
        numbers = [int(value) for value in values if value.isdigit()]
        yield _literal((*values, *numbers))


def _pattern_types(examples: Sequence[str]) -> Iterator[str]:
    """Return the types of what is a text in a URL, by its examples: numbers, lists of them, texts."""
    pieces = [example.split(",") for example in examples]
    if any(len(one) == 1 and _NUMBER.fullmatch(one[0]) for one in pieces):
        yield "float"
    lists = [one for one in pieces if len(one) > 1 and any(map(_NUMBER.fullmatch, one))]
    lists = [one for one in lists if not any(":" in piece or ";" in piece for piece in one)]
    if lists:
        is_mixed = any(not _NUMBER.fullmatch(piece) for one in lists for piece in one)
        yield "Sequence[float | str]" if is_mixed else "Sequence[float]"
    if not examples or not all(len(one) == 1 and _NUMBER.fullmatch(one[0]) for one in pieces):
        yield "str"


def _literal(values: Iterable[object]) -> str:
    return f"Literal[{', '.join(f'{chr(34)}{value}{chr(34)}' if isinstance(value, str) else str(value) for value in values)}]"


def _facts_class(name: str, facts: type[Struct]) -> str:
    hints = get_type_hints(facts)
    lines = [f"class {name}(TypedDict):", f'    """{(facts.__doc__ or "").splitlines()[0]}"""', ""]
    for field in fields(facts):
        kind = _fact_type(hints[field.name])
        lines.append(f"    {field.name}: {kind if field.required else f'NotRequired[{kind}]'}")
    return "\n".join(lines) + "\n"


_FACTS_CLASSES = {GpsLocation: "GpsInfo", Swatch: "SwatchInfo"}


def _fact_type(hint: Any) -> str:
    if get_origin(hint) in (Union, UnionType):
        return " | ".join(_fact_type(one) for one in get_args(hint) if one is not type(None))
    if get_origin(hint) is tuple:
        return f"list[{_fact_type(get_args(hint)[0])}]"
    if get_origin(hint) in (dict, list):
        return f"{get_origin(hint).__name__}[{', '.join(map(_fact_type, get_args(hint)))}]"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _literal(member.value for member in hint)
    return _FACTS_CLASSES.get(hint) or str(hint.__name__)


if __name__ == "__main__":
    FILE.write_text(text())
