"""What can be said of an overlay: one table for pictures, one for texts.

The parser, the error texts, the schema and the reference page are derived from it. Knows names, grammars and meanings.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from pixmill.dialects.colours import Colours
from pixmill.dialects.markup import ELEMENTS
from pixmill.dialects.measures import Angles
from pixmill.dialects.regions import DIRECTIONS
from pixmill.dialects.scalars import FLAGS, Choice, Decimal, Location, Schema, Whole, exact, shaped
from pixmill.dialects.scalars import Text as Shaped
from pixmill.plan.overlays import FONT, MAX_CHARACTERS, Align, Blend, Fitting, Length, Repeat, Shadow

_URL_CHARACTER = r"(?:[!-+\--:<-\[\]-~]|,,|;;)"
_NAME = "[A-Za-z0-9_-][A-Za-z0-9._-]{0,40}"
_PICTURE = (
    rf"https?://[a-z][a-z0-9-]{{0,40}}(?:\.[a-z][a-z0-9-]{{0,40}}){{0,3}}(?::[1-9][0-9]{{0,3}})?/{_URL_CHARACTER}*|"
    rf"(?:(?:s3|gs|az)://[a-z0-9][a-z0-9.-]{{1,40}}/)?(?:{_NAME}/)*{_NAME}"
)
_LETTERS = r"[A-Za-z0-9!?](?:[ !#-%'-+\--:=?-~\u00a1-\u024f]|,,|;;)*"
_FONT = re.compile("[A-Za-z0-9][A-Za-z0-9 -]{0,63}")
_PIXELS = "(?:0|[1-9][0-9]{0,3})"
_PERCENT = r"pct:(?:0|[1-9][0-9]{0,2})(?:\.[0-9]{1,4})?"
_LENGTH = re.compile(f"-?{_PIXELS}|pct:-?{_PERCENT.removeprefix('pct:')}")
_SIDE = re.compile(r"[1-9][0-9]{0,3}|pct:(?:[1-9][0-9]{0,2}(?:\.[0-9]{1,4})?|0\.0{0,3}[1-9][0-9]{0,3})")
_SIGNED = re.compile("-?(?:0|[1-9][0-9]?|[1-4][0-9]{2}|500)")


@dataclass(frozen=True, slots=True)
class Lengths:
    """Pixels, or percent of the result's side."""

    shape: re.Pattern[str]
    expects: str

    @property
    def schema(self) -> Schema:
        return shaped(self.shape.pattern)

    def parse(self, text: str) -> Length:
        if not self.shape.fullmatch(text):
            raise ValueError
        percent = text.startswith("pct:")
        digits = text.removeprefix("pct:")
        value = float(exact(digits.removeprefix("-")))
        return Length(-value if digits[0] == "-" else value, percent)


class Offsets:
    """Whole pixels to the right or down, or the other way."""

    expects = "a whole number of pixels from -500 to 500"

    @property
    def schema(self) -> Schema:
        return shaped(_SIGNED.pattern)

    def parse(self, text: str) -> int:
        if not _SIGNED.fullmatch(text):
            raise ValueError
        return int(text)


@dataclass(frozen=True, slots=True)
class Option:
    """``shape`` matches, in the syntax of JSON Schema, values that are taken; ``default`` is what leaving it out means."""

    name: str
    grammar: Any
    meaning: str
    shape: str = ""
    default: str = ""


def _option(name: str, grammar: Any, meaning: str, shape: str = "", default: str = "") -> Option:
    """With the shape of its grammar's own schema, where that has one."""
    schema = grammar.schema
    known = "|".join(schema["enum"]) if "enum" in schema else str(schema.get("pattern", "")).strip("^$")
    return Option(name, grammar, meaning, shape or known, default)


_FLAG = Choice(FLAGS)
_WIDE = Lengths(_SIDE, "a whole number of pixels, or pct: and percent of the result's side")
_MOVED = Lengths(
    _LENGTH, "a whole number of pixels, or pct: and percent of the result's side, perhaps with a minus sign"
)
_USUAL = Shadow()

COMMON: Final = (
    _option(
        "gravity", Choice(DIRECTIONS), "At which edge or corner of the result it lies, or center.", default="center"
    ),
    _option("x", _MOVED, "Distance from that edge, from the center to the right.", default="0"),
    _option("y", _MOVED, "Distance from that edge, from the center down.", default="0"),
    _option("rotate", Angles(), "Degrees to turn it clockwise.", default="0"),
    _option("opacity", Decimal(Fraction(0), Fraction(100)), "Percent.", "[1-9][0-9]?|100", "100"),
    _option(
        "blend",
        Choice({blend.value: blend for blend in Blend}),
        "How its colours mix, as CSS has it.",
        default="normal",
    ),
    _option("repeat", Choice({one.value: one for one in Repeat}), "Along which sides it is repeated.", default="none"),
    _option("gap", Whole(0, 1_000), "Pixels between repetitions.", "[1-9][0-9]{0,2}", "0"),
    _option("shadow", Colours(), "Colour of its shadow; without one there is none."),
    _option("shadow_x", Offsets(), "Pixels that the shadow is moved to the right.", default=str(_USUAL.right)),
    _option("shadow_y", Offsets(), "Pixels that the shadow is moved down.", default=str(_USUAL.down)),
    _option("shadow_blur", Decimal(Fraction(0), Fraction(100)), "Sigma in pixels.", "[1-9]?[0-9]", f"{_USUAL.blur:g}"),
)

PICTURE: Final = (
    _option("url", Location(), "Where the picture lives, as in url.", _PICTURE),
    _option("width", _WIDE, "Width of its box; without a box it has its own size."),
    _option("height", _WIDE, "Height of its box."),
    _option(
        "fit",
        Choice({fit.value: fit for fit in Fitting}),
        "How it meets a box of two sides, as in fit; it is made larger too.",
        default="inside",
    ),
    *COMMON,
)

_SAID = Shaped(
    re.compile(r"[^\u0000-\u001f\u007f-\u009f]{1,40000}"),
    f"1 to {MAX_CHARACTERS} characters, of which one can be seen, without control characters; "
    f"with markup:true elements must be closed in order and be of {', '.join(ELEMENTS)} and br, and < be doubled",
)

TEXT: Final = (
    _option("text", _SAID, "The letters.", _LETTERS),
    _option(
        "markup",
        _FLAG,
        f"Whether {', '.join(f'`<{name}>`' for name in ELEMENTS)}, and `<br>` mean something; `<<` is then one `<`.",
        "false|0",
        "false",
    ),
    _option("font", Shaped(_FONT, "a family's name"), f"A family that the server has; else {FONT}.", default=FONT),
    _option("size", Decimal(Fraction(4), Fraction(1_000)), "Size of the font in pixels.", "[1-9][0-9]{1,2}", "32"),
    _option("color", Colours(), "Colour of the letters.", default="black"),
    _option("bold", _FLAG, "Whether the letters are bold.", default="false"),
    _option("italic", _FLAG, "Whether the letters are slanted.", default="false"),
    _option("width", _WIDE, "Where lines are broken; without it at the width of the result."),
    _option("align", Choice({align.value: align for align in Align}), "How lines lie to each other.", default="left"),
    _option("background", Colours(), "Colour of a box behind the letters."),
    _option("padding", Whole(0, 500), "Pixels of that box around the letters.", "[1-9][0-9]?", "0"),
    _option("outline", Colours(), "Colour of a line around the letters."),
    _option("outline_width", Whole(1, 20), "Pixels.", "[1-9]", "2"),
    *COMMON,
)
