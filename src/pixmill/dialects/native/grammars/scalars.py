"""The words that URL grammars are made of: numbers, choices, flags, texts.

Knows text and the values it stands for; must never know a parameter's name or a request. Every grammar is strict,
looks at ASCII only, and reads a text once from left to right; a text that is none of its words is a ValueError.
``schema`` is the same grammar as JSON Schema and ``expects`` the same in words, so that nobody writes it twice.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, Protocol, TypeVar

from pixmill.plan.source import SourceRef, parse_source

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Schema = dict[str, object]


class Grammar(Protocol[T_co]):
    """Text in, value out."""

    @property
    def expects(self) -> str:
        """What may be written, to follow "must be"."""

    @property
    def schema(self) -> Schema:
        """The texts that ``parse`` takes, as JSON Schema."""

    def parse(self, text: str) -> T_co:
        """The value; raises ValueError."""


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number: digits without sign or leading zero."""

    low: int
    high: int

    @property
    def expects(self) -> str:
        return f"a whole number from {self.low} to {self.high}"

    @property
    def schema(self) -> Schema:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}

    def parse(self, text: str) -> int:
        if not _INTEGER.fullmatch(text) or not self.low <= (value := int(text)) <= self.high:
            raise ValueError
        return value


@dataclass(frozen=True, slots=True)
class Decimal:
    """A number with or without a fraction, exactly as written; ``or_zero`` also lets 0 stand below ``low``."""

    low: Fraction
    high: Fraction
    allow_zero: bool = False

    @property
    def expects(self) -> str:
        return f"{'0 or ' if self.allow_zero else ''}a number from {float(self.low):g} to {float(self.high):g}"

    @property
    def schema(self) -> Schema:
        bounds: Schema = {"type": "number", "minimum": float(self.low), "maximum": float(self.high)}
        return {"anyOf": [{"type": "integer", "const": 0}, bounds]} if self.allow_zero else bounds

    def parse(self, text: str) -> Fraction:
        if not _DECIMAL.fullmatch(text):
            raise ValueError
        value = parse_decimal(text)
        if not (self.low <= value <= self.high or (self.allow_zero and not value)):
            raise ValueError
        return value


@dataclass(frozen=True, slots=True)
class Choice(Generic[T]):
    """One of a few words; several may mean the same."""

    words: Mapping[str, T]

    @property
    def expects(self) -> str:
        *others, last = self.words
        return f"{', '.join(others)} or {last}"

    @property
    def schema(self) -> Schema:
        return {"type": "string", "enum": list(self.words)}

    def parse(self, text: str) -> T:
        try:
            return self.words[text]
        except KeyError:
            raise ValueError from None


@dataclass(frozen=True, slots=True)
class PatternText:
    """A text of a fixed shape, taken as it is."""

    pattern: re.Pattern[str]
    expects: str

    @property
    def schema(self) -> Schema:
        return pattern_schema(self.pattern.pattern)

    def parse(self, text: str) -> str:
        if not self.pattern.fullmatch(text):
            raise ValueError
        return text


class Location:
    """Where an original lives. Raises InvalidParameter, with its own reasons, rather than ValueError."""

    expects = "an http or https URL, a store URL such as s3://bucket/key, or a path below the image root"

    @property
    def schema(self) -> Schema:
        """The common spellings; ``parse_source`` takes more (IPv6, any port, names outside ASCII, deeper paths)."""
        web = r"https?://(?:[a-z0-9-]{1,63}\.){0,3}[a-z][a-z0-9-]{0,62}(?::[1-9][0-9]{0,3})?(?:/[!-\[\]-~]{0,1700})?"
        folder = r"[A-Za-z0-9_-][A-Za-z0-9._ -]{0,61}"
        return pattern_schema(rf"{web}|(?:(?:s3|gs|az)://[a-z0-9][a-z0-9.-]{{1,61}}/)?(?:{folder}/){{0,15}}{folder}")

    def parse(self, text: str) -> SourceRef:
        return parse_source(text)


def parse_decimal(text: str) -> Fraction:
    """A decimal as a fraction; ``Fraction(text)`` would do, four times slower."""
    integer, _, fraction = text.partition(".")
    return Fraction(int(integer + fraction), 10 ** len(fraction))


def pattern_schema(pattern: str) -> Schema:
    """The schema of the texts that match ``shape`` as a whole; it must mean the same in ECMAScript."""
    return {"type": "string", "pattern": f"^(?:{pattern})$"}


FLAGS = {"true": True, "1": True, "false": False, "0": False}

_INTEGER = re.compile(r"0|[1-9][0-9]{0,11}")
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,5})(?:\.[0-9]{1,20})?")
