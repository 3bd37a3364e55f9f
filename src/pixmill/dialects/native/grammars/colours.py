"""Colours as text: CSS names and hexadecimal digits."""

import re

from pixmill.dialects.native.grammars.scalars import Schema, pattern_schema
from pixmill.plan.colour import TRANSPARENT, Colour

_HEX = re.compile(r"#?(?:[0-9A-Fa-f]{3,4}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8})")
_MAX_SHORT_DIGITS = 4

# CSS 2.1 §4.3.6, and transparent.
_CSS_COLOURS = {
    "aqua": "00ffff",
    "black": "000000",
    "blue": "0000ff",
    "fuchsia": "ff00ff",
    "gray": "808080",
    "grey": "808080",
    "green": "008000",
    "lime": "00ff00",
    "maroon": "800000",
    "navy": "000080",
    "olive": "808000",
    "orange": "ffa500",
    "purple": "800080",
    "red": "ff0000",
    "silver": "c0c0c0",
    "teal": "008080",
    "transparent": "00000000",
    "white": "ffffff",
    "yellow": "ffff00",
}


class ColourGrammar:
    """A colour by its CSS name or in hexadecimal digits. All fully transparent colours are one value."""

    expects = "rgb, rgba, rrggbb or rrggbbaa in hexadecimal digits, a CSS 2.1 colour name, or transparent"

    @property
    def schema(self) -> Schema:
        return pattern_schema(f"{'|'.join(_CSS_COLOURS)}|{_HEX.pattern}")

    def parse(self, text: str) -> Colour:
        digits = _CSS_COLOURS.get(text, text)
        if not _HEX.fullmatch(digits):
            raise ValueError
        digits = digits.removeprefix("#")
        if len(digits) <= _MAX_SHORT_DIGITS:
            digits = "".join(digit * 2 for digit in digits)
        colour = Colour(*bytes.fromhex(digits))
        return colour if colour.alpha else TRANSPARENT
