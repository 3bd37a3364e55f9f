"""The parameters of Contentful's Images API as one table: names, meanings, readers. Knows texts and values only."""

from enum import StrEnum
from typing import Final

from pixmill.dialects.kit.colours import Alpha, hex_colour
from pixmill.dialects.kit.numbers import Integer, Reader, Reading, Words
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Faces, Gravity, Point

MAX_SIDE: Final = 4_000
WHOLE: Final = -1
"""The radius of an ellipse."""

_MAX_RADIUS: Final = 65_535
_MAX_FLAGS: Final = 8


class Behaviour(StrEnum):
    """How an image is fitted to both sides."""

    INSIDE = ""
    PAD = "pad"
    FILL = "fill"
    SCALE = "scale"
    CROP = "crop"
    THUMB = "thumb"


class Flag(StrEnum):
    """How the result is written."""

    PROGRESSIVE = "progressive"
    PNG8 = "png8"
    LOSSLESS = "lossless"


FORMATS: Final = {
    "jpg": Format.JPEG,
    "png": Format.PNG,
    "webp": Format.WEBP,
    "gif": Format.GIF,
    "avif": Format.AVIF,
    "tiff": Format.TIFF,
}
FOCUS: Final[dict[str, Gravity]] = {
    "center": Point(),
    "top": Point(0.5, 0),
    "right": Point(1, 0.5),
    "left": Point(0, 0.5),
    "bottom": Point(0.5, 1),
    "top_right": Point(1, 0),
    "top_left": Point(0, 0),
    "bottom_right": Point(1, 1),
    "bottom_left": Point(0, 1),
    "face": Faces(),
    "faces": Faces(),
}
_BEHAVIOURS: Final = {one.value: one for one in Behaviour if one.value}
_PREFIX: Final = "rgb:"

Row = OptionRow[Reader[object]]


def _radius(text: str) -> int:
    return WHOLE if text == "max" else Integer(0, _MAX_RADIUS)(text)


def _flags(text: str) -> frozenset[Flag]:
    return frozenset(map(Flag, text.split(",", _MAX_FLAGS)))


def _colour(text: str) -> Colour:
    """Read ``rgb:`` and hexadecimal digits."""
    if not text.startswith(_PREFIX):
        raise ValueError("not rgb:")
    return hex_colour(text.removeprefix(_PREFIX), Alpha.NONE)


def _row(
    names: str, meaning: str, native: str, read: Reader[object], note: str = "", status: Status = Status.SUPPORTED
) -> Row:
    return OptionRow(Option((names,), meaning, native, note, status), read)


_SIDE: Final = Integer(1, MAX_SIDE)

ROWS: Final[tuple[Row, ...]] = (
    _row("w", "Width in pixels, 1 to 4000; with both sides the image lies inside.", "`width`", _SIDE),
    _row("h", "Height in pixels, 1 to 4000.", "`height`", _SIDE),
    _row("fit", "With both sides: `pad`, `fill` (crops, enlarges), `scale` (distorts, enlarges), `thumb` (crops). "
         "`crop` cuts out a part of the original without scaling, also with one side.", "`fit`, `crop=window:`",
         Words(_BEHAVIOURS)),
    _row("f", "Which part stays, or where the image lies: a side, a corner such as `top_left`, `face`, `faces`.",
         "`gravity`", Words(FOCUS), "`face` is as `faces`.", Status.DIFFERS),
    _row("r", "Radius of the corners in pixels, or `max` for an ellipse.", "`radius`, `mask=ellipse`",
         Reading(_radius, "a number of pixels or max")),
    _row("bg", "Colour of the padding, of what corners open, and behind transparency: `rgb:ff0000`.",
         "`background`, `flatten`", Reading(_colour, "rgb: and 6 hexadecimal digits")),
    _row("q", "Quality, 1 to 100.", "`quality`", Integer(1, 100),
         "One scale of perceived quality for all formats.", Status.DIFFERS),
    _row("fm", "`jpg`, `png`, `webp`, `gif`, `avif` or `tiff`; without it that of the original.", "`format`",
         Words(FORMATS)),
    _row("fl", "`progressive` for JPEG, `png8` for 256 colours, `lossless` for WebP.",
         "`progressive`, `colors`, `lossless`", Reading(_flags, "progressive, png8 or lossless")),
)  # fmt: skip
TABLE: Final = by_name(ROWS)
OPTIONS: Final = options_of(ROWS)
