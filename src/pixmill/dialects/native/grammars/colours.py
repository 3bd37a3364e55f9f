"""Colours as text: CSS names and hexadecimal digits."""

from typing import Final

from pixmill.dialects.kit.colours import CSS_COLOURS, HEX_PATTERN, hex_colour
from pixmill.dialects.native.grammars.scalars import Schema, pattern_schema
from pixmill.plan.colour import Colour

# CSS 2.1 §4.3.6, with the British spelling of grey, and transparent.
_NAMES: Final = (
    *("aqua", "black", "blue", "fuchsia", "gray", "grey", "green", "lime", "maroon", "navy", "olive", "orange"),
    *("purple", "red", "silver", "teal", "transparent", "white", "yellow"),
)
_COLOURS: Final = {name: CSS_COLOURS[name] for name in _NAMES}


class ColourGrammar:
    """A colour by its CSS name or in hexadecimal digits. All fully transparent colours are one value."""

    expects = "rgb, rgba, rrggbb or rrggbbaa in hexadecimal digits, a CSS 2.1 colour name, or transparent"

    @property
    def schema(self) -> Schema:
        return pattern_schema(f"{'|'.join(_COLOURS)}|{HEX_PATTERN}")

    def parse(self, text: str) -> Colour:
        return _COLOURS[text] if text in _COLOURS else hex_colour(text)
