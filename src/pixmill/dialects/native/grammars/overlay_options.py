"""What can be said of an overlay: one table for pictures, one for texts.

The parser, the error texts, the schema and the reference page are derived from it. Knows names, grammars and meanings.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from pixmill.dialects.native.grammars.colours import ColourGrammar
from pixmill.dialects.native.grammars.gravity import DIRECTIONS
from pixmill.dialects.native.grammars.measurements import AngleGrammar
from pixmill.dialects.native.grammars.scalars import (
    FLAGS,
    Choice,
    Decimal,
    Integer,
    Location,
    Schema,
    parse_decimal,
    pattern_schema,
)
from pixmill.dialects.native.grammars.scalars import PatternText as Shaped
from pixmill.dialects.native.grammars.text_markup import ELEMENTS
from pixmill.plan.overlays import DEFAULT_FONT, MAX_TEXT_CHARACTERS, Align, Blend, Length, OverlayFit, Repeat, Shadow

_URL_CHARACTER = r"(?:[!-+\--:<-\[\]-~]|,,|;;)"
_NAME = "[A-Za-z0-9_-][A-Za-z0-9._-]{0,40}"
_IMAGE_PATTERN = (
    rf"https?://[a-z][a-z0-9-]{{0,40}}(?:\.[a-z][a-z0-9-]{{0,40}}){{0,3}}(?::[1-9][0-9]{{0,3}})?/{_URL_CHARACTER}*|"
    rf"(?:(?:s3|gs|az)://[a-z0-9][a-z0-9.-]{{1,40}}/)?(?:{_NAME}/)*{_NAME}"
)
_TEXT_PATTERN = r"[A-Za-z0-9!?](?:[ !#-%'-+\--:=?-~\u00a1-\u024f]|,,|;;)*"
_FONT = re.compile("[A-Za-z0-9][A-Za-z0-9 -]{0,63}")
_PIXELS = "(?:0|[1-9][0-9]{0,3})"
_PERCENT = r"pct:(?:0|[1-9][0-9]{0,2})(?:\.[0-9]{1,4})?"
_DISTANCE_PATTERN = re.compile(f"-?{_PIXELS}|pct:-?{_PERCENT.removeprefix('pct:')}")
_SIZE_PATTERN = re.compile(r"[1-9][0-9]{0,3}|pct:(?:[1-9][0-9]{0,2}(?:\.[0-9]{1,4})?|0\.0{0,3}[1-9][0-9]{0,3})")
_OFFSET_PATTERN = re.compile("-?(?:0|[1-9][0-9]?|[1-4][0-9]{2}|500)")


@dataclass(frozen=True, slots=True)
class LengthGrammar:
    """Pixels, or percent of the result's side."""

    pattern: re.Pattern[str]
    expects: str

    @property
    def schema(self) -> Schema:
        return pattern_schema(self.pattern.pattern)

    def parse(self, text: str) -> Length:
        if not self.pattern.fullmatch(text):
            raise ValueError
        percent = text.startswith("pct:")
        digits = text.removeprefix("pct:")
        value = float(parse_decimal(digits.removeprefix("-")))
        return Length(-value if digits[0] == "-" else value, percent)


class OffsetGrammar:
    """Whole pixels to the right or down, or the other way."""

    expects = "a whole number of pixels from -500 to 500"

    @property
    def schema(self) -> Schema:
        return pattern_schema(_OFFSET_PATTERN.pattern)

    def parse(self, text: str) -> int:
        if not _OFFSET_PATTERN.fullmatch(text):
            raise ValueError
        return int(text)


@dataclass(frozen=True, slots=True)
class OverlayOption:
    """``shape`` matches, in the syntax of JSON Schema, values that are taken; ``default`` is what leaving it out means."""

    name: str
    grammar: Any
    description: str
    pattern: str = ""
    default: str = ""


def _option(name: str, grammar: Any, description: str, pattern: str = "", default: str = "") -> OverlayOption:
    """With the shape of its grammar's own schema, where that has one."""
    schema = grammar.schema
    schema_pattern = "|".join(schema["enum"]) if "enum" in schema else str(schema.get("pattern", "")).strip("^$")
    return OverlayOption(name, grammar, description, pattern or schema_pattern, default)


