"""The options of overlays: one table for images, one for texts.

The parser, the error texts, the schema and the reference page are derived from it. Knows names, grammars and meanings.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, TypedDict

from pixmill.dialects.native.grammars.colours import ColourGrammar
from pixmill.dialects.native.grammars.controls import TEXT, Control, ControlKind
from pixmill.dialects.native.grammars.gravity import DIRECTIONS
from pixmill.dialects.native.grammars.measurements import AngleGrammar
from pixmill.dialects.native.grammars.scalars import (
    FLAGS,
    Choice,
    Decimal,
    Grammar,
    Integer,
    Location,
    PatternText,
    Schema,
    inner_pattern,
    parse_decimal,
    pattern_schema,
)
from pixmill.dialects.native.grammars.text_markup import ELEMENTS
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Point
from pixmill.plan.ops import MAX_OVERLAY_STAGES, Stage
from pixmill.plan.overlays import DEFAULT_FONT, MAX_TEXT_CHARACTERS, Align, Blend, Length, OverlayFit, Repeat, Shadow
from pixmill.plan.source import OBJECT_STORE_SCHEMES, SourceRef

_URL_CHARACTER = r"(?:[!-+\--:<-\[\]-~]|,,|;;)"
_NAME = "[A-Za-z0-9_-][A-Za-z0-9._-]{0,40}"
_IMAGE_PATTERN = (
    rf"https?://[a-z][a-z0-9-]{{0,40}}(?:\.[a-z][a-z0-9-]{{0,40}}){{0,3}}(?::[1-9][0-9]{{0,3}})?/{_URL_CHARACTER}*|"
    rf"(?:(?:{'|'.join(OBJECT_STORE_SCHEMES)})://[a-z0-9][a-z0-9.-]{{1,40}}/)?(?:{_NAME}/)*{_NAME}"
)
_TEXT_PATTERN = r"[A-Za-z0-9!?](?:[ !#-%'-+\--:=?-~\u00a1-\u024f]|,,|;;)*"
_FONT = re.compile("[A-Za-z0-9][A-Za-z0-9 -]{0,63}")
_PIXELS = "(?:0|[1-9][0-9]{0,3})"
_PERCENT = r"pct:(?:0|[1-9][0-9]{0,2})(?:\.[0-9]{1,4})?"
_DISTANCE_PATTERN = re.compile(f"-?{_PIXELS}|pct:-?{_PERCENT.removeprefix('pct:')}")
_SIZE_PATTERN = re.compile(r"[1-9][0-9]{0,3}|pct:(?:[1-9][0-9]{0,2}(?:\.[0-9]{1,4})?|0\.0{0,3}[1-9][0-9]{0,3})")
_OFFSET_PATTERN = re.compile("-?(?:0|[1-9][0-9]?|[1-4][0-9]{2}|500)")


STAGE_PATTERN: Final = (
    "(?:blur|sharpen|border|pixelate)=[1-9]|grayscale=true(?:&radius=pct:(?:[1-4]?[0-9]|50))?|"
    "flip=(?:horizontal|vertical)|crop=pct:[1-9]?[0-9],,[1-9]?[0-9],,[1-9][0-9]?,,[1-9][0-9]?"
)
"""Some stages; a comma is doubled in an option."""


class OptionValues(TypedDict, total=False):
    """The values of the options that were given, by name. A test proves that each has the type of its grammar."""

    url: SourceRef
    prepare: tuple[Stage, ...]
    then: tuple[Stage, ...]
    text: str
    width: Length
    height: Length
    fit: OverlayFit
    gravity: Point
    x: Length
    y: Length
    rotate: Fraction
    opacity: Fraction
    blend: Blend
    repeat: Repeat
    gap: int
    expand: bool
    shadow: Colour
    shadow_x: int
    shadow_y: int
    shadow_blur: Fraction
    markup: bool
    font: str
    size: Fraction
    color: Colour
    bold: bool
    italic: bool
    align: Align
    background: Colour
    padding: int
    outline: Colour
    outline_width: int


@dataclass(frozen=True, slots=True)
class LengthGrammar:
    """Pixels, or percent of the side of the result."""

    pattern: re.Pattern[str]
    expects: str

    control = TEXT

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
    """Whole pixels to the right or down; negative to the left or up."""

    expects = "a whole number of pixels from -500 to 500"

    control = Control(ControlKind.INTEGER, -500, 500)

    @property
    def schema(self) -> Schema:
        return pattern_schema(_OFFSET_PATTERN.pattern)

    def parse(self, text: str) -> int:
        if not _OFFSET_PATTERN.fullmatch(text):
            raise ValueError
        return int(text)


@dataclass(frozen=True, slots=True)
class OverlayOption:
    """One option. ``pattern`` matches common values, as in JSON Schema; ``default`` is as written in a URL."""

    name: str
    grammar: Grammar[object]
    description: str
    pattern: str = ""
    default: str = ""


def _option(
    name: str, grammar: Grammar[object], description: str, pattern: str = "", default: str = ""
) -> OverlayOption:
    """Declare an option, with the pattern of its grammar's own schema if none is given."""
    return OverlayOption(name, grammar, description, pattern or inner_pattern(grammar), default)


_FLAG = Choice(FLAGS)
_SIZE = LengthGrammar(_SIZE_PATTERN, "a whole number of pixels, or percent of the result's side as pct:N")
_DISTANCE = LengthGrammar(
    _DISTANCE_PATTERN, "a whole number of pixels, or percent of the result's side as pct:N; may be negative"
)
_DEFAULT_SHADOW = Shadow()

