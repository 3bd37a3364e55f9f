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
from pixmill.plan.output import Encoding, Metadata, Profile, RenderMode, TiffCompression

_ORIGINAL: Final = "original"
_ANIMATION: Final = "animation"
_FORMATS: Final[dict[str, tuple[Format, ...] | Literal["original"]]] = {
    "auto": (),
    **{form.value: (form,) for form in (*OUTPUT_FORMATS, *DESCRIPTION_FORMATS)},
    "jpg": (Format.JPEG,),
    "original": _ORIGINAL,
}
# No folder separators, no control characters (C0, C1), no characters that change the direction of text or end its line.
_FILENAME = re.compile(r"[^\u0000-\u001f\u007f-\u009f/\\\u200e\u200f\u2028-\u202e\u2066-\u2069]{1,255}")

_ORIGINAL_FORMATS: Final[dict[str, Format]] = {kind.value: kind for kind in OUTPUT_FORMATS}
_PASSTHROUGH: Final[dict[str, Format | None]] = {_ANIMATION: None} | {kind.value: kind for kind in OUTPUT_FORMATS}

_LOSSY_FORMATS: Final = {Format.JPEG, Format.WEBP, Format.AVIF, Format.HEIC, Format.JXL}
ALPHA_FORMATS: Final = frozenset(
    (
        Format.PNG,
        Format.WEBP,
        Format.AVIF,
        Format.HEIC,
        Format.JXL,
        Format.TIFF,
        Format.ICO,
        Format.SVG,
        Format.THUMBHASH,
        Format.LQIP,
        Format.JSON,
    )
)
"""Formats that keep all transparency; GIF has no partial one."""

BACKGROUND: Final = (
    Param(
        "background",
        Group.TRANSFORM,
        ColourGrammar(),
        "Background colour: for the padding of `fit=contain` and `padding`, the corners opened by `rotate`, and "
        "behind transparent images if the format has no transparency. Default: white; corners opened by `rotate` or "
        "`radius` stay transparent if the format supports it.",
        ("ffcc00", "transparent", "00000080"),
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
        "`original` keeps the format of the original if it can be written; without other changes it returns the "
        "original without encoding it again, with the metadata that `metadata` says: byte for byte if that is `all`. "
        "`auto:` with an order, such as `auto:avif,webp,original`: the first that `Accept` names, else the last one if "
        "it is `original` or a universally supported format, else one that fits the image. With "
        "`original_formats`, the last one of `auto:webp,original,jpeg` replaces the others. "
        "`svg` accepts SVG originals only and sanitises them. Instead of an image: the placeholders `blurhash`, "
        "`thumbhash` (base64) and `lqip` (data URI) as plain text, and `json` for the information in `include`.",
        ("webp", "auto:avif,webp,original", "auto:webp,original,jpeg"),
        default="auto",
        aliases=("f",),
    ),
    Param(
        "original_formats",
        Group.OUTPUT,
        ChoiceList(_ORIGINAL_FORMATS, len(_ORIGINAL_FORMATS)),
        "For `format=original`, and an order that ends with it: only originals in these formats keep theirs; others "
        "get the first of these that can hold their transparency and their frames. All are encoded again.",
        ("jpeg,png,gif,svg",),
    ),
    Param(
        "passthrough",
        Group.OUTPUT,
        ChoiceList(_PASSTHROUGH, len(_PASSTHROUGH)),
        "Delivers originals in these formats, and with `animation` those with several frames, at their own size and in "
        "their own format: all other parameters but `metadata` are ignored for them. An SVG is sanitised.",
        ("animation", "animation,svg"),
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
    """Compile format, quality and encoder options; those without an effect in an explicit format are dropped."""
    requested = values.get("format", ())
    order = requested if isinstance(requested, FormatOrder) else None
    formats = requested if isinstance(requested, tuple) else ()
    explicit_format = formats[0] if formats else None
    mode = RenderMode.BALANCED if explicit_format is Format.SVG else values.get("mode", RenderMode.BALANCED)
    options = (
        Encoding(mode=mode)
        if encoding.NAMES.isdisjoint(values)
        else encoding.encoding_of(values, explicit_format, mode)
    )
    quality_level, target_quality = quality.DEFAULT_QUALITY, 0
    passthrough = values.get("passthrough", ())
    keeps_original = order.keeps_original if order else requested == _ORIGINAL
    if "quality" in values and _is_lossy(options, explicit_format):
        quality_level, target_quality = quality.quality_of(values["quality"], explicit_format)
    return Output(
        formats=order.formats if order else formats,
        negotiated=not formats and requested != _ORIGINAL,
        quality=quality_level,
        metadata=encoding.metadata_of(values["metadata"], explicit_format) if "metadata" in values else Metadata.STRIP,
        profile=encoding.profile_of(values["profile"], explicit_format) if "profile" in values else Profile.SRGB,
        encoding=options,
        source_format=keeps_original,
        target_quality=target_quality,
        max_bytes=quality.max_bytes_of(values["max_bytes"], explicit_format) if "max_bytes" in values else 0,
        max_bytes_strict=values.get("max_bytes_strict", True) or "max_bytes" not in values,
        passthrough=tuple(sorted(kind for kind in passthrough if kind)),
        passthrough_animations=None in passthrough,
        ordered=order is not None,
        fallback_format=order.fallback if order and ("original_formats" in values or not keeps_original) else None,
        original_formats=values.get("original_formats", ()) if keeps_original else (),
    )


def _is_lossy(options: Encoding, explicit_format: Format | None) -> bool:
    """Return whether quality has an effect."""
    if explicit_format is None:
        return True
    if explicit_format is Format.TIFF:
        return options.tiff_compression is TiffCompression.JPEG
    return explicit_format in _LOSSY_FORMATS and not options.lossless and options.near_lossless is None
