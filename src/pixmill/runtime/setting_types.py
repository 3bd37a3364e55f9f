"""What the config models of all packages are made of: types of sizes and durations, and checks of fields together.

The types also read what environment variables have always had for plain numbers, ``1_000``, ``5.0`` and ``1e3``, and
numbers of Python.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, model_validator
from pydantic.fields import FieldInfo

from pixmill.runtime.quantities import (
    InvalidQuantity,
    format_duration,
    format_size,
    parse_duration,
    parse_size,
)

_SEPARATOR = re.compile("(?<=[0-9])_(?=[0-9])")
_EXPONENT = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?[eE][+-]?[0-9]{1,2}")
_WHOLE = re.compile(r"([0-9]+)\.0+")


class Quantity(Enum):
    """What a setting measures."""

    SIZE = "size"
    DURATION = "duration"

    def format(self, value: float) -> str:
        """Return a value as it would be written."""
        return format_size(int(value)) if self is Quantity.SIZE else format_duration(value)


def quantity_of(field: FieldInfo) -> Quantity | None:
    """Return what a setting measures; None if it is another number, or none."""
    return next((item for item in field.metadata if isinstance(item, Quantity)), None)


def setting_value(value: object) -> object:
    """Return a value of a program as settings take it: lists and objects as text (JSON or commas), paths as text."""
    if isinstance(value, Mapping):
        return json.dumps(value)
    if isinstance(value, list | tuple | set | frozenset):
        is_json = any(isinstance(one, Mapping) for one in value)
        return json.dumps(list(value)) if is_json else ",".join(map(str, value))
    return str(value) if hasattr(value, "__fspath__") else value


def _read_size(value: object) -> int:
    text = _plain_text(value)
    whole = _WHOLE.fullmatch(text)
    return parse_size(whole[1] if whole else text)


def _read_duration(value: object) -> float:
    text = _plain_text(value)
    return parse_duration(f"{float(text):.9f}" if _EXPONENT.fullmatch(text) else text)


def _plain_text(value: object) -> str:
    if isinstance(value, str):
        return _SEPARATOR.sub("", value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidQuantity(str(value), "is neither a number nor a text")
    return f"{value:.15g}" if isinstance(value, float) else str(value)


Size = Annotated[int, BeforeValidator(_read_size), Quantity.SIZE]
"""Bytes: a whole number, or a text such as ``64MiB``."""

Duration = Annotated[float, BeforeValidator(_read_duration), Quantity.DURATION]
"""Seconds: a number, or a text such as ``12h``."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Settings that are right each, but not together: their fields, and a sentence that names them."""

    fields: tuple[str, ...]
    text: str


class Contradictions(ValueError):
    """All contradictions of a model."""

    def __init__(self, found: tuple[Contradiction, ...]) -> None:
        self.found = found
        super().__init__("\n".join(one.text for one in found))


class SettingGroup(BaseModel):
    """A config model whose fields are checked against each other, all at once."""

    @model_validator(mode="after")
    def _reject_contradictions(self) -> Self:
        if found := tuple(self.contradictions()):
            raise Contradictions(found)
        return self

    def contradictions(self) -> Iterator[Contradiction]:
        """Yield what is wrong with the fields together. An override begins with those of ``super()``."""
        yield from ()