COMMON_OPTIONS: Final = (
    _option(
        "gravity", Choice(DIRECTIONS), "Position in the result: an edge, a corner or the center.", default="center"
    ),
    _option("x", _DISTANCE, "Horizontal distance from that edge; from the center, to the right.", default="0"),
    _option("y", _DISTANCE, "Vertical distance from that edge; from the center, down.", default="0"),
    _option("rotate", AngleGrammar(), "Clockwise rotation in degrees.", default="0"),
    _option("opacity", Decimal(Fraction(0), Fraction(100)), "Opacity in percent.", "[1-9][0-9]?|100", "100"),
    _option(
        "blend",
        Choice({blend.value: blend for blend in Blend}),
        "Blend mode, as in CSS `mix-blend-mode`, or compositing operator.",
        default="normal",
    ),
    _option(
        "repeat", Choice({one.value: one for one in Repeat}), "Axes along which it is repeated (tiled).", default="none"
    ),
    _option("gap", Integer(0, 1_000), "Pixels between repetitions.", "[1-9][0-9]{0,2}", "0"),
    _option(
        "expand",
        _FLAG,
        "The result grows, transparent or in `background`, to hold all of the overlay and its shadow. Without effect "
        "on repetitions and on `blend:mask`.",
        "true|1",
        "false",
    ),
    _option("shadow", ColourGrammar(), "Colour of the drop shadow; without a colour there is none."),
    _option(
        "shadow_x",
        OffsetGrammar(),
        "Horizontal offset of the shadow in pixels.",
        default=str(_DEFAULT_SHADOW.offset_x),
    ),
    _option(
        "shadow_y", OffsetGrammar(), "Vertical offset of the shadow in pixels.", default=str(_DEFAULT_SHADOW.offset_y)
    ),
    _option(
        "shadow_blur",
        Decimal(Fraction(0), Fraction(100)),
        "Blur of the shadow: sigma in pixels.",
        "[1-9]?[0-9]",
        f"{_DEFAULT_SHADOW.blur:g}",
    ),
)

IMAGE_OPTIONS: Final = (
    _option("url", Location(), "Source image URL or path, as in the parameter `url`.", _IMAGE_PATTERN),
    _option("width", _SIZE, "Width of its box; without a box it keeps its own size."),
    _option("height", _SIZE, "Height of its box."),
    _option(
        "fit",
        Choice({fit.value: fit for fit in OverlayFit}),
        "How it is fitted to a box of two sides, as in the parameter `fit`; it is also upscaled.",
        default="inside",
    ),
    *COMMON_OPTIONS,
)


def processed_image_options(stages: Grammar[tuple[Stage, ...]]) -> tuple[OverlayOption, ...]:
    """Return the options of images that are processed by stages of their own, in this grammar."""
    url, *others = IMAGE_OPTIONS
    pattern = f"(?:{STAGE_PATTERN})(?:\\|(?:{STAGE_PATTERN})){{0,{MAX_OVERLAY_STAGES - 1}}}"
    return (
        url,
        _option(
            "prepare", stages, "Stages on the image itself, before it is fitted to its box, as in `then`.", pattern
        ),
        *others[: -len(COMMON_OPTIONS)],
        _option("then", stages, "Stages on the fitted image, before it is rotated and placed.", pattern),
        *COMMON_OPTIONS,
    )


_TEXT_GRAMMAR = PatternText(
    re.compile(r"[^\u0000-\u001f\u007f-\u009f]{1,40000}"),
    f"1 to {MAX_TEXT_CHARACTERS} characters, not all blank, without control characters; "
    f"with markup:true, elements must be properly nested and be of {', '.join(ELEMENTS)} and br, and < be doubled",
)

TEXT_OPTIONS: Final = (
    _option("text", _TEXT_GRAMMAR, "The text.", _TEXT_PATTERN),
    _option(
        "markup",
        _FLAG,
        f"Interprets {', '.join(f'`<{name}>`' for name in ELEMENTS)} and `<br>`; `<<` is then a single `<`.",
        "false|0",
        "false",
    ),
    _option(
        "font",
        PatternText(_FONT, "the name of a font family"),
        f"Font family installed on the server; otherwise {DEFAULT_FONT} is used.",
        default=DEFAULT_FONT,
    ),
    _option("size", Decimal(Fraction(4), Fraction(1_000)), "Font size in pixels.", "[1-9][0-9]{1,2}", "32"),
    _option("color", ColourGrammar(), "Text colour.", default="black"),
    _option("bold", _FLAG, "Bold text.", default="false"),
    _option("italic", _FLAG, "Italic text.", default="false"),
    _option("width", _SIZE, "Width at which lines are wrapped. Default: the width of the result."),
    _option("align", Choice({align.value: align for align in Align}), "Text alignment.", default="left"),
    _option("background", ColourGrammar(), "Colour of a box behind the text."),
    _option("padding", Integer(0, 500), "Pixels between the text and the edges of that box.", "[1-9][0-9]?", "0"),
    _option("outline", ColourGrammar(), "Colour of the outline of the letters."),
    _option("outline_width", Integer(1, 20), "Width of the outline in pixels.", "[1-9]", "2"),
    *COMMON_OPTIONS,
)
