"""The transformations of TwicPics as one table: names, meanings, readers. Knows texts and values only."""

from collections.abc import Callable
from fractions import Fraction
from typing import Final

from pixmill.dialects.kit.colours import css_colour
from pixmill.dialects.kit.numbers import Integer, Reader, Reading, Words
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.dialects.twicpics import values
from pixmill.media import Format
from pixmill.plan.gravity import Faces, Gravity, Smart
from pixmill.plan.ops import Flip

AUTO: Final = "auto"
FORMATS: Final[dict[str, Format | str]] = {
    AUTO: AUTO,
    "image": AUTO,
    "avif": Format.AVIF,
    "heif": Format.HEIC,
    "jpeg": Format.JPEG,
    "jpg": Format.JPEG,
    "png": Format.PNG,
    "webp": Format.WEBP,
}
_MAX_ZOOM: Final = 100

Row = OptionRow[Reader[object]]


def _focus(text: str) -> Gravity:
    if text == AUTO:
        return Smart()
    return Faces() if text == "faces" else values.point(text)


def _crop(text: str) -> tuple[values.Size, tuple[values.Length, values.Length] | None]:
    region, separator, start = text.partition("@")
    return values.size(region), values.coordinates(start) if separator else None


def _zoom(text: str) -> Fraction:
    value = values.number(text)
    if not 1 <= value <= _MAX_ZOOM:
        raise ValueError("out of bounds")
    return value


def _anything(text: str) -> str:
    return text


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


_SIZE: Final = "a size such as 300, 300x200, -x200, 50px25p or 16:9"

ROWS: Final[tuple[Row, ...]] = (
    _row("resize", "Width, or both sides, which distort.", "`width`, `height`, `fit=fill`", values.size, _SIZE),
    _row("resize-max", "Only if the image is larger along a side.", "`enlarge=false`", values.size, _SIZE),
    _row("resize-min", "Only if the image is smaller along a side.", "`shrink=false`", values.size, _SIZE,
         "Applied along sides that are smaller."),
    _row("contain", "Inside the box, also enlarged.", "`enlarge=true`", values.size, _SIZE),
    _row("contain-max max", "Inside the box, only if the image is larger.", "`width`, `height`", values.size, _SIZE),
    _row("contain-min min", "Inside the box, only if the image is smaller.", "`shrink=false`", values.size, _SIZE,
         "Never shrinks."),
    _row("cover", "Fills the box and cuts around the focus; a ratio cuts only.", "`fit=cover`, `crop_aspect`",
         values.size, _SIZE),
    _row("cover-max", "Only if the image is larger along a side.", "`fit=cover`", values.size, _SIZE),
    _row("cover-min", "Only if the image is smaller along a side.", "`fit=cover&shrink=false`", values.size, _SIZE,
         "A larger image is cut to the shape of the box."),
    _row("inside", "Inside the box, padded, transparent or with `background`.", "`fit=contain`", values.size, _SIZE),
    _row("refit refit-cover", "Fills the box, around what matters.", "`fit=cover&gravity=smart`", values.size, _SIZE,
         "By attention; never less than the box needs."),
    _row("crop", "Region around the focus, or `WxH@XxY`.", "`crop`", _crop, "a size, then @ and a point"),
    _row("focus", "Point of later crops: coordinates, an anchor such as `top-left`, `auto`, `faces`.", "`gravity`",
         _focus, "a point, an anchor, auto or faces", "In the centre again after each crop."),
    _row("zoom", "Shows less around the focus, at the same size; from 1.", "`gravity=…,zoom:`", _zoom,
         "a number from 1 to 100"),
    _row("flip", "`x`, `y` or `both`.", "`flip`",
         Words({"x": Flip.HORIZONTAL, "y": Flip.VERTICAL, "both": Flip.BOTH})),
    _row("turn", "`left`, `right`, `flip`, or right angles clockwise.", "`rotate`",
         Words({"left": 270, "right": 90, "flip": 180} | {str(angle): angle % 360 for angle in range(-270, 271, 90)})),
    _row("background", "Colour behind all that is transparent.", "`background`", css_colour, "a colour",
         "No `remove`."),
    _row("achromatopsia", "Takes colour away, in percent.", "`saturation`", Integer(0, 100)),
    _row("output", "`auto`, `avif`, `heif`, `jpeg`, `png`, `webp`.", "`format`", Words(FORMATS),
         note="No videos, colours or previews."),
    _row("quality", "1 to 100.", "`quality`", Integer(1, 100, clamps=True),
         note="One scale of perceived quality for all formats."),
    _row("quality-max", "At most.", "`quality`", Integer(1, 100, clamps=True)),
    _row("quality-min", "At least.", "`quality`", Integer(1, 100, clamps=True)),
    _row("truecolor noop step", "Nothing here.", "", _anything, "anything", status=Status.IGNORED),
)  # fmt: skip
TABLE: Final = by_name(ROWS)
OPTIONS: Final = options_of(ROWS)
