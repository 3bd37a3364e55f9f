"""Colours as text: CSS names and hexadecimal digits."""

from typing import Final

from pixmill.dialects.kit.colours import CSS_COLOURS, HEX_PATTERN, hex_colour
from pixmill.dialects.native.grammars.controls import Control, ControlKind, first_words
from pixmill.dialects.native.grammars.scalars import Schema, pattern_schema
from pixmill.plan.colour import Colour

_NAMES: Final = "|".join(CSS_COLOURS)


class ColourGrammar:
    """A colour by its CSS name or in hexadecimal digits. All fully transparent colours are one value."""

    expects = "rgb, rgba, rrggbb or rrggbbaa in hexadecimal digits, a CSS colour name, or transparent"

    control = Control(ControlKind.COLOUR, choices=first_words(CSS_COLOURS))

    @property
    def schema(self) -> Schema:
        return pattern_schema(f"{_NAMES}|{HEX_PATTERN}")

    def parse(self, text: str) -> Colour:
        return CSS_COLOURS[text] if text in CSS_COLOURS else hex_colour(text)
