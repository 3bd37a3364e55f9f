"""Sentences about JSON that an operator wrote, in place of those of the decoder.

Knows the messages of msgspec, and no setting. Never quotes the JSON, which may have secrets.
"""

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Final

import msgspec

_TYPES: Final = {
    "str": "a text in double quotes", "int": "a whole number", "float": "a number", "bool": "true or false",
    "array": "a list in [ ]", "object": "an object in { }", "null": "null",
}  # fmt: skip

_SIGNS: Final = {"<=": "at most", ">=": "at least", "<": "less than", ">": "more than"}

_AT = re.compile(r" - at `(?:key in )?\$\.?(.*)`$")
_MALFORMED = re.compile(r"\(byte ([0-9]+)\)")
_RULES: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]] = (
    (re.compile(r"Object contains unknown field `(.*)`"), lambda found: f"has no field {found[1][:64]}"),
    (re.compile(r"Object missing required field `(.*)`"), lambda found: f"needs the field {found[1]}"),
    (re.compile(r"Invalid enum value .*"), lambda _: "is none of the words that are possible there"),
    (re.compile(r"Invalid value '?(.*?)'?"), lambda _: "is none of the words that are possible there"),
    (
        re.compile(r"Expected `(\w+)` of length (<=|>=) ([0-9]+)"),
        lambda found: f"must have {'at most' if found[2] == '<=' else 'at least'} {found[3]} items or characters",
    ),
    (
        re.compile(r"Expected `(?:int|float)` (<=|>=|<|>) (\S+)"),
        lambda found: f"must be {_SIGNS[found[1]]} {found[2]}",
    ),
    (re.compile(r"Expected `(.+?)`, got `(\w+)`"), lambda found: f"must be {_kinds(found[1])}"),
)


def json_problem(error: Exception, text: str = "", fields: Iterable[str] = ()) -> str:
    """Return what is wrong with a JSON text; ``fields`` are those that its objects may have."""
    message = str(error)
    if not isinstance(error, msgspec.ValidationError):
        return _malformed(message, text)
    found = _AT.search(message)
    path, rule = (found[1] if found else ""), _AT.sub("", message)
    path = "a value" if path.startswith("[...]") else path  # of an object by names, which the message lacks
    problem = next((say(match) for pattern, say in _RULES if (match := pattern.fullmatch(rule))), "is not valid")
    close = get_close_matches(problem.removeprefix("has no field "), list(fields), n=1) if fields else []
    return f"{path} {problem}".strip() + (f"; did you mean {close[0]}?" if close else "")


def _malformed(message: str, text: str) -> str:
    if text.strip() and '"' not in text:
        return "is no JSON: it has no double quotes, which a shell removes unless the value is in single quotes"
    position = _MALFORMED.search(message)
    if position is None:
        return "is no JSON: it ends too early, such as without its last } or ]"
    before = text.encode(errors="replace")[: int(position[1])].decode(errors="replace")
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    return f"is no JSON: it cannot be read from line {line}, column {column} on"


def _kinds(types: str) -> str:
    return " or ".join(_TYPES.get(kind.strip(), kind.strip()) for kind in types.split("|"))
