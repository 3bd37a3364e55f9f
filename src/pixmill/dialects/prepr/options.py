"""The options of Prepr's image URLs as one table: names, meanings, readers. Knows texts and values only."""

from typing import Final

from pixmill.dialects.kit.numbers import Integer, Reader, Words
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.media import Format
from pixmill.plan.gravity import Gravity, Point
from pixmill.plan.ops import MAX_SIDE, Fit

FORMATS: Final = {
    "jpg": Format.JPEG,
    "jpeg": Format.JPEG,
    "png": Format.PNG,
    "webp": Format.WEBP,
    "avif": Format.AVIF,
    "gif": Format.GIF,
}
_PLACES: Final[dict[str, Gravity]] = {
    "centre": Point(),
    "center": Point(),
    "north": Point(0.5, 0),
    "northeast": Point(1, 0),
    "east": Point(1, 0.5),
    "southeast": Point(1, 1),
    "south": Point(0.5, 1),
    "southwest": Point(0, 1),
    "west": Point(0, 0.5),
    "northwest": Point(0, 0),
}
_FITS: Final = {
    "crop": Fit.COVER,
    "cover": Fit.COVER,
    "contain": Fit.INSIDE,
    "inside": Fit.INSIDE,
    "fill": Fit.FILL,
    "outside": Fit.OUTSIDE,
}

Row = OptionRow[Reader[object]]


def _row(name: str, meaning: str, native: str, read: Reader[object], note: str = "") -> Row:
    status = Status.DIFFERS if note else Status.SUPPORTED
    return OptionRow(Option((name,), meaning, native, note, status), read)


_SIDE: Final = Integer(1, MAX_SIDE)

ROWS: Final[tuple[Row, ...]] = (
    _row("w", "Width in pixels.", "`width`", _SIDE),
    _row("h", "Height in pixels; with both sides the image is cut to them.", "`height`, `fit=cover`", _SIDE),
    _row("c", "Which part stays: `centre` (default), `center`, `north`, `northeast` ….", "`gravity`", Words(_PLACES)),
    _row("fit", "With both sides: `crop` (default), `cover`, `contain` and `inside` (without padding), `fill`, "
         "`outside`.", "`fit`", Words(_FITS)),
    _row("q", "Quality, 1 to 100.", "`quality`", Integer(1, 100), "One scale of perceived quality for all formats."),
    _row("format", "`jpg`, `jpeg`, `png`, `webp`, `avif` or `gif`; without it that of the original.", "`format`",
         Words(FORMATS)),
)  # fmt: skip
TABLE: Final = by_name(ROWS)
OPTIONS: Final = options_of(ROWS)
