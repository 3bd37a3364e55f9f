"""Parameters of ``/srcset`` besides those of ``/resize``, and the names of presets."""

import re
from dataclasses import dataclass
from typing import Final

from pixmill.dialects.native.grammars.choice_lists import ChoiceList, comma_separated
from pixmill.dialects.native.grammars.scalars import FLAGS, Choice, PatternText, Schema, pattern_schema
from pixmill.dialects.native.param import MAX_SIDE, Group, Param
from pixmill.media import Format

MAX_WIDTHS: Final = 16
MAX_FORMATS: Final = 4
MAX_PRESETS: Final = 8

PRESET_NAME: Final = re.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,63}")

_WIDTH = "(?:[1-9][0-9]{0,3}|1[0-5][0-9]{3}|16[0-2][0-9]{2}|163[0-7][0-9]|1638[0-3])"  # 1 to MAX_SIDE


_WIDTHS = comma_separated(_WIDTH, MAX_WIDTHS)
_PRESETS = comma_separated(PRESET_NAME.pattern, MAX_PRESETS)
# Lengths, calc() and media conditions of CSS, none of which needs a quote, a brace or a backslash.
_SIZES = re.compile("[A-Za-z0-9 ,.:()<>=/*+%-]{1,500}")
_ALT = re.compile(r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029]{0,500}")

_TARGET = re.compile("/[\u0021-\u007e\u00a0-\uffff]{0,4095}")

_FORMATS: Final = {form.value: form for form in (Format.AVIF, Format.WEBP, Format.JPEG, Format.PNG, Format.GIF)}
_PLACEHOLDERS: Final = {"lqip": Format.LQIP, "blurhash": Format.BLURHASH, "thumbhash": Format.THUMBHASH, "none": None}


class WidthsGrammar:
    """Widths in pixels; order and repetitions make no difference."""

    expects = f"1 to {MAX_WIDTHS} whole numbers from 1 to {MAX_SIDE}, separated by commas"

    @property
    def schema(self) -> Schema:
        return pattern_schema(_WIDTHS.pattern)

    def parse(self, text: str) -> tuple[int, ...]:
        if not _WIDTHS.fullmatch(text):
            raise ValueError
        return tuple(sorted({int(width) for width in text.split(",")}))


@dataclass(frozen=True, slots=True)
class PresetNamesGrammar:
    """Names of presets, in the order in which they apply; ``declared`` are those of a server, if they are known."""

    declared: tuple[str, ...] = ()

    expects = f"1 to {MAX_PRESETS} names of presets, separated by commas"

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
        PatternText(_TARGET, "a path of this server, with its query, of at most 4096 characters"),
        "In place of `url`: the URL of an image in any dialect of this server, whose source and parameters the "
        "candidates take over, except for its width and format. It needs the signature that its dialect asks for.",
        ("/_ipx/w_300,blur_5/photo.jpg",),
    ),
    Param(
        "widths",
        Group.SRCSET,
        WidthsGrammar(),
        "Widths of the candidates in pixels. Those larger than the original are replaced by the width of the original, "
        "unless it is an SVG or a PDF.",
        ("320,640,1280",),
        default="320,480,640,828,1080,1280,1600,1920,2560",
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
        "Width of the image on the page: the HTML attribute `sizes`.",
        ("(min-width: 60em) 50vw, 100vw",),
        default="100vw",
    ),
    Param(
        "alt",
        Group.SRCSET,
        PatternText(_ALT, "at most 500 characters, none of them a control character"),
        "Alternative text: the HTML attribute `alt`.",
        ("A mill by a river",),
    ),
    Param(
        "placeholder",
        Group.SRCSET,
        Choice(_PLACEHOLDERS),
        "Placeholder to show while the image loads, as with `format` of the same name, or none.",
        ("blurhash",),
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
