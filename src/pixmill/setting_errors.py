"""What is wrong with settings, in sentences: the name, the value, where it was given, what it must be, and an example.

Knows the errors of pydantic, whose own texts never reach anybody. Must never show a secret: values of secret settings,
and whatever has an ``@`` in it, are left out.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from shlex import quote
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from pixmill.runtime.quantities import InvalidQuantity
from pixmill.runtime.setting_types import Quantity, quantity_of
from pixmill.telemetry.redaction import REDACTED, printable, redact

PREFIX: Final = "PIXMILL_"
ENVIRONMENT: Final = "environment"

_MAX_VALUE_CHARACTERS: Final = 96
_MAX_PROBLEM_CHARACTERS: Final = 400
_HIDDEN: Final = "**********"
_USERINFO: Final = re.compile(r"(?<=://)[^,/]*@")
"""Of a URL in a setting, where a password may have spaces; ``redact`` reads texts with words around a URL."""

_JSON_SETTINGS: Final = frozenset({"stores", "dialects"})
"""Objects with secrets in them, whatever their type."""

_SIGNS: Final = (("ge", "at least"), ("gt", "more than"), ("le", "at most"), ("lt", "less than"))


@dataclass(frozen=True, slots=True)
class GivenValue:
    """A value as it was given, and where: ``--port``, ``.env`` or ``environment``."""

    value: object
    origin: str = ENVIRONMENT


def env_name(name: str) -> str:
    """Return the environment variable of a field."""
    return PREFIX + name.upper()


def display_value(field: FieldInfo, value: object) -> str:
    """Return a value as it would be written in the environment, without secrets."""
    quantity = quantity_of(field)
    if quantity is not None and isinstance(value, int | float):
        return quantity.format(value)
    if isinstance(value, SecretStr):
        return _HIDDEN if value.get_secret_value() else ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:.15g}"
    if isinstance(value, Mapping):
        return redact(json.dumps({name: _shown_object(each) for name, each in value.items()}, ensure_ascii=False))
    return redact(_USERINFO.sub(f"{REDACTED}@", str(value)))


def _shown_object(value: BaseModel) -> dict[str, object]:
    """Return the fields that are given, without secrets."""
    fields = value.model_dump(exclude_defaults=True)
    return {name: _HIDDEN if isinstance(each, SecretStr) else each for name, each in fields.items()}


def field_problems(
    fields: Mapping[str, FieldInfo], errors: list[Any], given: Mapping[str, GivenValue]
) -> Iterator[tuple[str, str]]:
    """Yield each invalid setting with a sentence, from the errors of pydantic."""
    for error in errors:
        if not error["loc"]:
            continue
        name, *path = map(str, error["loc"])
        field = fields[name]
        close = "" if path else next(iter(get_close_matches(str(error["input"]).lower(), choices_of(field), n=1)), "")
        problem = _without_entries(_problem(name, field, error, nested=bool(path)), given.get(name))
        yield name, sentence(name, field, shortened(printable(problem)), given.get(name), path, example=close)


def _without_entries(problem: str, given: GivenValue | None) -> str:
    """Return a sentence without what it quotes of secrets: entries of a list that have an ``@``, and keys of URLs."""
    entries = {entry.strip() for entry in str(given.value).split(",") if "@" in entry} if given else set()
    for entry in sorted(entries, key=len, reverse=True):
        problem = problem.replace(repr(entry)[1:-1], _HIDDEN).replace(entry, _HIDDEN)
    return redact(problem)


def sentence(
    name: str,
    field: FieldInfo,
    problem: str,
    given: GivenValue | None = None,
    path: Sequence[str] = (),
    *,
    example: str = "",
) -> str:
    """Return the sentence for one setting: ``PIXMILL_PORT=many (.env): must be …; for example PIXMILL_PORT=8080``."""
    names = [shortened(printable(each), _MAX_VALUE_CHARACTERS) for each in path]
    label, inner = ".".join([env_name(name), *names[:1]]), ".".join(names[1:])
    is_hidden = bool(path) or given is None or is_secret(name, field) or "@" in str(given.value)
    shown = "" if is_hidden or given is None else f"={shown_value(str(given.value))}"
    origin = f" ({given.origin})" if given and given.origin != ENVIRONMENT else ""
    return f"{label}{shown}{origin}: {inner}{' ' * bool(inner)}{problem}; {advice(name, field, example)}"


def advice(name: str, field: FieldInfo, example: str = "") -> str:
    """Return an example of a setting, as it is written in a shell: ``for example PIXMILL_PORT=8080``."""
    text = example or example_of(field)
    return f"for example {env_name(name)}={text if text.startswith('$(') else quote(text)}"


def shown_value(text: str) -> str:
    """Return a value for a message, without a password, control characters, and the middle of a long text."""
    if "@" in text:
        return _HIDDEN
    shown = shortened(printable(redact(text)), _MAX_VALUE_CHARACTERS)
    return shown if shown and " " not in shown else f"'{shown}'"


def shortened(text: str, characters: int = _MAX_PROBLEM_CHARACTERS) -> str:
    """Replace the part of a long text before its last quarter."""
    tail = characters // 4
    return text if len(text) <= characters else f"{text[: characters - tail - 1]}…{text[-tail:]}"


def example_of(field: FieldInfo) -> str:
    """Return a value that is right: the first example, the default, or the first choice."""
    if field.examples:
        return str(field.examples[0])
    default = field.get_default(call_default_factory=True, validated_data={})
    return display_value(field, default) or next(iter(choices_of(field)), "")


def choices_of(field: FieldInfo) -> tuple[str, ...]:
    """Return the words that a setting may be, without the empty one; none if it is not a choice."""
    annotation = field.annotation
    if get_origin(annotation) is Literal:
        return tuple(filter(None, map(str, get_args(annotation))))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return tuple(str(member.value) for member in annotation)
    return ()


def expectation(field: FieldInfo) -> str:
    """Return what a setting must be, from its type and bounds."""
    if choices := choices_of(field):
        words = f"{', '.join(choices[:-1])} or {choices[-1]}"
        return f"must be {words}"
    if field.annotation is bool:
        return "must be true or false"
    if quantity := quantity_of(field):
        return f"must be a {quantity.value}{_bounds(field, quantity)}"
    kinds: dict[object, str] = {int: "a whole number", float: "a number"}
    return f"must be {kinds.get(field.annotation, 'a text')}{_bounds(field, None)}"


def is_secret(name: str, field: FieldInfo) -> bool:
    """Return whether a setting is never shown, and may be in a file of its own."""
    return field.annotation is SecretStr or name in _JSON_SETTINGS


def _bounds(field: FieldInfo, quantity: Quantity | None) -> str:
    parts = [
        f"{words} {quantity.format(bound) if quantity else f'{bound:.15g}'}"
        for item in field.metadata
        for sign, words in _SIGNS
        if (bound := getattr(item, sign, None)) is not None
    ]
    low, high = (next((one for one in parts if one.startswith(sign)), "") for sign in ("at least ", "at most "))
    if low and high:
        return f" from {low.removeprefix('at least ')} to {high.removeprefix('at most ')}"
    return f" of {' and '.join(parts)}" if parts else ""


def _problem(name: str, field: FieldInfo, error: Any, *, nested: bool) -> str:
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, InvalidQuantity):
        return cause.problem
    if cause is not None:
        return str(cause).removeprefix(f"{env_name(name)}: ")
    if nested:
        return _nested_problem(error)
    is_empty = isinstance(error["input"], str) and not error["input"].strip()
    return f"is empty: leave it out for the default; it {expectation(field)}" if is_empty else expectation(field)


def _nested_problem(error: Any) -> str:
    """Return what is wrong with a field of a named store."""
    match error["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "is no field of a store, such as endpoint, region, access_key_id or secret_access_key"
        case "string_type":
            return "must be a text in double quotes"
        case "bool_type" | "bool_parsing":
            return "must be true or false"
        case _:
            return "must be an object in { }"
