"""What the result is written as, and what it is called."""

import re
from typing import Any, Final

from pixmill.dialects.colours import Colours
from pixmill.dialects.param import Asked, Group, Param
from pixmill.dialects.scalars import Choice, Text, Whole
from pixmill.media import OUTPUT_FORMATS, Format
from pixmill.plan.ops import Colour, Fit, Metadata, Output, Resize

_FORMATS: dict[str, tuple[Format, ...]] = {"auto": ()} | {form.value: (form,) for form in OUTPUT_FORMATS}
# No separators of folders, no control characters (C0, C1), nothing that turns the direction of the text or ends its line.
_FILENAME = re.compile(r"[^\u0000-\u001f\u007f-\u009f/\\\u200e\u200f\u2028-\u202e\u2066-\u2069]{1,255}")

_LOSSY: Final = {Format.JPEG, Format.WEBP, Format.AVIF}
_TRANSPARENT: Final = {Format.PNG, Format.WEBP, Format.AVIF}  # GIF knows no half-transparent pixels

PARAMS = (
    Param(
        "background",
        Group.EDIT,
        Colours(),
        "What lies behind the picture where fit=contain pads, and where the format cannot show transparency.",
        ("ffcc00", "transparent", "00000080"),
        default="white",
    ),
    Param(
        "format",
        Group.OUTPUT,
        Choice(_FORMATS | {"jpg": (Format.JPEG,)}),
        "Format of the result; auto takes the best that the Accept header names, else what suits the original.",
        ("webp",),
        default="auto",
        aliases=("f",),
    ),
    Param(
        "quality",
        Group.OUTPUT,
        Whole(1, 100),
        "How much of the looks is kept, on one scale for all lossy formats.",
        ("75",),
        default=str(Output().quality),
        aliases=("q",),
    ),
    Param(
        "metadata",
        Group.OUTPUT,
        Choice({metadata.value: metadata for metadata in Metadata}),
        "Whether EXIF, XMP and IPTC of the original are left out or carried over.",
        ("keep",),
        default=Metadata.STRIP.value,
    ),
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
    lossy = not formats or formats[0] in _LOSSY
    return Output(
        formats=formats,
        negotiated=not formats,
        quality=asked.get("quality", Output().quality) if lossy else Output().quality,
        metadata=asked.get("metadata", Metadata.STRIP),
    )


def _background(asked: Asked, resize: Resize, output: Output) -> Colour:
    """Nothing of it can be seen where nothing is padded and the format keeps all transparency."""
    padded = resize.fit is Fit.CONTAIN
    if not padded and output.formats and output.formats[0] in _TRANSPARENT:
        return Colour()
    background: Colour = asked.get("background", Colour())
    return background
