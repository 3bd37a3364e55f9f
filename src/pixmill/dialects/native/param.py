"""What one parameter of the native API is. The parameters themselves are in ``tables/``."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pixmill.dialects.native.grammars.scalars import Grammar
from pixmill.errors import InvalidParameter

MAX_SIDE = 16_383
"""The longest side that WebP can write (RFC 9649 §2.4)."""

ParamValues = Mapping[str, Any]
"""The values of the parameters that were given, by name, as the grammar of each made them."""


class Group(StrEnum):
    """What a parameter is about, as a heading."""

    SOURCE = "The picture"
    SIZE = "Size"
    TRANSFORM = "Changes"
    COLOUR = "Colours"
    EFFECT = "Effects"
    OVERLAY = "Overlays"
    STAGE = "Further stages"
    OUTPUT = "The result"
    INFO = "What is told"
    SRCSET = "Sets for responsive pictures"
    PRESET = "Presets"
    ACCESS = "Signed URLs"


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter. ``default`` is what leaving it out means, as it would be written; empty where that is nothing."""

    name: str
    group: Group
    grammar: Grammar[object]
    description: str
    examples: tuple[str, ...]
    default: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)

    def parse(self, text: str) -> object:
        """The value; raises InvalidParameter that says what may be written."""
        try:
            return self.grammar.parse(text)
        except ValueError:
            raise InvalidParameter(f"{self.name} must be {self.grammar.expects}", param=self.name) from None
