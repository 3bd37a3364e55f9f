"""Writes what the JavaScript package knows of parameters, and URLs that clients in all languages are tested with.

    .venv/bin/python packages/generate.py

All of it follows from the table of parameters and the version; ``tests/test_javascript_parameters.py``
proves that it is current.
"""

import json
import random
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, quote

from pixmill import __version__
from pixmill.dialects.native.dialect import NativeDialect
from pixmill.dialects.native.grammars.choice_lists import ChoiceList
from pixmill.dialects.native.grammars.colours import ColourGrammar
from pixmill.dialects.native.grammars.formats import FormatGrammar
from pixmill.dialects.native.grammars.scalars import Choice, Grammar, Location, PatternText
from pixmill.dialects.native.param import Param
from pixmill.dialects.native.params import PARAMS
from pixmill.dialects.native.spelling import native_url
from pixmill.dialects.native.tables import info, srcset
from pixmill.errors import PixmillError
from pixmill.plan.request import ImageRequest
from pixmill.url import Client
from pixmill.url.colour_names import NAMES
from pixmill.url.parameters import RULES
from pixmill.url.rules import Colour, Number, Rule, Text, WordList, Words

ROOT: Final = Path(__file__).parents[1]
PACKAGE: Final = ROOT / "packages" / "pixmill-js" / "src"
VECTORS: Final = ROOT / "examples" / "clients" / "urls.json"

_HEADER: Final = "// Written by packages/generate.py from the table of parameters.\n"
_OF_THE_CLIENT: Final = ("url", "expires", "sig")
"""Parameters that a client has arguments of its own for."""

_ORDER: Final = {name: place for place, name in enumerate(RULES)}
NAMED: Final[tuple[Param, ...]] = tuple(
    sorted(
        (*(param for param in PARAMS if param.name not in _OF_THE_CLIENT), srcset.PRESET),
        key=lambda param: _ORDER[param.name],
    )
)
"""The parameters that URLs of images may have, in the order in which the server and all clients write them."""

_TYPES: Final = {
    "v": "string | number",
    "then": "string | Parameters | readonly (string | Parameters)[]",
    "overlay": "string | readonly string[]",
}
"""Of parameters that hold others, or any text."""

_DEFAULT_WIDTHS: Final = next(param.default for param in srcset.PARAMS if param.name == "widths")
_VERSION: Final = re.compile(r'("name": "pixmill",\s*"version": |"node_modules/pixmill": \{\s*"version": )"[^"]*"')
_EXAMPLES: Final = ("next", "nuxt", "astro")
_SAFE: Final = "/:,;"
_COMBINATIONS: Final = 400
_DIALECT: Final = NativeDialect()
_CLIENT: Final = Client("")

_SOURCES: Final = (
    "photo.jpg",
    "/photos/photo.jpg",
    "folder/sub folder/photo.jpg",
    "été/café.jpg",
    "写真/猫.png",
    "a+b.jpg",
    "100%.jpg",
    "a&b=c.jpg",
    "a#b.jpg",
    "what?.jpg",
    "it's (1)!*.jpg",
    "a,b;c.jpg",
    "/a:b.jpg",
    "~user/-_.jpg",
    '"quoted".jpg',
    "emoji 🦊.jpg",
    "[1]{2}|3^`.jpg",
    "https://example.com/photo.jpg",
    "https://example.com:8443/a/b.jpg?size=large&token=a%2Fb",
    "https://example.com/caf%C3%A9%20noir.jpg",
    "s3://bucket/folder/photo.jpg",
    "canvas:800x600,ff0000",
)
_TEXTS: Final = (
    {"filename": "Été à la mer.jpg"},
    {"filename": "a&b=c?d#e.jpg"},
    {"filename": "100% (1)!*'.jpg"},
    {"tags": "product-7,summer"},
    {"v": "2026-11-24"},
    {"overlay": "text:Hello,, world!,size:40,color:white"},
    {"overlay": "text:Crème brûlée & 50% + tax,gravity:south"},
    {"fallback": "https://example.com/missing.png?a=1&b=2"},
    *(
        {"canvas": "900,600", "background": text}
        for text in ("#FFF", "Abc8", "transparent", "#12345600", "rebeccapurple")
    ),
)


