"""What /srcset takes besides the parameters of a picture, and how presets are named."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from pixmill.dialects.param import MAX_SIDE, Group, Param
from pixmill.dialects.scalars import FLAGS, Choice, Schema, Text, shaped
from pixmill.media import Format

T = TypeVar("T")

MAX_WIDTHS: Final = 16
MAX_FORMATS: Final = 4
MAX_PRESETS: Final = 8

PRESET_NAME: Final = re.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,63}")

_WIDTH = "[1-9][0-9]{0,4}"
_WIDTHS = re.compile(f"{_WIDTH}(?:,{_WIDTH}){{0,{MAX_WIDTHS - 1}}}")
_PRESETS = re.compile(f"{PRESET_NAME.pattern}(?:,{PRESET_NAME.pattern}){{0,{MAX_PRESETS - 1}}}")
# Lengths, calc(), and media conditions of CSS; none of them needs a quote, a brace or a backslash.
_SIZES = re.compile("[A-Za-z0-9 ,.:()<>=/*+%-]{1,500}")
_ALT = re.compile(r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029]{0,500}")

_FORMATS: Final = {form.value: form for form in (Format.AVIF, Format.WEBP, Format.JPEG, Format.PNG, Format.GIF)}
_PLACEHOLDERS: Final = {"lqip": Format.LQIP, "blurhash": Format.BLURHASH, "thumbhash": Format.THUMBHASH, "none": None}


class Widths:
    """Numbers of pixels with commas between, in any order; one said twice means nothing."""

    expects = f"1 to {MAX_WIDTHS} whole numbers from 1 to {MAX_SIDE}, with commas between"

    @property
    def schema(self) -> Schema:
        return shaped(f"[1-9][0-9]{{0,3}}(?:,[1-9][0-9]{{0,3}}){{0,{MAX_WIDTHS - 1}}}")

    def parse(self, text: str) -> tuple[int, ...]:
        if not _WIDTHS.fullmatch(text):
            raise ValueError
        widths = sorted({int(width) for width in text.split(",")})
        if widths[-1] > MAX_SIDE:
            raise ValueError
        return tuple(widths)


@dataclass(frozen=True, slots=True)
class Several(Generic[T]):
    """A few of some words, with commas between, in an order that means something; each once."""

    words: Mapping[str, T]
    most: int

    @property
    def expects(self) -> str:
        return f"1 to {self.most} of {', '.join(self.words)}, each once, with commas between"

    @property
    def schema(self) -> Schema:
        """Each word alone; JSON Schema cannot say "each once" of a text."""
        return shaped("|".join(self.words))

    def parse(self, text: str) -> tuple[T, ...]:
        names = text.split(",", self.most)
        if len(names) > self.most or len(set(names)) < len(names) or not self.words.keys() >= set(names):
            raise ValueError
        return tuple(self.words[name] for name in names)


class PresetNames:
    """Names with commas between, in the order in which they apply."""

    expects = f"1 to {MAX_PRESETS} names of presets, with commas between"

    @property
    def schema(self) -> Schema:
        return shaped(_PRESETS.pattern)

    def parse(self, text: str) -> tuple[str, ...]:
        if not _PRESETS.fullmatch(text):
            raise ValueError
        return tuple(text.split(","))


PRESET = Param(
    "preset",
    Group.PRESET,
    PresetNames(),
    "Names of presets of this server (PIXMILL_PRESETS), applied from left to right; what is said explicitly goes before them.",
    ("card", "card,grey"),
)

PARAMS = (
    Param(
        "widths",
        Group.SET,
        Widths(),
        "The widths in pixels that there shall be. Those beyond the width of the original are left out, and it takes their place.",
        ("320,640,1280",),
        default="320,480,640,828,1080,1280,1600,1920,2560",
    ),
    Param(
        "formats",
        Group.SET,
        Several(_FORMATS, MAX_FORMATS),
        "The formats that there shall be, best first; browsers take the first that they know, and the last one is for all others. "
        "Without it those of format=auto, then png for what may be transparent, else jpeg.",
        ("webp", "avif,webp,jpeg"),
    ),
    Param(
        "sizes",
        Group.SET,
        Text(_SIZES, "1 to 500 letters, digits, spaces and any of ,.:()<>=/*+%-"),
        "How wide the picture is on the page, as the attribute sizes of HTML has it.",
        ("(min-width: 60em) 50vw, 100vw",),
        default="100vw",
    ),
    Param(
        "alt",
        Group.SET,
        Text(_ALT, "at most 500 characters, none of them a control character"),
        "What the picture shows, for those who do not see it: the attribute alt.",
        ("A mill by a river",),
    ),
    Param(
        "placeholder",
        Group.SET,
        Choice(_PLACEHOLDERS),
        "What can be shown while the picture is loaded, as format of the same name gives it, or none.",
        ("blurhash",),
        default="lqip",
    ),
    Param(
        "warm",
        Group.SET,
        Choice(FLAGS),
        "Whether all that the answer names is rendered behind it, when nothing else is to be done, so that it is there when it is "
        "asked for. Only where PIXMILL_SRCSET_WARM allows it; the answer tells.",
        ("true",),
        default="false",
    ),
)
