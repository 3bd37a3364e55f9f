"""The parameters of Builder.io's Image API as one table: names, meanings, readers. Knows texts and values only."""

from typing import Final

from pixmill.dialects.kit.numbers import Integer, Reader, Words
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.dialects.kit.sharp import FITS, POSITIONS
from pixmill.media import Format
from pixmill.plan.gravity import Gravity
from pixmill.plan.ops import MAX_SIDE

FORMATS: Final = {
    "webp": Format.WEBP,
    "jpg": Format.JPEG,
    "jpeg": Format.JPEG,
    "png": Format.PNG,
    "gif": Format.GIF,
    "avif": Format.AVIF,
    "original": None,
}
_POSITIONS: Final[dict[str, Gravity]] = {name: place for name, place in POSITIONS.items() if isinstance(name, str)}

Row = OptionRow[Reader[object]]


def _row(name: str, meaning: str, native: str, read: Reader[object], note: str = "") -> Row:
    status = Status.DIFFERS if note else Status.SUPPORTED
    return OptionRow(Option((name,), meaning, native, note, status), read)


_SIDE: Final = Integer(0, MAX_SIDE)

ROWS: Final[tuple[Row, ...]] = (
    _row("width", "Width in pixels.", "`width`", _SIDE),
    _row("height", "Height in pixels.", "`height`", _SIDE),
    _row("fit", "With both sides: `cover` (default), `contain` (pads), `fill` (distorts), `inside` or `outside`.",
         "`fit`", Words(FITS, folds_case=True)),
    _row("position", "What `cover` keeps, and where `contain` puts the image: `top`, `right top` …, `center`.",
         "`gravity`", Words(_POSITIONS, folds_case=True)),
    _row("quality", "Quality, 1 to 100; 85 by default.", "`quality`", Integer(1, 100),
         "One scale of perceived quality for all formats."),
    _row("format", "`webp`, `jpg`, `jpeg`, `png`, `gif`, `avif`, or `original` (default).", "`format`",
         Words(FORMATS, folds_case=True)),
)  # fmt: skip
TABLE: Final = by_name(ROWS)
OPTIONS: Final = options_of(ROWS)
