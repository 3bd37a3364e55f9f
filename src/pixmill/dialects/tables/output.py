"""What the result is written as, and what it is called."""

import re
from typing import Any, Final

from pixmill.dialects.colours import Colours
from pixmill.dialects.param import Asked, Group, Param
from pixmill.dialects.scalars import Choice, Text
from pixmill.dialects.tables import auto, encoding
from pixmill.media import DESCRIPTIONS, OUTPUT_FORMATS, Format
from pixmill.plan.ops import Colour, Fit, Output, Resize
from pixmill.plan.output import TiffCompression

_FORMATS: dict[str, tuple[Format, ...]] = {"auto": ()} | {
    form.value: (form,) for form in (*OUTPUT_FORMATS, *DESCRIPTIONS)
}
_ORIGINAL: Final = ("original",)
# No separators of folders, no control characters (C0, C1), nothing that turns the direction of the text or ends its line.
_FILENAME = re.compile(r"[^\u0000-\u001f\u007f-\u009f/\\\u200e\u200f\u2028-\u202e\u2066-\u2069]{1,255}")

_LOSSY: Final = {Format.JPEG, Format.WEBP, Format.AVIF, Format.HEIC, Format.JXL}
# GIF knows no half-transparent pixels.
_TRANSPARENT: Final = {
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
        Group.EDIT,
        Colours(),
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
    *auto.PARAMS,
    *encoding.PARAMS,
    Param(
        "filename",
        Group.OUTPUT,
        Text(_FILENAME, "1 to 255 characters, no slashes, backslashes or control characters"),
        "Answers as a download of this name; the ending of the format is put in its place.",
        ("holiday.jpg",),
    ),
)


def fields(asked: Asked, resize: Resize) -> dict[str, Any]:
    """The fields of a plan that these parameters make."""
    output = _output(asked)
    return {"background": _background(asked, resize, output), "output": output}


def _output(asked: Asked) -> Output:
    formats = asked.get("format", ())
    original = formats == _ORIGINAL
    if original:
        formats = ()
    named = formats[0] if formats else None
    return Output(
        formats=formats,
        negotiated=not formats and not original,
        original=original,
        **auto.fields(asked, named, lossy=_lossy(asked, named)),
        **encoding.fields(asked, named),
    )


def _lossy(asked: Asked, named: Format | None) -> bool:
    """Whether quality says anything."""
    if named is Format.TIFF:
        return asked.get("tiff_compression") is TiffCompression.JPEG
    return named is None or (named in _LOSSY and not encoding.lossless(asked, named))


def canvas(asked: Asked, resize: Resize) -> Colour:
    """The background of a stage, behind which others come: nothing of it can be seen where nothing is padded."""
    return asked.get("background", Colour()) if _padded(asked, resize) else Colour()


def _padded(asked: Asked, resize: Resize) -> bool:
    return resize.fit is Fit.CONTAIN or any(asked.get("padding", ()))


def _background(asked: Asked, resize: Resize, output: Output) -> Colour:
    """Nothing of it can be seen where nothing is padded and the format keeps all transparency."""
    if not _padded(asked, resize) and output.formats and output.formats[0] in _TRANSPARENT:
        return Colour()
    background: Colour = asked.get("background", Colour())
    return background
