"""What a form shows for a value: its kind, bounds and choices.

Beside each grammar, so that a form needs no list of parameters of its own. Must never say more than a grammar accepts.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class ControlKind(StrEnum):
    """The kinds of controls. A value of any kind can also be typed as text."""

    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    ENUM = "enum"
    COLOUR = "colour"
    GRAVITY = "gravity"
    REGION = "region"
    REGIONS = "regions"
    RATIO = "ratio"
    MARGINS = "margins"
    CURVE = "curve"
    LIST = "list"
    FORMAT = "format"
    SOURCE = "source"
    OVERLAY = "overlay"
    STAGES = "stages"
    TEXT = "text"


_STEPS: Final = 100
"""A slider has at least as many steps."""


@dataclass(frozen=True, slots=True)
class Control:
    """A control. ``low`` and ``high`` bound numbers; other values than ``choices`` may be possible, except in an enum.

    ``items``: the values of a list, of which the first ``required`` must be there.
    """

    kind: ControlKind
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    items: tuple["Control", ...] = ()
    required: int = 0

    @property
    def step(self) -> float | None:
        """Return a step for a slider: 1, or the power of ten below a hundredth of the range."""
        if self.low is None or self.high is None:
            return None
        if self.kind is not ControlKind.NUMBER:
            return 1
        return float(f"1e{math.floor(math.log10((self.high - self.low) / _STEPS))}")


def first_words(words: Mapping[str, object]) -> tuple[str, ...]:
    """Return one word for each value, the first."""
    values: list[object] = []
    firsts: list[str] = []
    for word, value in words.items():
        if value not in values:
            values.append(value)
            firsts.append(word)
    return tuple(firsts)


def words_control(words: Mapping[str, object], kind: ControlKind = ControlKind.ENUM) -> Control:
    """Return the control of words: a switch for ``true`` and ``false``."""
    choices = first_words(words)
    return Control(ControlKind.BOOLEAN) if set(choices) == {"true", "false"} else Control(kind, choices=choices)


TEXT: Final = Control(ControlKind.TEXT)
