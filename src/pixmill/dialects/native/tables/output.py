"""Parameters for the format, the background and the file name of the result."""

import re
from typing import Final, Literal

from pixmill.dialects.native.grammars.choice_lists import ChoiceList
from pixmill.dialects.native.grammars.colours import ColourGrammar
from pixmill.dialects.native.grammars.formats import FormatGrammar, FormatOrder
from pixmill.dialects.native.grammars.scalars import PatternText
from pixmill.dialects.native.param import Group, Param
from pixmill.dialects.native.param_values import ParamValues
from pixmill.dialects.native.tables import encoding, quality
from pixmill.media import DESCRIPTION_FORMATS, OUTPUT_FORMATS, Format
from pixmill.plan.ops import Output
from pixmill.plan.output import DEFAULT_ENCODING, Encoding, Metadata, Profile, RenderMode

_ORIGINAL: Final = "original"
_BEST: Final = "best"
_ANIMATION: Final = "animation"
_FORMATS: Final[dict[str, tuple[Format, ...] | Literal["original", "best"]]] = {
    "auto": (),
    "best": _BEST,
    **{form.value: (form,) for form in (*OUTPUT_FORMATS, *DESCRIPTION_FORMATS)},
    "jpg": (Format.JPEG,),
    "original": _ORIGINAL,
}
_DEFAULT_QUALITY: Final = (quality.DEFAULT_QUALITY, 0)
# No folder separators, no control characters (C0, C1), no characters that change the direction of text or end its line.
_FILENAME = re.compile(r"[^\u0000-\u001f\u007f-\u009f/\\\u200e\u200f\u2028-\u202e\u2066-\u2069]{1,255}")

_ORIGINAL_FORMATS: Final[dict[str, Format]] = {kind.value: kind for kind in OUTPUT_FORMATS}
_PASSTHROUGH: Final[dict[str, Format | None]] = {_ANIMATION: None} | {kind.value: kind for kind in OUTPUT_FORMATS}

BACKGROUND: Final = (
    Param(
        "background",
        Group.TRANSFORM,
        ColourGrammar(),
        "Background colour: for the padding of `fit=contain` and `padding`, the corners opened by `rotate`, and "
        "behind transparent images if the format has no transparency. Default: white; corners opened by `rotate` or "
        "`radius` stay transparent if the format supports it.",
        ("ffcc00", "transparent", "00000080"),
        aliases=("bg",),
    ),
)

PARAMS = (
    *BACKGROUND,
    Param(
        "format",
        Group.OUTPUT,
        FormatGrammar(_FORMATS),
        "Output format. `auto` chooses by content (photo, graphic, transparency, animation) among the formats in the "
        "`Accept` header and the universally supported ones; an SVG stays an SVG if only its size changes. "
        "`best` encodes in all of these formats and returns the smallest result of those that look alike, in 2 to 7 "
        "times the time. "
        "`original` keeps the format of the original if it can be written; without other changes it returns the "
        "original without encoding it again, with the metadata that `metadata` says: byte for byte if that is `all`. "
        "`auto:` with an order, such as `auto:avif,webp,original`: the first that `Accept` names, else the last one if "
        "it is `original` or a universally supported format, else one that fits the image. With "
        "`original_formats`, the last one of `auto:webp,original,jpeg` replaces the others. "
        "`svg` accepts SVG originals only and sanitises them. Instead of an image: the placeholders `blurhash`, "
        "`thumbhash` (base64) and `lqip` (data URI) as plain text, and `json` for the information in `include`.",
        ("webp", "auto:avif,webp,original", "auto:webp,original,jpeg"),
        default="auto",
        aliases=("f", "fm"),
    ),
    Param(
        "original_formats",
        Group.OUTPUT,
        ChoiceList(_ORIGINAL_FORMATS, len(_ORIGINAL_FORMATS)),
        "For `format=original`, and an order that ends with it: only originals in these formats keep theirs; others "
        "get the first of these that can hold their transparency and their frames. All are encoded again.",
        ("jpeg,png,gif,svg",),
        is_advanced=True,
    ),
    Param(
        "passthrough",
        Group.OUTPUT,
        ChoiceList(_PASSTHROUGH, len(_PASSTHROUGH)),
        "Delivers originals in these formats, and with `animation` those with several frames, at their own size and in "
        "their own format: all other parameters but `metadata` are ignored for them. An SVG is sanitised.",
        ("animation", "animation,svg"),
        is_advanced=True,
    ),
    *quality.PARAMS,
    *encoding.PARAMS,
    Param(
        "filename",
        Group.OUTPUT,
        PatternText(_FILENAME, "1 to 255 characters, no slashes, backslashes or control characters"),
        "Sends the result as a download with this name; its extension is replaced by that of the format.",
        ("holiday.jpg",),
    ),
)


def output_of(values: ParamValues) -> Output:
    """Compile format, quality and encoder options."""
    requested = values.get("format", ())
    order = requested if isinstance(requested, FormatOrder) else None
    formats = requested if isinstance(requested, tuple) else ()
    passthrough = values.get("passthrough", ())
    quality_level, target_quality = quality.quality_of(values["quality"]) if "quality" in values else _DEFAULT_QUALITY
    return Output(
        formats=order.formats if order else formats,
        negotiated=bool(order.formats) if order else not formats and requested != _ORIGINAL,
        smallest=requested == _BEST,
        quality=quality_level,
        metadata=values.get("metadata", Metadata.STRIP),
        profile=values.get("profile", Profile.SRGB),
        encoding=_encoding(values),
        source_format=order.keeps_original if order else requested == _ORIGINAL,
        target_quality=target_quality,
        max_bytes=values.get("max_bytes", 0),
        max_bytes_strict=values.get("max_bytes_strict", True),
        passthrough=tuple(sorted(kind for kind in passthrough if kind)),
        passthrough_animations=None in passthrough,
        ordered=order is not None and bool(order.formats),
        fallback_format=order.fallback if order else None,
        original_formats=values.get("original_formats", ()),
    )


def _encoding(values: ParamValues) -> Encoding:
    mode = values.get("mode", RenderMode.BALANCED)
    if not encoding.NAMES.isdisjoint(values):
        return encoding.encoding_of(values, mode)
    return DEFAULT_ENCODING if mode is RenderMode.BALANCED else Encoding(mode=mode)