_COMPANIONS: Final[tuple[dict[str, str], ...]] = (
    {},
    {"width": "400"},
    {"width": "400", "height": "300", "fit": "cover"},
    {"width": "400", "enlarge": "true"},
    {"width": "400", "dpr": "2", "dpr_rule": "dropped"},
    {"trim": "10"},
    {"crop": "window:300,200"},
    {"canvas": "900,600"},
    {"rotate": "12.5"},
    {"padding": "10"},
    {"erode": "2"},
    {"blur": "2"},
    {"filename": "holiday.jpg"},
    {"fallback": "missing.png"},
    *({"format": name} for name in ("jpeg", "png", "webp", "avif", "gif", "tiff", "json", "original")),
    {"format": "png", "colors": "16"},
    {"format": "json", "include": "palette"},
    {"format": "webp", "max_bytes": "30000"},
    {"crop": "window:300,200", "crop_aspect": "1:1"},
)
"""What a parameter may need to have an effect: without one, no URL that the server writes has it."""


def files() -> dict[Path, str]:
    """Return the text of every file that is written."""
    manifests = (PACKAGE.parent / "package.json", PACKAGE.parent / "package-lock.json")
    locks = (ROOT / "examples" / name / "package-lock.json" for name in _EXAMPLES)
    return {
        **{path: _with_version(path) for path in (*manifests, *locks)},
        PACKAGE / "parameters.js": _HEADER + "\n".join(_runtime()) + "\n",
        PACKAGE / "parameters.d.ts": _HEADER + "\n".join(_types()) + "\n",
        VECTORS: json.dumps(vectors(), ensure_ascii=False, indent=1) + "\n",
    }


def _with_version(path: Path) -> str:
    version = __version__.replace("rc", "-rc.")  # as Semantic Versioning spells it
    return _VERSION.sub(rf'\1"{version}"', path.read_text(encoding="utf-8"))


def vectors() -> list[dict[str, object]]:
    """Return sources and parameters, and the path and query that each client must write for them."""
    cases: dict[str, dict[str, object]] = {}
    for source, given in _requests():
        request = _parse(source, given)
        if request is None:
            continue
        pairs = dict(parse_qsl(native_url(request).partition("?")[2], keep_blank_values=True))
        target = _target(pairs.pop("url"), pairs)
        if _DIALECT.parse(b"/resize", target.partition("?")[2].encode()) != request:
            continue  # it says more than the image: that a browser may send hints, for example
        values = {name: _value(name, text) for name, text in pairs.items()}
        as_given = {name: _value(name, text) for name, text in given.items()}
        for parameters in (values, as_given):
            target = _python_url(source, parameters)
            if _DIALECT.parse(b"/resize", target.partition("?")[2].encode()) != request:
                raise AssertionError(f"{target} is another image than {given}")
            case = {"source": source, "parameters": parameters, "target": target}
            cases.setdefault(f"{source} {sorted(parameters.items())}", case)
    for param in NAMED:
        if (default := RULES[param.name].default) and param.name != "width":
            values = {"width": 300, param.name: _value(param.name, default)}
            cases[f"default {param.name}"] = {
                "source": "photo.jpg",
                "parameters": values,
                "target": _python_url("photo.jpg", values),
            }
    return list(cases.values())


def _python_url(source: str, values: Mapping[str, Any]) -> str:
    return _CLIENT.url(source, **values)


def _requests() -> Iterator[tuple[str, dict[str, str]]]:
    for source in _SOURCES:
        yield source, {}
        yield source, {"width": "400", "format": "webp"}
    yield from (("photo.jpg", dict(given)) for given in _TEXTS)
    values = {param.name: _texts_of(param) for param in NAMED if param.name != "preset"}
    for name, texts in values.items():
        for text in texts:
            yield "photo.jpg", _with_effect(name, text)
    choice = random.Random(7)  # noqa: S311 - the same cases each time
    for _ in range(_COMBINATIONS):
        names = choice.sample(sorted(values), choice.randint(2, 5))
        yield choice.choice(_SOURCES), {name: choice.choice(values[name]) for name in names}


