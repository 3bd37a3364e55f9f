"""What the result is written as, and what it is called."""

import re
from typing import Any, Final

from pixmill.dialects.native.grammars.colours import ColourGrammar
from pixmill.dialects.native.grammars.scalars import Choice, PatternText
from pixmill.dialects.native.param import Group, Param, ParamValues
from pixmill.dialects.native.tables import encoding, quality
from pixmill.media import DESCRIPTION_FORMATS, OUTPUT_FORMATS, Format
from pixmill.plan.colour import Colour
from pixmill.plan.ops import Fit, Output, Resize
from pixmill.plan.output import TiffCompression

_FORMATS: dict[str, tuple[Format, ...]] = {"auto": ()} | {
    form.value: (form,) for form in (*OUTPUT_FORMATS, *DESCRIPTION_FORMATS)
}
_ORIGINAL: Final = ("original",)
# No separators of folders, no control characters (C0, C1), nothing that turns the direction of the text or ends its line.
_FILENAME = re.compile(r"[^\u0000-\u001f\u007f-\u009f/\\\u200e\u200f\u2028-\u202e\u2066-\u2069]{1,255}")

_LOSSY_FORMATS: Final = {Format.JPEG, Format.WEBP, Format.AVIF, Format.HEIC, Format.JXL}
# GIF knows no half-transparent pixels.
_ALPHA_FORMATS: Final = {
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
}

BACKGROUND: Final = (
    Param(
        "background",
        Group.TRANSFORM,
        ColourGrammar(),
        "What lies around the picture where fit=contain or padding extends it or rotate opens corners, and behind it where the "
        "format cannot show transparency. White where nothing is said, but for corners, which are transparent where they can be.",
        ("ffcc00", "transparent", "00000080"),
    ),
)

PARAMS = (
    *BACKGROUND,
    Param(
        "format",
        Group.OUTPUT,
        Choice(_FORMATS | {"jpg": (Format.JPEG,), "original": _ORIGINAL}),
        "Format of the result; auto takes what suits the content (photograph, drawing, transparency, animation) among what the Accept header names and what everybody reads, and keeps an SVG an SVG where "
        "nothing but its size changes. original is the format of the original, if it can be written: where nothing is asked for that changes the picture, its very "
        "bytes with all their metadata. svg takes SVG only, sanitised. In place of a "
        "picture: blurhash, thumbhash (base64) and lqip (a data URI), placeholders as plain text, and json, what include asks for.",
        ("webp",),
        default="auto",
        aliases=("f",),
    ),
    *quality.PARAMS,
    *encoding.PARAMS,
    Param(
        "filename",
        Group.OUTPUT,
        PatternText(_FILENAME, "1 to 255 characters, no slashes, backslashes or control characters"),
        "Answers as a download of this name; the ending of the format is put in its place.",
        ("holiday.jpg",),
    ),
)


def output_fields(values: ParamValues, resize: Resize) -> dict[str, Any]:
    """The fields of a plan that these parameters make."""
    output = _build_output(values)
    return {"background": _background(values, resize, output), "output": output}


def _build_output(values: ParamValues) -> Output:
    formats = values.get("format", ())
    original = formats == _ORIGINAL
    if original:
        formats = ()
    explicit_format = formats[0] if formats else None
    return Output(
        formats=formats,
        negotiated=not formats and not original,
        source_format=original,
        **quality.quality_fields(values, explicit_format, lossy=_is_lossy(values, explicit_format)),
        **encoding.encoding_fields(values, explicit_format),
    )


def _is_lossy(values: ParamValues, explicit_format: Format | None) -> bool:
    """Whether quality says anything."""
    if explicit_format is Format.TIFF:
        return values.get("tiff_compression") is TiffCompression.JPEG
    return explicit_format is None or (
        explicit_format in _LOSSY_FORMATS and not encoding.is_lossless(values, explicit_format)
    )


def stage_background(values: ParamValues, resize: Resize) -> Colour:
    """The background of a stage, behind which others come: nothing of it can be seen where nothing is padded."""
    return values.get("background", Colour()) if _is_padded(values, resize) else Colour()


def _is_padded(values: ParamValues, resize: Resize) -> bool:
    return resize.fit is Fit.CONTAIN or any(values.get("padding", ()))


def _background(values: ParamValues, resize: Resize, output: Output) -> Colour:
    """Nothing of it can be seen where nothing is padded and the format keeps all transparency."""
    if not _is_padded(values, resize) and output.formats and output.formats[0] in _ALPHA_FORMATS:
        return Colour()
    background: Colour = values.get("background", Colour())
    return background
