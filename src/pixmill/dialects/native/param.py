"""The type of a parameter of the native API. The parameters themselves are declared in ``tables/``."""

from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from pixmill.dialects.native.grammars.scalars import Grammar
from pixmill.dialects.native.other_words import canonical_text, value_hint
from pixmill.errors import InvalidParameter

MAX_SIDE = 16_383
"""The longest side that WebP can write (RFC 9649 §2.4)."""


class Group(StrEnum):
    """The headings under which parameters are listed."""

    SOURCE = "Source"
    SIZE = "Size"
    TRANSFORM = "Transformations"
    COLOUR = "Colours"
    EFFECT = "Effects"
    OVERLAY = "Overlays"
    STAGE = "Further stages"
    OUTPUT = "Output"
    RESPONSE = "Response"
    INFO = "Image information"
    SRCSET = "Responsive images (srcset)"
    PRESET = "Presets"
    ACCESS = "Signed URLs"


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter. ``default`` is the value that applies when it is absent, as written in a URL; empty for none.

    For forms: ``unit`` of a number, and ``is_advanced`` for what few images need.
    """

    name: str
    group: Group
    grammar: Grammar[object]
    description: str
    examples: tuple[str, ...]
    default: str = ""
    aliases: tuple[str, ...] = ()
    unit: str = ""
    is_advanced: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)

    def parse(self, text: str) -> object:
        """Parse a decoded value. Raises InvalidParameter, whose message describes the valid values."""
        try:
            return self.grammar.parse(text)
        except ValueError:
            return self.parse_synonym(text)
        except InvalidParameter as error:
            if error.param == "url" != self.name:  # of a location inside the value
                raise error.with_subject(self.name, self.name) from None
            raise

    def parse_synonym(self, text: str) -> object:
        """Parse a value that the grammar has refused, by the words of others. Raises InvalidParameter."""
        canonical = canonical_text(self.name, self.grammar, text)
        if canonical is not None and canonical != text:
            with suppress(ValueError):
                return self.grammar.parse(canonical)
        hint = value_hint(self.name, text)
        rule = f"{self.name} must be {self.grammar.expects}"
        raise InvalidParameter(f"{rule}; {hint}" if hint else rule, param=self.name)


def group_param(
    group: Group,
    name: str,
    grammar: Grammar[object],
    description: str,
    *examples: str,
    default: str = "",
    aliases: tuple[str, ...] = (),
    unit: str = "",
    is_advanced: bool = False,
) -> Param:
    """Return a parameter; a table whose parameters are all of one group binds the group."""
    return Param(name, group, grammar, description, examples, default, aliases, unit, is_advanced)
