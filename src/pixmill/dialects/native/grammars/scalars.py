"""The basic grammars of values: numbers, choices, flags, texts.

Knows text and the values it stands for; must never know a parameter's name or a request. Every grammar is strict, looks
at ASCII only, and reads a text once from left to right; a text that it does not accept is a ValueError. ``schema`` is
the same grammar as JSON Schema and ``expects`` the same in words, so that neither is written twice.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, Generic, Protocol, TypeVar

from pixmill.dialects.native.grammars.controls import TEXT, Control, ControlKind, words_control
from pixmill.plan.source import OBJECT_STORE_SCHEMES, SourceRef, parse_source

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Schema = dict[str, object]


class Grammar(Protocol[T_co]):
    """Parses the text of a value."""

    @property
    def expects(self) -> str:
        """The valid texts in words, to follow "must be"."""

    @property
    def schema(self) -> Schema:
        """The valid texts as JSON Schema."""

    @property
    def control(self) -> Control:
        """What a form shows for it."""

    def parse(self, text: str) -> T_co:
        """Parse a text. Raises ValueError."""


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number: digits without sign or leading zero."""

    low: int
    high: int

    @property
    def expects(self) -> str:
        return f"a whole number from {self.low} to {self.high}"

    @property
    def control(self) -> Control:
        return Control(ControlKind.INTEGER, self.low, self.high)

    @property
    def schema(self) -> Schema:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}

    def parse(self, text: str) -> int:
        if not _INTEGER.fullmatch(text) or not self.low <= (value := int(text)) <= self.high:
            raise ValueError
        return value


@dataclass(frozen=True, slots=True)
class Decimal:
    """A decimal number, kept exact. ``allow_zero`` also accepts 0 below ``low``."""

    low: Fraction
    high: Fraction
    allow_zero: bool = False

    @property
    def expects(self) -> str:
        return f"{'0 or ' if self.allow_zero else ''}a number from {float(self.low):g} to {float(self.high):g}"

    @property
    def control(self) -> Control:
        return Control(ControlKind.NUMBER, 0 if self.allow_zero else float(self.low), float(self.high))

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


AUTO: Final = "auto"
AUTO_INTEGER: Final = 0
AUTO_DECIMAL: Final = Fraction(0)
"""What ``auto`` stands for until a client hint says it."""


@dataclass(frozen=True, slots=True)
class AutoDecimal:
    """A decimal number, or ``auto`` for one that the client says."""

    number: Decimal

    @property
    def expects(self) -> str:
        return f"{self.number.expects} or {AUTO}"

    @property
    def control(self) -> Control:
        return replace(self.number.control, choices=(AUTO,))

    @property
    def schema(self) -> Schema:
        return {"anyOf": [self.number.schema, {"type": "string", "const": AUTO}]}

    def parse(self, text: str) -> Fraction:
        return AUTO_DECIMAL if text == AUTO else self.number.parse(text)


@dataclass(frozen=True, slots=True)
class Choice(Generic[T]):
    """One of a few words; several may stand for the same value."""

    words: Mapping[str, T]

    @property
    def expects(self) -> str:
        *others, last = self.words
        return f"{', '.join(others)} or {last}"

    @property
    def control(self) -> Control:
        return words_control(self.words)

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
    """A text that matches a pattern, kept as it is."""

    pattern: re.Pattern[str]
    expects: str

    control = TEXT

    @property
    def schema(self) -> Schema:
        return pattern_schema(self.pattern.pattern)

    def parse(self, text: str) -> str:
        if not self.pattern.fullmatch(text):
            raise ValueError
        return text


class Location:
    """The URL or path of an original. Raises InvalidParameter, with its own reasons, rather than ValueError."""

    expects = (
        "an http or https URL, a store URL such as s3://bucket/key, a path below the image root, or a canvas as "
        "canvas:WIDTHxHEIGHT,COLOUR"
    )

    control = Control(ControlKind.SOURCE)

    @property
    def schema(self) -> Schema:
        """Common spellings; ``parse_source`` accepts more (IPv6, any port, non-ASCII names, deeper paths)."""
        web = r"https?://(?:[a-z0-9-]{1,63}\.){0,3}[a-z][a-z0-9-]{0,62}(?::[1-9][0-9]{0,3})?(?:/[!-\[\]-~]{0,1700})?"
        folder = r"[A-Za-z0-9_-][A-Za-z0-9._ -]{0,61}"
        return pattern_schema(
            rf"{web}|canvas:[1-9][0-9]{{0,3}}x[1-9][0-9]{{0,2}}(?:,[0-9a-f]{{6}})?|(?:(?:{'|'.join(OBJECT_STORE_SCHEMES)})://[a-z0-9][a-z0-9.-]{{1,61}}/)?(?:{folder}/){{0,15}}{folder}"
        )

    def parse(self, text: str) -> SourceRef:
        return parse_source(text)


def parse_decimal(text: str) -> Fraction:
    """Parse a decimal as a fraction, four times faster than ``Fraction(text)``."""
    integer, _, fraction = text.partition(".")
    return Fraction(int(integer + fraction), 10 ** len(fraction))


def pattern_schema(pattern: str) -> Schema:
    """Build the schema of texts that match ``pattern`` as a whole; it must mean the same in ECMAScript."""
    return {"type": "string", "pattern": f"^(?:{pattern})$"}


def inner_pattern(grammar: Grammar[object]) -> str:
    """Return the pattern of a grammar of texts without its anchors, to be part of another one; empty for numbers."""
    schema = grammar.schema
    words = schema.get("enum")
    return "|".join(words) if isinstance(words, list) else str(schema.get("pattern", ""))[1:-1]


FLAGS = {"true": True, "1": True, "false": False, "0": False}

_INTEGER = re.compile(r"0|[1-9][0-9]{0,11}")
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,5})(?:\.[0-9]{1,20})?")
