"""The parameters of Shopify's image URLs as one table: names, meanings, readers. Knows texts and values only."""

import re
from typing import Final

from pixmill.dialects.kit.colours import hex_colour
from pixmill.dialects.kit.numbers import Integer, Reader, Reading, Words, decimal, half_up
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.media import Format
from pixmill.plan.gravity import Point

MAX_SIDE: Final = 5_760
_MAX_OFFSET: Final = 65_535

FORMATS: Final = {
    "jpg": Format.JPEG,
    "jpeg": Format.JPEG,
    "png": Format.PNG,
    "gif": Format.GIF,
    "webp": Format.WEBP,
    "avif": Format.AVIF,
}
PROGRESSIVE: Final = "pjpg"
AUTO: Final = "auto"
POSITIONS: Final = {
    "center": Point(),
    "top": Point(0.5, 0),
    "bottom": Point(0.5, 1),
    "left": Point(0, 0.5),
    "right": Point(1, 0.5),
}
REGION: Final = "region"

Row = OptionRow[Reader[object]]
_VERSION: Final = re.compile(r"[A-Za-z0-9._~-]{1,64}")


def _side(text: str) -> int:
    """Read a length in pixels, which some clients compute: it is rounded."""
    value = half_up(decimal(text))
    if not 1 <= value <= MAX_SIDE:
        raise ValueError("out of bounds")
    return value


def _format(text: str) -> str:
    name = text.lower()
    if name not in FORMATS and name not in {PROGRESSIVE, AUTO}:
        raise ValueError("not a format")
    return name


def _version(text: str) -> str:
    return text if _VERSION.fullmatch(text) else ""


def _row(
    names: str, meaning: str, native: str, read: Reader[object], note: str = "", status: Status = Status.SUPPORTED
) -> Row:
    return OptionRow(Option(tuple(names.split()), meaning, native, note, status), read)


_LENGTH: Final = Reading(_side, f"a number from 1 to {MAX_SIDE}")
_OFFSET: Final = Integer(0, _MAX_OFFSET)
_EXTENT: Final = Integer(1, _MAX_OFFSET)

ROWS: Final[tuple[Row, ...]] = (
    _row("width", "Width in pixels, 1 to 5760; with both sides the image lies inside. Never enlarges.", "`width`",
         _LENGTH),
    _row("height", "Height in pixels, 1 to 5760.", "`height`", _LENGTH),
    _row("crop", "With both sides: fills the box and keeps `center`, `top`, `bottom`, `left` or `right`. `region`: "
         "cuts out a region, before the resize.", "`fit=cover`, `gravity`",
         Words(POSITIONS | {REGION: REGION}, folds_case=True)),
    _row("crop_left", "Left edge of `crop=region`, 0 by default.", "`crop`", _OFFSET),
    _row("crop_top", "Upper edge of `crop=region`, 0 by default.", "`crop`", _OFFSET),
    _row("crop_width", "Width of `crop=region`, up to the right edge by default.", "`crop`", _EXTENT),
    _row("crop_height", "Height of `crop=region`, up to the lower edge by default.", "`crop`", _EXTENT),
    _row("pad_color", "With both sides: pads to the box with a colour in hexadecimal digits.",
         "`fit=contain`, `background`", Reading(hex_colour, "a colour in hexadecimal digits")),
    _row("format", "`jpg`, `pjpg` (progressive), `png`, `gif`, `webp`, `avif`; without it, and with `auto`, AVIF or "
         "WebP by `Accept`, else that of the original.", "`format`", Reading(_format, "a format")),
    _row("quality", "Quality, 1 to 100.", "`quality`", Integer(1, 100),
         "One scale of perceived quality for all formats.", Status.DIFFERS),
    _row("v", "Version of the original.", "`v`", Reading(_version, "anything")),
)  # fmt: skip
TABLE: Final = by_name(ROWS)
OPTIONS: Final = (
    *options_of(ROWS),
    Option(
        ("_300x200", "_300x", "_x200", "_small"),
        "Suffix of the file name, before the extension: a size, as `width` and `height`, or `pico` (16), "
        "`icon` (32), `thumb` (50), `small` (100), `compact` (160), `medium` (240), `large` (480), `grande` (600), "
        "`original`, `master`.",
        "`width`, `height`",
    ),
    Option(("_crop_center",), "After a size: as `crop`.", "`fit=cover`, `gravity`"),
    Option(("@2x", "@3x"), "After a size: multiplies it.", "`dpr`"),
    Option((".progressive",), "Before the extension of a JPEG: progressive.", "`progressive`"),
    Option((".png.jpg",), "A second extension, after a suffix: converts.", "`format`"),
)
