"""Parameters of ``/srcset`` besides those of ``/resize``, and the names of presets."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from pixmill.dialects.native.element_options import Decoding, FetchPriority, Layout, Loading, Placeholder
from pixmill.dialects.native.grammars.choice_lists import ChoiceList, comma_separated
from pixmill.dialects.native.grammars.controls import TEXT, Control, ControlKind
from pixmill.dialects.native.grammars.scalars import (
    FLAGS,
    Choice,
    PatternText,
    Schema,
    parse_decimal,
    pattern_schema,
)
from pixmill.dialects.native.param import MAX_SIDE, Group, Param
from pixmill.media import Format

MAX_WIDTHS: Final = 16
MAX_FORMATS: Final = 4
MAX_PRESETS: Final = 8
MAX_DENSITIES: Final = 4

PRESET_NAME: Final = re.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,63}")

_WIDTH = "(?:[1-9][0-9]{0,3}|1[0-5][0-9]{3}|16[0-2][0-9]{2}|163[0-7][0-9]|1638[0-3])"  # 1 to MAX_SIDE


_WIDTHS = comma_separated(_WIDTH, MAX_WIDTHS)
_PRESETS = comma_separated(PRESET_NAME.pattern, MAX_PRESETS)
# Lengths, calc() and media conditions of CSS, none of which needs a quote, a brace or a backslash.
_SIZES = re.compile("[A-Za-z0-9 ,.:()<>=/*+%-]{1,500}")
_ALT = re.compile(r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029]{0,500}")
_CLASS = re.compile(r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029]{1,300}")
_DENSITIES = comma_separated(r"[1-3](?:\.[0-9]{1,2})?|4", MAX_DENSITIES)

_TARGET = re.compile("(?:/|[Hh][Tt][Tt][Pp][Ss]?://)[\u0021-\u007e\u00a0-\uffff]{0,4088}")

_FORMATS: Final = {form.value: form for form in (Format.AVIF, Format.WEBP, Format.JPEG, Format.PNG, Format.GIF)}
_PLACEHOLDERS: Final = {one.value: one for one in Placeholder} | {"colour": Placeholder.COLOUR}
_LAYOUTS: Final = {layout.value: layout for layout in Layout}
_LOADING: Final[dict[str, Loading]] = {"lazy": "lazy", "eager": "eager"}
_FETCH_PRIORITIES: Final[dict[str, FetchPriority]] = {"high": "high", "low": "low", "auto": "auto"}
_DECODING: Final[dict[str, Decoding]] = {"async": "async", "sync": "sync", "auto": "auto"}


class WidthsGrammar:
    """Widths in pixels; order and repetitions make no difference."""

    expects = f"1 to {MAX_WIDTHS} whole numbers from 1 to {MAX_SIDE}, separated by commas"

    control = TEXT

    @property
    def schema(self) -> Schema:
        return pattern_schema(_WIDTHS.pattern)

    def parse(self, text: str) -> tuple[int, ...]:
        if not _WIDTHS.fullmatch(text):
            raise ValueError
        return tuple(sorted({int(width) for width in text.split(",")}))


class DensitiesGrammar:
    """Device pixels per CSS pixel; order and repetitions make no difference."""

    expects = f"1 to {MAX_DENSITIES} numbers from 1 to 4 with at most two decimal places, separated by commas"

    control = TEXT

    @property
    def schema(self) -> Schema:
        return pattern_schema(_DENSITIES.pattern)

    def parse(self, text: str) -> tuple[Fraction, ...]:
        if not _DENSITIES.fullmatch(text):
            raise ValueError
        return tuple(sorted({parse_decimal(density) for density in text.split(",")}))


@dataclass(frozen=True, slots=True)
class PresetNamesGrammar:
    """Names of presets, in the order in which they apply; ``declared`` are those of a server, if they are known."""

    declared: tuple[str, ...] = ()

    expects = f"1 to {MAX_PRESETS} names of presets, separated by commas"

    @property
    def control(self) -> Control:
        return Control(ControlKind.LIST, choices=self.declared)

    @property
    def schema(self) -> Schema:
        return pattern_schema(
            comma_separated("|".join(self.declared), MAX_PRESETS).pattern if self.declared else _PRESETS.pattern
        )

    def parse(self, text: str) -> tuple[str, ...]:
        if not _PRESETS.fullmatch(text):
            raise ValueError
        return tuple(text.split(","))


PRESET = Param(
    "preset",
    Group.PRESET,
    PresetNamesGrammar(),
    "Presets of this server (`PIXMILL_PRESETS`), applied from left to right. Explicit parameters take precedence.",
    ("card", "card,grey"),
)

PARAMS = (
    Param(
        "of",
        Group.SRCSET,
        PatternText(_TARGET, "a URL of this server, or its path with the query, of at most 4089 characters"),
        "In place of `url`: the URL of an image in any dialect of this server, whose source and parameters the "
        "candidates take over, except for its width and format. It needs the signature that its dialect asks for.",
        ("/_ipx/w_300,blur_5/photo.jpg",),
    ),
    Param(
        "widths",
        Group.SRCSET,
        WidthsGrammar(),
        "Widths of the candidates in pixels. Those larger than the original are replaced by the width of the original, "
        "unless it is an SVG or a PDF. With `width` the default is `width`, twice `width`, and those of the "
        "default below that are not close to either.",
        ("320,640,1280",),
        default="256,384,640,750,828,1080,1200,1920,2048,2560,3840",
    ),
    Param(
        "densities",
        Group.SRCSET,
        DensitiesGrammar(),
        "In place of `widths`: candidates for an image that is shown `width` CSS pixels wide, by the device pixels per "
        "CSS pixel of a screen.",
        ("1,2", "1,1.5,2,3"),
    ),
    Param(
        "variants",
        Group.SRCSET,
        PresetNamesGrammar(),
        "In place of `widths`: presets of this server, each of which makes one candidate. They follow those of "
        "`preset`, and their results must have the same aspect ratio. In presets-only mode there is no other way to "
        "more than one size.",
        ("small,large",),
    ),
    Param(
        "formats",
        Group.SRCSET,
        ChoiceList(_FORMATS, MAX_FORMATS),
        "Formats of the candidates, best first: browsers use the first that they support; the last one is the "
        "fallback. Default: the formats of `format=auto`, then `png` if the image may be transparent, otherwise "
        "`jpeg`.",
        ("webp", "avif,webp,jpeg"),
    ),
    Param(
        "sizes",
        Group.SRCSET,
        PatternText(_SIZES, "1 to 500 letters, digits, spaces and any of ,.:()<>=/*+%-"),
        "Width of the image on the page: the HTML attribute `sizes`. `auto`, for images with `loading=lazy`, is the "
        "width that the browser has laid out; browsers that do not know it use what follows. Default: `auto` for lazy "
        "images, then the width of the element or `100vw`, whichever is less.",
        ("(min-width: 60em) 50vw, 100vw", "auto"),
    ),
    Param(
        "alt",
        Group.SRCSET,
        PatternText(_ALT, "at most 500 characters, none of them a control character"),
        "Alternative text: the HTML attribute `alt`.",
        ("A mill by a river",),
    ),
    Param(
        "class",
        Group.SRCSET,
        PatternText(_CLASS, "1 to 300 characters, none of them a control character"),
        "CSS classes: the HTML attribute `class`.",
        ("hero rounded",),
    ),
    Param(
        "loading",
        Group.SRCSET,
        Choice(_LOADING),
        "When the browser loads the image: near the viewport, or at once. Default: `lazy`, with `fetchpriority=high` "
        "`eager`.",
        ("eager",),
    ),
    Param(
        "fetchpriority",
        Group.SRCSET,
        Choice(_FETCH_PRIORITIES),
        "Priority among the images of the page: `high` for the one that visitors see first.",
        ("high",),
        default="auto",
    ),
    Param(
        "decoding",
        Group.SRCSET,
        Choice(_DECODING),
        "Whether the rest of the page may be painted before the image: the HTML attribute `decoding`.",
        ("sync",),
        default="async",
    ),
    Param(
        "layout",
        Group.SRCSET,
        Choice(_LAYOUTS),
        "Style of the element: `constrained` is as wide as `width` or the largest candidate, and no wider than its "
        "container; `full` is as wide as its container; `none` has no `style` attribute, and so no placeholder, for "
        "pages whose own CSS or security policy says so.",
        ("full",),
        default="constrained",
    ),
    Param(
        "placeholder",
        Group.SRCSET,
        Choice(_PLACEHOLDERS),
        "What is shown while the image loads: a tiny blurred image, the average colour, or nothing. `blurhash` and "
        "`thumbhash` show the colour and add the hash as a `data-` attribute for scripts. Images with transparency "
        "show none, as it would remain behind them.",
        ("color",),
        default="lqip",
    ),
    Param(
        "warm",
        Group.SRCSET,
        Choice(FLAGS),
        "Cache warming: renders all candidates in the background, with idle capacity, after the response. Requires "
        "`PIXMILL_SRCSET_WARM`; the response reports whether it was accepted.",
        ("true",),
        default="false",
    ),
)
