"""Several words in one parameter, separated by commas. Knows text and the values of words, but no parameter."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from pixmill.dialects.native.grammars.controls import Control, ControlKind, words_control
from pixmill.dialects.native.grammars.scalars import Schema, pattern_schema

T = TypeVar("T")


def comma_separated(word: str, max_items: int) -> re.Pattern[str]:
    """Build the pattern of 1 to ``max_items`` words separated by commas."""
    return re.compile(f"(?:{word})(?:,(?:{word})){{0,{max_items - 1}}}")


@dataclass(frozen=True, slots=True)
class ChoiceList(Generic[T]):
    """Some of several words, in an order that is kept; of repetitions the first counts."""

    words: Mapping[str, T]
    max_items: int

    @property
    def expects(self) -> str:
        return f"1 to {self.max_items} of {', '.join(self.words)}, separated by commas"

    @property
    def control(self) -> Control:
        return words_control(self.words, ControlKind.LIST)

    @property
    def schema(self) -> Schema:
        return pattern_schema(comma_separated("|".join(self.words), self.max_items).pattern)

    def parse(self, text: str) -> tuple[T, ...]:
        names = text.split(",", self.max_items)
        if len(names) > self.max_items or not self.words.keys() >= set(names):
            raise ValueError
        return tuple(self.words[name] for name in dict.fromkeys(names))