def _with_effect(name: str, text: str) -> dict[str, str]:
    """Return the parameter with others, as few as make it count."""
    for companions in _COMPANIONS:
        given = {**companions, name: text}
        request = _parse("photo.jpg", given)
        if request is not None and f"&{name}=" in native_url(request):
            return given
    return {name: text}


def _texts_of(param: Param) -> tuple[str, ...]:
    words = tuple(param.grammar.words) if isinstance(param.grammar, Choice) else ()
    return (*param.examples, *words)


def _parse(source: str, given: Mapping[str, str]) -> ImageRequest | None:
    """Return the request, None if these parameters do not go together or no native URL says exactly this."""
    query = "&".join(f"{name}={quote(text, safe='')}" for name, text in {"url": source, **given}.items())
    try:
        outcome = _DIALECT.parse(b"/resize", query.encode())
        if isinstance(outcome, ImageRequest):
            native_url(outcome)
            return outcome
    except PixmillError:
        pass
    return None


def _target(source: str, pairs: Mapping[str, str]) -> str:
    ordered = [(param.name, pairs[param.name]) for param in NAMED if param.name in pairs]
    return "/resize?" + "&".join(f"{name}={quote(text, safe=_SAFE)}" for name, text in [("url", source), *ordered])


def _value(name: str, text: str) -> object:
    """Return the value as a program would give it: a flag, a number or a text."""
    param = next(param for param in NAMED if param.name == name)
    if isinstance(param.grammar, Choice) and text in ("true", "false"):
        return text == "true"
    if isinstance(param.grammar, ColourGrammar | PatternText):
        return text
    if re.fullmatch(r"-?(0|[1-9][0-9]{0,8})", text):
        return int(text)
    if re.fullmatch(r"-?(0|[1-9][0-9]{0,5})\.[0-9]{0,5}[1-9]", text):
        return float(text)
    return text


def _runtime() -> Iterator[str]:
    yield from _names("NAMES", "The parameters, in the order in which URLs have them.", NAMED)
    yield from _names("INFO_NAMES", "Those of /info.", _info_params())
    yield "/** Other names of parameters, and the name that URLs have. */"
    yield "export const ALIASES = {"
    for param in NAMED:
        for alias in param.aliases:
            yield f'  {alias}: "{param.name}",'
    yield "};"
    yield "/** Values that mean the same as nothing, which URLs without a preset do not have. */"
    yield "export const DEFAULTS = {"
    for param in NAMED:
        if default := RULES[param.name].default:
            yield f'  {param.name}: "{default}",'
    yield "};"
    yield from _canonical()
    yield "/** Widths of a srcset, in pixels, unless others are given. */"
    yield f"export const DEFAULT_WIDTHS = [{', '.join(_DEFAULT_WIDTHS.split(','))}];"


def _canonical() -> Iterator[str]:
    """Write which values are written in another way than they are given."""
    words = {name: _synonyms(rule) for name, rule in RULES.items()}
    flags = [param for param in NAMED if {"1": "true", "0": "false"}.items() <= words[param.name].items()]
    yield from _names("FLAGS", "Those whose 1 and 0 are true and false.", flags)
    yield "/** Words that mean the same as others, which URLs have. */"
    yield "export const SYNONYMS = {"
    for param in NAMED:
        others = {word: one for word, one in words[param.name].items() if param not in flags or word not in "10"}
        if others:
            yield f"  {param.name}: {json.dumps(others)},"
    yield "};"
    decimals = [param for param in NAMED if isinstance(RULES[param.name], Number)]
    yield from _names("DECIMALS", "Numbers, which have no zeros at their end.", decimals)
    lists = [param for param in NAMED if isinstance(RULES[param.name], WordList)]
    yield from _names("WORD_LISTS", "Lists of words, each of which is written once.", lists)
    colours = [param for param in NAMED if isinstance(RULES[param.name], Colour)]
    yield from _names("COLORS", "Colours, which have six or eight digits.", colours)
    yield "/** Names of colours and their digits, one after another. */"
    yield "export const COLOR_NAMES ="
    yield f'  "{" ".join(f"{name} {digits}" for name, digits in NAMES.items())}".split(" ");'


def _synonyms(rule: Rule) -> dict[str, str]:
    words: Mapping[str, str] = getattr(rule, "_words", None) or {} if isinstance(rule, Words | Text) else {}
    return {word: one for word, one in words.items() if word != one}