_FLAG = Choice(FLAGS)
_SIZE = LengthGrammar(_SIZE_PATTERN, "a whole number of pixels, or pct: and percent of the result's side")
_DISTANCE = LengthGrammar(
    _DISTANCE_PATTERN, "a whole number of pixels, or pct: and percent of the result's side, perhaps with a minus sign"
)
_DEFAULT_SHADOW = Shadow()

COMMON_OPTIONS: Final = (
    _option(
        "gravity", Choice(DIRECTIONS), "At which edge or corner of the result it lies, or center.", default="center"
    ),
    _option("x", _DISTANCE, "Distance from that edge, from the center to the right.", default="0"),
    _option("y", _DISTANCE, "Distance from that edge, from the center down.", default="0"),
    _option("rotate", AngleGrammar(), "Degrees to turn it clockwise.", default="0"),
    _option("opacity", Decimal(Fraction(0), Fraction(100)), "Percent.", "[1-9][0-9]?|100", "100"),
    _option(
        "blend",
        Choice({blend.value: blend for blend in Blend}),
        "How its colours mix, as CSS has it.",
        default="normal",
    ),
    _option("repeat", Choice({one.value: one for one in Repeat}), "Along which sides it is repeated.", default="none"),
    _option("gap", Integer(0, 1_000), "Pixels between repetitions.", "[1-9][0-9]{0,2}", "0"),
    _option("shadow", ColourGrammar(), "Colour of its shadow; without one there is none."),
    _option(
        "shadow_x",
        OffsetGrammar(),
        "Pixels that the shadow is moved to the right.",
        default=str(_DEFAULT_SHADOW.offset_x),
    ),
    _option(
        "shadow_y", OffsetGrammar(), "Pixels that the shadow is moved down.", default=str(_DEFAULT_SHADOW.offset_y)
    ),
    _option(
        "shadow_blur",
        Decimal(Fraction(0), Fraction(100)),
        "Sigma in pixels.",
        "[1-9]?[0-9]",
        f"{_DEFAULT_SHADOW.blur:g}",
    ),
)

IMAGE_OPTIONS: Final = (
    _option("url", Location(), "Where the picture lives, as in url.", _IMAGE_PATTERN),
    _option("width", _SIZE, "Width of its box; without a box it has its own size."),
    _option("height", _SIZE, "Height of its box."),
    _option(
        "fit",
        Choice({fit.value: fit for fit in OverlayFit}),
        "How it meets a box of two sides, as in fit; it is made larger too.",
        default="inside",
    ),
    *COMMON_OPTIONS,
)

_TEXT_GRAMMAR = Shaped(
    re.compile(r"[^\u0000-\u001f\u007f-\u009f]{1,40000}"),
    f"1 to {MAX_TEXT_CHARACTERS} characters, of which one can be seen, without control characters; "
    f"with markup:true elements must be closed in order and be of {', '.join(ELEMENTS)} and br, and < be doubled",
)

TEXT_OPTIONS: Final = (
    _option("text", _TEXT_GRAMMAR, "The letters.", _TEXT_PATTERN),
    _option(
        "markup",
        _FLAG,
        f"Whether {', '.join(f'`<{name}>`' for name in ELEMENTS)}, and `<br>` mean something; `<<` is then one `<`.",
        "false|0",
        "false",
    ),
    _option(
        "font",
        Shaped(_FONT, "a family's name"),
        f"A family that the server has; else {DEFAULT_FONT}.",
        default=DEFAULT_FONT,
    ),
    _option("size", Decimal(Fraction(4), Fraction(1_000)), "Size of the font in pixels.", "[1-9][0-9]{1,2}", "32"),
    _option("color", ColourGrammar(), "Colour of the letters.", default="black"),
    _option("bold", _FLAG, "Whether the letters are bold.", default="false"),
    _option("italic", _FLAG, "Whether the letters are slanted.", default="false"),
    _option("width", _SIZE, "Where lines are broken; without it at the width of the result."),
    _option("align", Choice({align.value: align for align in Align}), "How lines lie to each other.", default="left"),
    _option("background", ColourGrammar(), "Colour of a box behind the letters."),
    _option("padding", Integer(0, 500), "Pixels of that box around the letters.", "[1-9][0-9]?", "0"),
    _option("outline", ColourGrammar(), "Colour of a line around the letters."),
    _option("outline_width", Integer(1, 20), "Pixels.", "[1-9]", "2"),
    *COMMON_OPTIONS,
)
