"""The tables of the Python client, ``pixmill.url``: names, kinds and bounds of parameters, and their types.

Written by ``make docs`` from the native parameters, so that the client knows what the server accepts.
"""

import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import fields

from pixmill.dialects.kit.colours import CSS_COLOURS
from pixmill.dialects.native.dialect import parse
from pixmill.dialects.native.grammars.canvas import CanvasGrammar, PaddingGrammar, TrimPaddingGrammar
from pixmill.dialects.native.grammars.choice_lists import ChoiceList
from pixmill.dialects.native.grammars.controls import ControlKind, first_words
from pixmill.dialects.native.grammars.formats import FormatGrammar
from pixmill.dialects.native.grammars.measurements import AngleGrammar, AspectRatioGrammar
from pixmill.dialects.native.grammars.quantities import ByteCount, Timestamp, WholeSeconds
from pixmill.dialects.native.grammars.scalars import Choice, Decimal, Integer, PatternText
from pixmill.dialects.native.grammars.value_lists import ValueList
from pixmill.dialects.native.param import Param
from pixmill.dialects.native.params import INFO_PARAMS, PARAMS, STAGE_PARAMS
from pixmill.dialects.native.spelling_values import colour_text
from pixmill.dialects.native.srcset import SRCSET_PARAMS
from pixmill.dialects.native.tables.info import FactsGrammar
from pixmill.dialects.native.tables.srcset import PRESET
from pixmill.errors import BadRequest
from pixmill.media import MEDIA, OUTPUT_FORMATS
from pixmill.plan.ops import Plan

FOLDER: Final = "../src/pixmill/url/"
_ROOT: Final = Path(__file__).parents[1]
_OWN: Final = frozenset(("url", "expires", "sig"))
"""Written by the client itself."""

_EXACT: Final = (
    PatternText, AspectRatioGrammar, AngleGrammar, PaddingGrammar, CanvasGrammar, TrimPaddingGrammar, ValueList,
)  # fmt: skip
"""Grammars whose pattern accepts all that they parse; others name common spellings only."""

_MAX_PATTERN: Final = 700
"""Longer patterns repeat the names of all colours; the server checks these values."""

_SETTINGS: Final = frozenset(("mode",))
"""Parameters whose default is a setting of the server: they are written even if they are the default here."""

_OTHER_SUFFIXES: Final = frozenset(("jpeg", "jpe", "jfif", "apng", "tif", "heif"))
"""Of files in the same formats."""

_CONTEXTS: Final = (
    "url=a",
    "url=a&width=400&height=300&crop=0,0,9,9&canvas=900,600&padding=9&trim=9&fallback=b",
    "url=a&width=400&height=300&fit=cover&crop=window:9,9&dpr=2&enlarge=true&blur=2&dilate=2&max_bytes=30000",
    "url=a&crop=0,0,9,9&crop_aspect=1:1&format=original",
)
"""Beginnings of queries in which each parameter changes something."""

_HEAD: Final = (
    '"""{} Written by ``make docs`` from the parameters of the server."""\n\nfrom __future__ import annotations\n'
)


def files() -> dict[str, str]:
    """Return the texts of the generated modules by path below ``docs/``."""
    modules = {"parameters.py": _rules(), "colour_names.py": _colours(), "param_types.py": _types()}
    return {FOLDER + name: _formatted("\n".join(lines)) for name, lines in modules.items()}


def _formatted(text: str) -> str:
    ruff = Path(sys.executable).with_name("ruff")
    command: list[str | Path] = [ruff, "format", "-", "--stdin-filename", "src/pixmill/url/parameters.py"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True, cwd=_ROOT)  # noqa: S603 - our own
    return done.stdout


def _params() -> list[Param]:
    """Return the parameters of all endpoints, in the order of native URLs."""
    by_name = {param.name: param for param in (*PARAMS, PRESET, *SRCSET_PARAMS) if param.name not in _OWN}
    return sorted(by_name.values(), key=_place)


def _names(params: Iterable[Param]) -> str:
    return f"frozenset({sorted(param.name for param in params if param.name not in _OWN)!r})"


