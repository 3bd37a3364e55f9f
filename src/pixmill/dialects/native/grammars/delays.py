"""Delays of the frames of an animation as text: ``80``, ``80,80,400`` or ``80ms,1.5s``. Knows numbers only."""

import re

from pixmill.dialects.native.grammars.controls import Control, ControlKind
from pixmill.dialects.native.grammars.scalars import Schema, pattern_schema
from pixmill.plan.output import MAX_DELAY_MS, MAX_DELAYS
from pixmill.runtime.quantities import parse_duration

_WITH_UNIT = r"[1-9][0-9]{0,3}ms|[1-9](?:\.[0-9]{1,3})?s|0\.[0-9]{0,2}[1-9]s"
_COMMON = f"[1-9][0-9]{{0,3}}|{_WITH_UNIT}"
_PATTERN = re.compile(rf"(?:{_COMMON})(?:,(?:{_COMMON})){{0,{MAX_DELAYS - 1}}}")
"""Of common values."""
_DELAY = f"(?:[1-9][0-9]{{0,4}}|{_WITH_UNIT})"
_DELAYS = re.compile(rf"{_DELAY}(?:,{_DELAY}){{0,{MAX_DELAYS - 1}}}")


class DelaysGrammar:
    """1 to ``MAX_DELAYS`` delays; equal ones at the end are one, since the last one is repeated."""

    expects = (
        f"1 to {MAX_DELAYS} whole numbers of milliseconds from 1 to {MAX_DELAY_MS}, or durations such as 1.5s, "
        "separated by commas"
    )

    control = Control(ControlKind.INTEGER, 1, MAX_DELAY_MS)

    @property
    def schema(self) -> Schema:
        return pattern_schema(_PATTERN.pattern)

    def parse(self, text: str) -> tuple[int, ...]:
        if not _DELAYS.fullmatch(text):
            raise ValueError
        delays = [_milliseconds(part) for part in text.split(",")]
        if max(delays) > MAX_DELAY_MS:
            raise ValueError
        while len(delays) > 1 and delays[-1] == delays[-2]:
            delays.pop()
        return tuple(delays)


def _milliseconds(text: str) -> int:
    return int(text) if text.isdigit() else round(parse_duration(text) * 1_000)
