"""The parameters of the native API, each declared once.

The parser, the error texts, OpenAPI, the reference page and the options of ``pixmill resize`` are derived from this table.
Knows names, grammars and meanings; how the values become a plan is in ``native.py``.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from pixmill.dialects.colours import Colours
from pixmill.dialects.regions import Crops, Gravities
from pixmill.dialects.scalars import FLAGS, Choice, Decimal, Grammar, Location, Text, Whole
from pixmill.errors import InvalidParameter
from pixmill.media import OUTPUT_FORMATS, Format
from pixmill.plan.ops import Fit, Flip, Metadata, Output

MAX_SIDE = 16_383
"""The longest side that WebP can write (RFC 9649 §2.4)."""


class Group(StrEnum):
    """What a parameter is about, as a heading."""

    SOURCE = "The picture"
    SIZE = "Size"
    EDIT = "Changes"
    OUTPUT = "The result"
    ACCESS = "Signed URLs"


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter. ``default`` is what leaving it out means, as it would be written; empty where that is nothing."""

    name: str
    group: Group
    grammar: Grammar[object]
    meaning: str
    examples: tuple[str, ...]
    default: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)

    def parse(self, text: str) -> object:
        """The value; raises InvalidParameter that says what may be written."""
        try:
            return self.grammar.parse(text)
        except ValueError:
            raise InvalidParameter(f"{self.name} must be {self.grammar.expects}", param=self.name) from None


_FORMATS: dict[str, tuple[Format, ...]] = {"auto": ()} | {form.value: (form,) for form in OUTPUT_FORMATS}
_FLIPS = {flip.value: flip for flip in Flip} | {"h": Flip.HORIZONTAL, "v": Flip.VERTICAL, "hv": Flip.BOTH}
_SIGNATURE = re.compile("[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")  # the last character has two bits to spare
# No separators of folders, no control characters (C0, C1), nothing that turns the direction of the text or ends its line.
_FILENAME = re.compile(r"[^\u0000-\u001f\u007f-\u009f/\\\u200e\u200f\u2028-\u202e\u2066-\u2069]{1,255}")

PARAMS: tuple[Param, ...] = (
    Param(
        "url",
        Group.SOURCE,
        Location(),
        "Where the original lives; required, but for POST, whose body is the original.",
        ("https://example.com/photo.jpg", "s3://bucket/photo.jpg", "folder/photo.jpg"),
    ),
    Param(
        "width",
        Group.SIZE,
        Whole(1, MAX_SIDE),
        "Width of the box in pixels; without it the width follows from the height.",
        ("800",),
        aliases=("w",),
    ),
    Param(
        "height",
        Group.SIZE,
        Whole(1, MAX_SIDE),
        "Height of the box in pixels; without it the height follows from the width.",
        ("600",),
        aliases=("h",),
    ),
    Param(
        "fit",
        Group.SIZE,
        Choice({fit.value: fit for fit in Fit}),
        "How the picture meets a box of two sides: cover fills it and cuts off what stands out, contain fits into it and "
        "pads with the background, fill distorts, inside fits into it without padding, outside covers it without cutting.",
        ("cover",),
        default=Fit.INSIDE.value,
    ),
    Param(
        "gravity",
        Group.SIZE,
        Gravities(),
        "Which part stays when fit=cover cuts: a direction, a focal point, or smart for what draws the eye.",
        ("north", "smart", "fp:0.3,0.75"),
        default="center",
    ),
    Param(
        "dpr",
        Group.SIZE,
        Decimal(Fraction(1, 10), Fraction(8)),
        f"Pixels of the screen per pixel of the page: multiplies width and height, rounded half up; it counts only as far "
        f"as no side grows beyond {MAX_SIDE}.",
        ("2", "1.5"),
        default="1",
    ),
    Param(
        "enlarge",
        Group.SIZE,
        Choice(FLAGS),
        "Whether a picture smaller than the box may be made larger.",
        ("true",),
        default="false",
    ),
    Param(
        "crop",
        Group.EDIT,
        Crops(),
        "Cuts this region out of the upright, rotated and flipped picture before it is resized.",
        ("10,20,300,200", "pct:25,0,50,100"),
    ),
    Param(
        "rotate",
        Group.EDIT,
        Choice({"0": 0, "90": 90, "180": 180, "270": 270, "-90": 270}),
        "Degrees to turn clockwise, after the picture has been put upright as its EXIF orientation says.",
        ("90",),
        default="0",
    ),
    Param(
        "flip",
        Group.EDIT,
        Choice(_FLIPS),
        "Mirrors the rotated picture: left to right (horizontal or h), top to bottom (vertical or v), or both (hv).",
        ("horizontal",),
        default=Flip.NONE.value,
    ),
    Param(
        "blur",
        Group.EDIT,
        Decimal(Fraction(1, 10), Fraction(250), or_zero=True),
        "Gaussian blur: sigma in pixels of the result.",
        ("2.5",),
        default="0",
    ),
    Param(
        "grayscale",
        Group.EDIT,
        Choice(FLAGS),
        "Whether the colours are taken out.",
        ("true",),
        default="false",
        aliases=("greyscale",),
    ),
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
    Param(
        "expires",
        Group.ACCESS,
        Whole(1, 253_402_300_799),
        "Seconds since 1970 (UTC) from which on the signed URL is no longer answered; at most the end of the year 9999.",
        ("1924992000",),
    ),
    Param(
        "sig",
        Group.ACCESS,
        Text(_SIGNATURE, "43 characters of base64url, the last parameter of the URL"),
        "HMAC-SHA256 over all that stands before it, made with one of the server's keys.",
        ("XxNUT2mAhoqWmDlwHkRUP9EcRmX5tzt2_B2mEHqnNnA",),
    ),
)

INFO_PARAMS = tuple(param for param in PARAMS if param.group in {Group.SOURCE, Group.ACCESS})
"""What ``/info`` takes."""