def _rules() -> Iterator[str]:
    yield _HEAD.format("What each parameter accepts, and how it is written.")
    yield "from .rules import Colour, Integer, Number, Overlays, Rule, Source, Stages, Text, WordList, Words"
    yield "RULES: dict[str, Rule] = {"
    for param in _params():
        yield f"    {param.name!r}: {_rule(param)},"
    yield "}"
    yield '"""In the order in which they are written."""\n'
    yield f"ALIASES = { ({alias: param.name for param in _params() for alias in param.aliases})!r}"
    yield f"IMAGE_PARAMS = {_names((*PARAMS, PRESET))}"
    yield f"STAGE_PARAMS = {_names(STAGE_PARAMS)}"
    yield f"INFO_PARAMS = {_names(INFO_PARAMS)}"
    yield f"SRCSET_PARAMS = {_names((*SRCSET_PARAMS, PRESET))}"
    yield f"DEFAULT_WIDTHS = ({next(one.default for one in SRCSET_PARAMS if one.name == 'widths')})"
    images = [form for form in OUTPUT_FORMATS if MEDIA[form].mime.startswith("image/")]
    yield f"MEDIA_TYPES = { ({form.value: MEDIA[form].mime for form in images})!r}"
    suffixes = {MEDIA[form].extension for form in images} | _OTHER_SUFFIXES
    yield f"IMAGE_SUFFIXES = frozenset({sorted(f'.{suffix}' for suffix in suffixes)!r})"


def _rule(param: Param) -> str:
    """Return the call that builds the rule of a parameter."""
    default = _default(param)
    arguments = (*_arguments(param), *([f"default={default!r}"] if default else ()))
    return f"{arguments[0]}({', '.join(arguments[1:])})"


def _arguments(param: Param) -> tuple[str, ...]:
    """Return the name of the rule and its arguments."""
    match param.grammar:
        case Integer(low, high):
            return "Integer", repr(low), repr(high)
        case Decimal(low, high, allow_zero):
            zero = ("allow_zero=True",) if allow_zero and low else ()
            return "Number", repr(float(low)), repr(float(high)), *zero
        case Choice(words):
            return "Words", repr(_canonical_words(words))
        case ChoiceList() | FactsGrammar():
            names = _words_of(param)
            return "WordList", repr(names), repr(getattr(param.grammar, "max_items", len(names)))
    kind = _RULE_OF_CONTROL.get(param.grammar.control.kind)
    return (kind,) if kind else _text_arguments(param)


_RULE_OF_CONTROL: Final = {
    ControlKind.COLOUR: "Colour",
    ControlKind.SOURCE: "Source",
    ControlKind.STAGES: "Stages",
    ControlKind.OVERLAY: "Overlays",
}


def _text_arguments(param: Param) -> tuple[str, ...]:
    grammar = param.grammar
    low, high, pattern = _alternatives(param)
    if low is not None:
        kind = "Integer" if grammar.control.kind is ControlKind.INTEGER else "Number"
        return kind, str(low), str(high), f"pattern={pattern!r}", f"expects={grammar.expects!r}"
    words = (f"words={_canonical_words(grammar.words)!r}",) if isinstance(grammar, FormatGrammar) else ()
    return "Text", repr(pattern), repr(grammar.expects), *words


def _words_of(param: Param) -> tuple[str, ...]:
    return tuple(str(getattr(word, "value", word)) for word in param.grammar.control.choices)


def _canonical_words(words: Mapping[str, object]) -> dict[str, str]:
    """Return the word that is written for each word: the value itself, as a number, or the first with the same value."""
    firsts: list[tuple[str, object]] = []
    canonical: dict[str, str] = {}
    for word, value in words.items():
        canonical[word] = next((first for first, same in firsts if same == value and type(same) is type(value)), word)
        if str(value) in words and words[str(value)] == value:
            canonical[word] = str(value)
        firsts.append((word, value))
    return canonical


_UNITS: Final = "[0-9][0-9.]*[A-Za-z][0-9A-Za-z.]*"
"""A size or a duration with units, of which the server checks which."""


def _alternatives(param: Param) -> tuple[object, object, str]:
    """Return the bounds of a number that may also be another text, and the pattern of that."""
    schema = param.grammar.schema
    flat = [*_flat(schema)]
    numbers = [one for one in flat if one.get("type") in ("integer", "number")]
    texts = [str(one.get("pattern", f"^{one.get('const')}$")) for one in flat if one.get("type") == "string"]
    pattern = "|".join(text.removeprefix("^").removesuffix("$") for text in texts)
    if numbers:
        has_units = isinstance(param.grammar, ByteCount | WholeSeconds | Timestamp)
        return numbers[0]["minimum"], numbers[0]["maximum"], _UNITS if has_units else pattern
    is_exact = isinstance(param.grammar, _EXACT) and len(pattern) < _MAX_PATTERN
    return None, None, pattern if is_exact else ""


def _flat(schema: dict[str, object]) -> Iterator[dict[str, object]]:
    for one in schema.get("anyOf", [schema]):  # type: ignore[attr-defined]
        yield from _flat(one) if "anyOf" in one else [one]


def _default(param: Param) -> str:
    """Return the default if a URL with it means the same as one without."""
    if not param.default or param.name in _SETTINGS or param not in (*PARAMS, PRESET):
        return ""
    without, value = "url=a&width=400&height=300", param.default
    try:
        same = _plan(f"{without}&{param.name}={value}") == _plan(without)
    except BadRequest:
        return ""
    return value if same else ""


