"""Reads JSON values as sharp checks its arguments. Knows values and sharp's messages; must never know a function.

Each check raises ValueError with the sentence that sharp has for it: what is expected, for which argument, and what was
received.
"""

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Final, NoReturn

from pixmill.dialects.kit.colours import css_colour, visible
from pixmill.dialects.kit.numbers import decimal
from pixmill.dialects.kit.sharp import MAX_LENGTH
from pixmill.plan.colour import Colour

MAX_SHOWN: Final = 64
_COMPONENTS: Final = ("r", "g", "b")
_MAX_COMPONENT: Final = 255


def unexpected(expected: str, name: str, value: object) -> NoReturn:
    """Raise the error for a value that is not as expected."""
    raise ValueError(f"Expected {expected} for {name} but received {_shown(value)} of type {_type_of(value)}")


def _shown(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "[object Object]"
    if isinstance(value, list):
        return ",".join(_shown(item) for item in value[:4] if not isinstance(item, list | dict))[:MAX_SHOWN]
    return f"{value:g}" if isinstance(value, float) else str(value)[:MAX_SHOWN]


def _type_of(value: object) -> str:
    kinds: tuple[tuple[type, str], ...] = ((bool, "boolean"), (int, "number"), (float, "number"), (str, "string"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "object")


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def number(value: object, name: str, low: float, high: float) -> float:
    """Check a number within bounds."""
    if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
        return float(value)
    unexpected(f"number between {low:g} and {high:g}", name, value)


def whole(value: object, name: str, low: int, high: int, kind: str = "integer") -> int:
    """Check a whole number within bounds, also one that is written with decimals."""
    if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high and value == int(value):
        return int(value)
    unexpected(f"{kind} between {low} and {high}", name, value)


def side(value: object, name: str) -> int:
    return whole(value, name, 1, MAX_LENGTH, "positive integer")


def flag(value: object, name: str) -> bool:
    if isinstance(value, bool):
        return value
    unexpected("boolean", name, value)


def word(value: object, name: str, words: Mapping[str, object]) -> str:
    return known(value, f"one of: {', '.join(words)}", name, words)


def known(value: object, expected: str, name: str, words: Mapping[str, object]) -> str:
    """Check a word; ``expected`` says which there are."""
    if isinstance(value, str) and value in words:
        return value
    unexpected(expected, name, value)


def fields(value: object, name: str) -> Mapping[str, object]:
    """Check an object; fields that are null count as missing."""
    if isinstance(value, dict):
        return {str(key): field for key, field in value.items() if field is not None}
    unexpected("plain object", name, value)


def colour(value: object, name: str) -> Colour:
    """Read a CSS colour, or an object of ``r``, ``g``, ``b`` and ``alpha``."""
    if isinstance(value, str):
        try:
            return css_colour(value)
        except ValueError:
            unexpected("object or string", name, value)
    if not isinstance(value, dict):
        unexpected("object or string", name, value)
    red, green, blue = (round(number(value.get(part, 0), name, 0, _MAX_COMPONENT)) for part in _COMPONENTS)
    alpha = number(value.get("alpha", 1), name, 0, 1)
    return visible(Colour(red, green, blue, round(alpha * _MAX_COMPONENT)))


def numbers(value: object, name: str, most: int) -> tuple[float, ...]:
    """Check a list of at most ``most`` numbers."""
    if isinstance(value, list) and len(value) <= most and all(map(is_number, value)):
        found = tuple(float(item) for item in value)
        if all(map(isfinite, found)):
            return found
    unexpected("array of numbers", name, value)


def js_number(text: str) -> int | float | str:
    """Return the number that JavaScript makes of a text, ``NaN`` as a text if it is none."""
    try:
        value = decimal(text.strip())
    except ValueError:
        return "NaN"
    return int(value) if value.denominator == 1 else float(value)


def checked(check: Callable[..., int], text: str, *args: object) -> int:
    """Check the number that a text is; what is no number is shown as ``NaN``."""
    value = js_number(text)
    try:
        return check(value, *args)
    except ValueError as error:
        raise ValueError(str(error).replace("NaN of type string", "NaN of type number")) from None
