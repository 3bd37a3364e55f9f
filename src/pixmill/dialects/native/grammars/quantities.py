"""Sizes and durations as values of parameters: ``300kB``, ``12h``, ``1m30s``, or plain numbers as ever.

A part of the syntax of ``runtime/quantities.py``: no spaces, and only units in which values within the bounds are
written.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from pixmill.dialects.native.grammars.controls import Control, ControlKind
from pixmill.dialects.native.grammars.scalars import Decimal, Integer, Schema, pattern_schema
from pixmill.runtime.quantities import format_duration, format_size, parse_duration, parse_size

_TENS = "[1-5]?[0-9]"
_HUNDREDTHS = r"(?:\.[0-9]{1,2})?"
_MICROSECONDS = r"(?:\.[0-9]{1,6})?"

_BYTES = re.compile(
    rf"[1-9][0-9]{{0,3}}{_HUNDREDTHS}[kK][iI]?[bB]|(?:[1-9]|[1-5][0-9]|6[0-3]){_HUNDREDTHS}[mM][iI]?[bB]|64[mM][iI]?[bB]"
)
_SECONDS = re.compile(
    rf"(?:[1-9][0-9]{{0,2}}|[12][0-9]{{3}}|3[0-5][0-9]{{2}})[dD](?:(?:1?[0-9]|2[0-3])[hH])?(?:{_TENS}[mM])?(?:{_TENS}[sS])?"
    rf"|[1-9][0-9]{{0,3}}[hH](?:{_TENS}[mM])?(?:{_TENS}[sS])?|[1-9][0-9]{{0,5}}[mM](?:{_TENS}[sS])?|(?:0|[1-9][0-9]{{0,7}})[sS]"
)
_TIMESTAMP = re.compile(
    rf"(?:1?[0-9]|2[0-3])[hH](?:{_TENS}[mM])?(?:{_TENS}{_MICROSECONDS}[sS])?"
    rf"|[0-9]{{1,3}}[mM](?:{_TENS}{_MICROSECONDS}[sS])?|[0-9]{{1,4}}{_MICROSECONDS}[sS]|[0-9]{{1,7}}[mM][sS]"
)
_MAX_BYTES: Final = 64 * 2**20
_MAX_SECONDS: Final = 3_650 * 86_400
_MAX_TIMESTAMP_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class ByteCount:
    """A size from ``low``, at most 1,000, to 64 MiB."""

    low: int

    @property
    def expects(self) -> str:
        return f"a size from {self.low} bytes to {format_size(_MAX_BYTES)}, such as 30000 or 300kB"

    @property
    def control(self) -> Control:
        return self._number.control

    @property
    def schema(self) -> Schema:
        return {"anyOf": [self._number.schema, pattern_schema(_BYTES.pattern)]}

    @property
    def _number(self) -> Integer:
        return Integer(self.low, _MAX_BYTES)

    def parse(self, text: str) -> int:
        return parse_size(text) if _BYTES.fullmatch(text) else self._number.parse(text)


class WholeSeconds:
    """A duration of whole seconds, at most ten years."""

    expects = f"a duration of whole seconds up to {format_duration(_MAX_SECONDS)}, such as 86400 or 12h"

    control = Control(ControlKind.INTEGER, 0, _MAX_SECONDS)

    _number = Integer(0, _MAX_SECONDS)

    @property
    def schema(self) -> Schema:
        return {"anyOf": [self._number.schema, pattern_schema(_SECONDS.pattern)]}

    def parse(self, text: str) -> int:
        return int(parse_duration(text)) if _SECONDS.fullmatch(text) else self._number.parse(text)


class Timestamp:
    """A time from the start, at most a day, exact to the microsecond."""

    _number = Decimal(Fraction(0), Fraction(_MAX_TIMESTAMP_S))

    expects = f"{_number.expects}, or a duration such as 1m30s"

    control = _number.control

    @property
    def schema(self) -> Schema:
        return {"anyOf": [self._number.schema, pattern_schema(_TIMESTAMP.pattern)]}

    def parse(self, text: str) -> Fraction:
        if not _TIMESTAMP.fullmatch(text):
            return self._number.parse(text)
        return Fraction(parse_duration(text)).limit_denominator(1_000_000)
