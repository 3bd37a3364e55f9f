"""The parameters of Appwrite's previews as one table: names, meanings, readers. Knows texts and values only."""

from collections.abc import Callable
from typing import Final

from pixmill.dialects.kit.colours import Alpha, hex_colour
from pixmill.dialects.kit.numbers import Decimal, Integer, Reader, Reading, Words
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Point

FORMATS: Final = {
    "": None,
    "jpg": Format.JPEG,
    "jpeg": Format.JPEG,
    "png": Format.PNG,
    "gif": Format.GIF,
    "webp": Format.WEBP,
    "heic": Format.HEIC,
    "avif": Format.AVIF,
}
GRAVITIES: Final = {
    "center": Point(),
    "top": Point(0.5, 0),
    "top-left": Point(0, 0),
    "top-right": Point(1, 0),
    "left": Point(0, 0.5),
    "right": Point(1, 0.5),
    "bottom": Point(0.5, 1),
    "bottom-left": Point(0, 1),
    "bottom-right": Point(1, 1),
}

Row = OptionRow[Reader[object]]


def _colour(text: str) -> Colour | None:
    return hex_colour(text, Alpha.NONE) if text else None


def _text(text: str) -> str:
    return text


_COLOUR: Final = Reading(_colour, "a colour of hexadecimal digits without #")


def _row(
    name: str,
    meaning: str,
    native: str,
    read: Reader[object] | Callable[[str], object],
    expects: str = "",
    note: str = "",
    status: Status | None = None,
) -> Row:
    support = status or (Status.DIFFERS if note else Status.SUPPORTED)
    reader: Reader[object] = Reading(read, expects) if expects else read  # type: ignore[assignment]
    return OptionRow(Option(tuple(name.split()), meaning, native, note, support), reader)


ROWS: Final[tuple[Row, ...]] = (
    _row("width", "Width, 0 to 4000; with both sides the image is cut to them.", "`width`, `fit=cover`",
         Integer(0, 4_000)),
    _row("height", "Height, 0 to 4000.", "`height`", Integer(0, 4_000)),
    _row("gravity", "Where it is cut: `center`, `top-left`, `top`, …", "`gravity`", Words(GRAVITIES)),
    _row("quality", "-1 (default) to 100.", "`quality`", Integer(-1, 100)),
    _row("borderWidth", "Border in pixels, 0 to 100, inside the image.", "`border`", Integer(0, 100)),
    _row("borderColor", "Its colour, without `#`.", "`border`", _COLOUR),
    _row("borderRadius", "Rounded corners, 0 to 4000.", "`radius`", Integer(0, 4_000)),
    _row("opacity", "0 to 1.", "`opacity`", Decimal(0, 1)),
    _row("rotation", "Degrees clockwise, -360 to 360.", "`rotate`", Integer(-360, 360)),
    _row("background", "Colour behind transparent parts, without `#`.", "`background`", _COLOUR),
    _row("output", "`jpg`, `png`, `gif`, `webp`, `heic`, `avif`; without it that of the original.", "`format`",
         Words(FORMATS)),
    _row("project mode token jwt", "Who asks.", "", _text, "anything", status=Status.IGNORED,
         note="Nothing is checked: only for public files."),
)  # fmt: skip
TABLE: Final = by_name(ROWS)
OPTIONS: Final = options_of(ROWS)
