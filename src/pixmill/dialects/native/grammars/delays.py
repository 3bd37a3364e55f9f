"""Delays of the frames of an animation as text: ``80`` or ``80,80,400``. Knows numbers only."""

import re

from pixmill.dialects.native.grammars.controls import Control, ControlKind
from pixmill.dialects.native.grammars.scalars import Schema, pattern_schema
from pixmill.plan.output import MAX_DELAY_MS, MAX_DELAYS

_PATTERN = re.compile(rf"[1-9][0-9]{{0,3}}(?:,[1-9][0-9]{{0,3}}){{0,{MAX_DELAYS - 1}}}")
"""Of common values."""
_DELAYS = re.compile(rf"[1-9][0-9]{{0,4}}(?:,[1-9][0-9]{{0,4}}){{0,{MAX_DELAYS - 1}}}")


class DelaysGrammar:
    """1 to ``MAX_DELAYS`` delays; equal ones at the end are one, since the last one is repeated."""

    expects = f"1 to {MAX_DELAYS} whole numbers of milliseconds from 1 to {MAX_DELAY_MS}, separated by commas"

    control = Control(ControlKind.INTEGER, 1, MAX_DELAY_MS)

    @property
    def schema(self) -> Schema:
        return pattern_schema(_PATTERN.pattern)

    def parse(self, text: str) -> tuple[int, ...]:
        if not _DELAYS.fullmatch(text):
            raise ValueError
        delays = [int(part) for part in text.split(",")]
        if max(delays) > MAX_DELAY_MS:
            raise ValueError
        while len(delays) > 1 and delays[-1] == delays[-2]:
            delays.pop()
        return tuple(delays)