def _plan(query: str) -> Plan:
    return parse(b"/resize", query.encode()).plan


def _place(param: Param) -> tuple[int, ...]:
    """Return the place of a parameter in native URLs: that of the first field of the plan which it changes."""
    last = {"filename": 1, "disposition": 2, "tags": 3, "max_age": 4, "fallback": 5, "fallback_status": 6}
    if param.name in ("v", "preset"):
        return (-2 if param.name == "v" else -1,)
    if param.name in last:
        return (10_000, last[param.name])
    for context in _CONTEXTS:
        for example in param.examples:
            pieces = [piece for piece in context.split("&") if not piece.startswith(f"{param.name}=")]
            value = example.replace("%", "%25").replace("&", "%26").replace("+", "%2B").replace("#", "%23")
            try:
                plan = _plan("&".join((*pieces, f"{param.name}={value}")))
            except BadRequest:
                continue
            path = _first_difference(_plan("&".join(pieces)), plan)
            if path:
                return path
    return (9_000, [one.name for one in (*PARAMS, PRESET, *SRCSET_PARAMS)].index(param.name))


def _first_difference(one: Struct, other: Struct) -> tuple[int, ...]:
    for number, field in zip(count(), fields(one)):
        left, right = getattr(one, field.name), getattr(other, field.name)
        if left != right:
            inner = _first_difference(left, right) if type(left) is type(right) and isinstance(left, Struct) else ()
            return (number, *inner)
    return ()


def _colours() -> Iterator[str]:
    yield _HEAD.format("The names of colours, and what is written for them.")
    yield f"NAMES = { ({name: colour_text(colour) for name, colour in CSS_COLOURS.items()})!r}"


def _types() -> Iterator[str]:
    yield _HEAD.format("The types of keywords, for editors and type checkers; not imported at run time.")
    yield "from collections.abc import Mapping, Sequence"
    yield "from datetime import timedelta"
    yield "from decimal import Decimal"
    yield "from fractions import Fraction"
    yield "from typing import Literal, TypedDict"
    yield ""
    yield "Number = int | float | Decimal | Fraction"
    yield "Values = str | Number | Sequence[str | Number]"
    yield "Texts = str | Sequence[str]"
    yield "Part = Mapping[str, object]"
    image = {param.name for param in (*PARAMS, PRESET)}
    info = {param.name for param in INFO_PARAMS}
    for name, names, text in (
        ("ImageParams", image, "What makes an image."),
        ("InfoParams", info, "What is asked about an original."),
    ):
        yield ""
        yield ""
        yield f"class {name}(TypedDict, total=False):"
        yield f'    """{text}"""\n'
        for param in _params():
            if param.name in names:
                yield f"    {param.name}: {_type(param)}"
                yield f'    """{_sentence(param)}"""'


def _sentence(param: Param) -> str:
    first = param.description.split(". ")[0].rstrip(".").replace("`", "").replace("\\", "")
    return f"{first}."


def _type(param: Param) -> str:
    """Return the type of a keyword."""
    grammar = param.grammar
    match grammar:
        case Choice(words):
            return _choice_type(first_words(words))
        case ChoiceList() | FactsGrammar():
            return f"str | Sequence[Literal[{', '.join(map(repr, _words_of(param)))}]]"
        case FormatGrammar(words):
            return f"Literal[{', '.join(map(repr, first_words(words)))}] | str"
        case PatternText():
            return "str"
    if isinstance(grammar, WholeSeconds | Timestamp):
        return "Number | str | timedelta"
    also = " | str" if not isinstance(grammar, Integer | Decimal) else ""
    kind = _TYPE_OF_CONTROL.get(grammar.control.kind, "Texts" if param.name in _TEXTS else "Values")
    return kind + also if kind in ("int", "Number") else kind


_TYPE_OF_CONTROL: Final = {
    ControlKind.INTEGER: "int",
    ControlKind.NUMBER: "Number",
    ControlKind.COLOUR: "str",
    ControlKind.SOURCE: "str",
    ControlKind.GRAVITY: "str",
    ControlKind.STAGES: "str | Part | Sequence[Part]",
    ControlKind.OVERLAY: "str | Part | Sequence[Part]",
}
_TEXTS: Final = ("preset", "tags")


def _choice_type(words: tuple[str, ...]) -> str:
    flags = {"true", "false"}
    is_flag = flags <= set(words)
    literals = [
        text
        for word in words
        if not (is_flag and word in flags)
        for text in (repr(word), *([word] if word.isdigit() else []))
    ]
    return " | ".join((*(["bool"] if is_flag else []), *([f"Literal[{', '.join(literals)}]"] if literals else [])))