def _names(constant: str, comment: str, params: Iterable[Param]) -> Iterator[str]:
    yield f"/** {comment} */"
    yield f"export const {constant} ="
    text = " ".join(param.name for param in params)
    yield f'  "{text}".split(" ");'


def _info_params() -> tuple[Param, ...]:
    names = {"v", *(param.name for param in info.PARAMS)}
    return tuple(param for param in NAMED if param.name in names)


def _types() -> Iterator[str]:
    yield "/** A list: as text with commas, or as an array. */"
    yield "export type List = string | number | readonly (string | number)[];"
    yield "/** Some of these words: as text with commas, or as an array. */"
    yield "export type Words<W extends string> = W | `${W},${string}` | readonly W[];"
    yield ""
    yield "/** Parameters of /resize. */"
    yield from _interface("Parameters", NAMED)
    yield ""
    yield "/** Parameters of /info. */"
    yield from _interface("InfoParameters", _info_params())
    yield ""
    yield "export const NAMES: readonly string[];"
    yield "export const INFO_NAMES: readonly string[];"
    yield "export const ALIASES: Readonly<Record<string, string>>;"
    yield "export const DEFAULTS: Readonly<Record<string, string>>;"
    yield "export const DEFAULT_WIDTHS: readonly number[];"
    yield "export const SYNONYMS: Readonly<Record<string, Readonly<Record<string, string>>>>;"
    for constant in ("FLAGS", "DECIMALS", "WORD_LISTS", "COLORS", "COLOR_NAMES"):
        yield f"export const {constant}: readonly string[];"


def _interface(name: str, params: tuple[Param, ...]) -> Iterator[str]:
    yield f"export interface {name} {{"
    for param in params:
        yield from _comment(param)
        yield f"  {param.name}?: {_type(param)} | undefined;"
    yield "}"


def _comment(param: Param) -> Iterator[str]:
    lines = textwrap.wrap(re.sub(r"\]\([^)]*\)", "]", param.description).replace("*/", "*\\/"), 110)
    examples = ", ".join(f"`{example}`" for example in param.examples)
    yield "  /**"
    yield from (f"   * {line}" for line in lines)
    yield f"   * @example {examples}"
    if param.default:
        yield f"   * @default {param.default}"
    yield "   */"


def _type(param: Param) -> str:
    return _TYPES.get(param.name) or " | ".join(dict.fromkeys(_types_of(param.grammar)))


def _types_of(grammar: Grammar[object]) -> Iterable[str]:
    match grammar:
        case Choice(words):
            return [_choice(tuple(words))]
        case ChoiceList():
            return [f"Words<{_quoted(grammar.words)}>"]
        case FormatGrammar():
            return [f"{_quoted(grammar.words)} | `auto:${{string}}`"]
        case Location():
            return ["string | URL"]
        case PatternText() | ColourGrammar():
            return ["string"]
        case _:
            types = list(_schema_types(grammar.schema))
            return ["string" if one == "List" and "number" in types else one for one in types]


def _choice(words: tuple[str, ...]) -> str:
    types = ["boolean"] if {"true", "false"} <= set(words) else []
    flags = {"true", "false", "1", "0"} if types else set()
    for word in words:
        if word not in flags:
            types += [word, f'"{word}"'] if word.isdecimal() else [f'"{word}"']
    return " | ".join(types)


def _quoted(words: Mapping[str, object]) -> str:
    return " | ".join(f'"{word}"' for word in words)


def _schema_types(schema: Mapping[str, object]) -> Iterator[str]:
    """Return types for a number, a fixed word, a percentage or a list."""
    schemas = [schema]
    while schemas:
        schema = schemas.pop(0)
        parts = schema.get("anyOf")
        if isinstance(parts, list):
            schemas = [*parts, *schemas]
        elif schema.get("type") in ("integer", "number"):
            yield "number"
        elif "const" in schema:
            yield f'"{schema["const"]}"'
        elif (pattern := str(schema.get("pattern"))).startswith("^(?:pct:"):
            yield "`pct:${number}`"
        elif pattern.startswith("^auto(:"):
            yield '"auto" | `auto:${number}`'
        else:
            yield "List"


def main() -> None:
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
