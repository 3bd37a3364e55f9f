"""The directives of ImageEngine as one table: names, meanings, readers. Knows texts and values only."""

from collections.abc import Callable
from fractions import Fraction
from typing import Final

from pixmill.dialects.kit.numbers import Decimal, Integer, Items, Reader, Reading, Words, integer
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.media import Format
from pixmill.plan.gravity import Gravity, Point, Smart
from pixmill.plan.ops import Fit

MAX_SIDE: Final = 16_383
AUTO: Final = -1
"""The width that the client says."""

FORMATS: Final = {
    "jpg": Format.JPEG,
    "jpeg": Format.JPEG,
    "png": Format.PNG,
    "gif": Format.GIF,
    "webp": Format.WEBP,
    "bmp": Format.BMP,
    "avif": Format.AVIF,
    "jxl": Format.JXL,
    "heic": Format.HEIC,
    "tiff": Format.TIFF,
    "svg": Format.SVG,
}
FITS: Final = {
    "box": Fit.INSIDE,
    "cropbox": Fit.COVER,
    "letterbox": Fit.CONTAIN,
    "outside": Fit.OUTSIDE,
    "stretch": Fit.FILL,
}
_GRAVITIES: Final[dict[str, Gravity]] = {
    "center": Point(),
    "top": Point(0.5, 0),
    "bottom": Point(0.5, 1),
    "left": Point(0, 0.5),
    "right": Point(1, 0.5),
    "smart": Smart(),
    "auto": Smart(),
}
_FLAGS: Final = {"true": True, "false": False, "1": True, "0": False, "": True}

Row = OptionRow[Reader[object]]


def _fallback(text: str) -> int:
    value = integer(text)
    if not 1 <= value <= MAX_SIDE:
        raise ValueError("out of bounds")
    return value


def _width(text: str) -> tuple[int, int]:
    """Read a width, or ``auto`` with a fallback; 0 for none."""
    first, separator, second = text.partition(",")
    if first == "auto":
        return AUTO, _fallback(second) if separator else 0
    return _fallback(text), 0


def _percentage(text: str) -> tuple[Fraction, int]:
    """Read a percentage of the width of the screen, and a width for clients that do not say theirs."""
    first, separator, second = text.partition(",")
    share = Fraction(integer(first), 100)
    if not 0 < share <= 1:
        raise ValueError("out of bounds")
    return share, _fallback(second) if separator else 0


def _method(text: str) -> tuple[Fit, Gravity]:
    name, _, place = text.replace("-", ",").partition(",")
    return FITS[name], _GRAVITIES[place or "center"]


def _row(
    names: str,
    meaning: str,
    native: str,
    read: Reader[object] | Callable[[str], object],
    expects: str = "",
    note: str = "",
    status: Status | None = None,
) -> Row:
    support = status or (Status.DIFFERS if note else Status.SUPPORTED)
    reader: Reader[object] = Reading(read, expects) if expects else read  # type: ignore[assignment]
    return OptionRow(Option(tuple(names.split()), meaning, native, note, support), reader)


def _anything(text: str) -> str:
    return text


ROWS: Final[tuple[Row, ...]] = (
    _row("w", "Width, or `auto` by client hints, then a width for clients that say none: `w_auto,300`.", "`width`",
         _width, f"a whole number from 1 to {MAX_SIDE}, or auto"),
    _row("h", "Height.", "`height`", Integer(1, MAX_SIDE)),
    _row("pc", "Width in percent of that of the screen, then one for clients that say none: `pc_50,300`.",
         "`width=auto`", _percentage, "a whole number from 1 to 100", "By client hints only."),
    _row("m", "`box` (default), `cropbox`, `letterbox`, `outside` or `stretch`, with both sides; `cropbox,top` and "
         "others place the crop.", "`fit`", _method, "box, cropbox, letterbox, outside or stretch"),
    _row("cr", "Region `W,H,X,Y`, before the resize.", "`crop`", Items(Integer(0, 65_535), ",", 4, 4)),
    _row("r", "Degrees clockwise, -360 to 360.", "`rotate`", Integer(-360, 360)),
    _row("f", "`jpg`, `png`, `gif`, `webp`, `bmp`, `avif`, `jxl`, `heic`, `tiff`, `svg`; without it by the "
         "client.", "`format`", Words(FORMATS, folds_case=True)),
    _row("cmpr", "Compression, 0 to 100.", "`quality`", Integer(0, 100), note="A quality of what is left of 100."),
    _row("s", "Sharpness, 0 to 100.", "`unsharp`", Integer(0, 100),
         note="An unsharp mask of a hundredth of the number."),
    _row("pass", "`true`: the original as it is.", "`format=original`", Words(_FLAGS)),
    _row("meta", "`true`: keeps metadata.", "`metadata=keep`", Words(_FLAGS)),
    _row("in", "`true`: shown, not downloaded, which is so here anyway.", "", _anything, "anything",
         status=Status.IGNORED),
    _row("dpr maxdpr", "Device pixel ratio of `w` and `h`; `maxdpr` has no effect.", "`dpr`",
         Decimal(Fraction(1, 10), 10)),
)  # fmt: skip
TABLE: Final = by_name(ROWS)
OPTIONS: Final = options_of(ROWS)
