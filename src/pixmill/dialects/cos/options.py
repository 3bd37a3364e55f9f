"""The operations of Tencent COS and Qiniu as one table: names, meanings, values. Knows no stage of a plan."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from pixmill.dialects.kit.colours import Alpha, css_colour
from pixmill.dialects.kit.encodings import base64url_text
from pixmill.dialects.kit.numbers import Decimal, Integer, Reader, Reading, Words, decimal, integer
from pixmill.dialects.kit.options import Option, Status
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Point
from pixmill.plan.ops import Flip

MAX_SIDE: Final = 9_999
MAX_BYTES: Final = 2**31 - 1

POINTS: Final = {
    "northwest": Point(0, 0),
    "north": Point(0.5, 0),
    "northeast": Point(1, 0),
    "west": Point(0, 0.5),
    "center": Point(0.5, 0.5),
    "east": Point(1, 0.5),
    "southwest": Point(0, 1),
    "south": Point(0.5, 1),
    "southeast": Point(1, 1),
}
FORMATS: Final = {
    "jpg": Format.JPEG,
    "jpeg": Format.JPEG,
    "png": Format.PNG,
    "webp": Format.WEBP,
    "gif": Format.GIF,
    "bmp": Format.BMP,
    "tiff": Format.TIFF,
    "heif": Format.HEIC,
    "heic": Format.HEIC,
    "avif": Format.AVIF,
}
SWITCH: Final = Words({"0": False, "1": True})
DIRECTION: Final = Words(POINTS, folds_case=True)
SIDE: Final = Integer(0, MAX_SIDE)
_SIGNED: Final = Integer(-100, 100)
_PERCENT: Final = Integer(0, 100)
_RADIUS: Final = Integer(1, MAX_SIDE)


def _colour(text: str) -> Colour:
    return css_colour(base64url_text(text), Alpha.NONE)


def _quality(text: str) -> int:
    value = integer(text.removesuffix("!"))
    if not 1 <= value <= 100:  # noqa: PLR2004 - percent
        raise ValueError("out of bounds")
    return value


def _bytes(text: str) -> int:
    number = text.removesuffix("!").lower()
    factor = {"k": 1_024, "m": 1_048_576}.get(number[-1:], 1)
    value = int(decimal(number.rstrip("km") if factor > 1 else number) * factor)
    if not 1 <= value <= MAX_BYTES:
        raise ValueError("out of bounds")
    return value


def _radius_and_sigma(text: str) -> tuple[int, float]:
    radius, separator, sigma = text.partition("x")
    spread = decimal(sigma) if separator else Fraction(integer(radius))
    if not 1 <= integer(radius) <= 50 or not 0 < spread <= MAX_SIDE:  # noqa: PLR2004 - pixels
        raise ValueError("out of bounds")
    return integer(radius), float(spread)


def _text(text: str) -> str:
    return text


COLOUR: Final = Reading(_colour, "a colour in base64url")
BASE64: Final = Reading(base64url_text, "base64url")
QUALITY: Final = Reading(_quality, "a whole number from 1 to 100")
_GEOMETRY: Final = Reading(_text, "a size")


@dataclass(frozen=True, slots=True)
class Row:
    """An operation and the reader of its value."""

    option: Option
    read: Reader[object]


def _row(
    names: str,
    meaning: str,
    native: str,
    read: Reader[object] | Callable[[str], object],
    expects: str = "",
    *,
    note: str = "",
    status: Status | None = None,
) -> Row:
    support = status or (Status.DIFFERS if note else Status.SUPPORTED)
    reader: Reader[object] = Reading(read, expects) if expects else read  # type: ignore[assignment]
    return Row(Option(tuple(names.split()), meaning, native, note, support), reader)


MOGR_ROWS: Final = (
    _row("thumbnail", "`WxH`, `Wx`, `xH`: inside; `!WxHr`: at least; `WxH!`: distorts; `WxH>` only shrinks, `WxH<` "
         "only enlarges; `N@` at most N pixels; `!Np`, `!Npx`, `!xNp` percent.",
         "`width`, `height`, `fit`, `enlarge`, `scale`",
         _GEOMETRY),
    _row("pad", "`1`: pads a `thumbnail` of two sides, in `color`.", "`fit=contain`", SWITCH),
    _row("color", "Colour of `pad`, in base64url.", "`background`", COLOUR),
    _row("gravity", "Where `crop` and `cut` are.", "`crop_gravity`", DIRECTION),
    _row("crop", "Region `WxH`, `Wx`, `xH` by `gravity`, or `!WxHa10a10` moved from there.", "`crop=window:`",
         _GEOMETRY),
    _row("cut", "Region `WxHxDXxDY`.", "`crop`", _GEOMETRY),
    _row("scrop", "`WxH` around faces.", "`fit=cover&gravity=face`", _GEOMETRY),
    _row("iradius", "Circle of this radius in the centre.", "`crop=window:`, `mask=circle`", _RADIUS),
    _row("rradius", "Rounded corners.", "`radius`", _RADIUS),
    _row("auto-orient", "Turns as EXIF says.", "`orientation`", _GEOMETRY,
         note="Turned without it too: results have no EXIF orientation."),
    _row("rotate", "Degrees clockwise, 0 to 360.", "`rotate`", Integer(0, 360)),
    _row("flip", "`vertical` or `horizontal`.", "`flip`",
         Words({"vertical": Flip.VERTICAL, "horizontal": Flip.HORIZONTAL})),
    _row("blur", "Radius and standard deviation, `8x5`.", "`blur`, `blur_space=srgb`", _radius_and_sigma,
         "a radius from 1 to 50, x and a sigma above 0"),
    _row("sharpen", "Sharpens, 10 to 300.", "`unsharp`", Integer(1, 300),
         note="An unsharp mask of a hundredth of the number."),
    _row("bright brightness", "Brightness, -100 to 100.", "`brightness`", _SIGNED),
    _row("contrast", "Contrast, -100 to 100.", "`contrast`", _SIGNED),
    _row("grayscale", "`1`: grey.", "`grayscale`", SWITCH),
    _row("format", "`jpg`, `png`, `webp`, `gif`, `bmp`, `tiff`, `heif`, `avif`; without it that of the original.",
         "`format`", Words(FORMATS, folds_case=True)),
    _row("quality rquality lquality q rq lq", "Quality, 1 to 100.", "`quality`", QUALITY,
         note="All on one absolute scale for all formats."),
    _row("interlace", "`1`: progressive.", "`progressive`", SWITCH),
    _row("size-limit", "At most `30k` or `2m`.", "`max_bytes`", _bytes, "a number with k or m"),
    _row("ignore-error", "`1`: what is not valid gives the original.", "", SWITCH),
    _row("background", "Colour of the corners of `rotate`, in base64url.", "`rotate`", COLOUR),
    _row("strip minisize cgif colors", "Metadata, size, frames.", "", _GEOMETRY, status=Status.IGNORED,
         note="Metadata is always removed."),
)  # fmt: skip
VIEW_ROWS: Final = (
    _row("mode", "0: longer side at most `w`, shorter `h`; 1: cuts to `w` and `h`; 2: inside; 3: at least `w` and `h`; "
         "4: longer side at least `w`, shorter `h`; 5: as 4, and cuts. Never enlarges.", "`fit`", Integer(0, 5)),
    _row("w", "Width, or the longer side.", "`width`", SIDE),
    _row("h", "Height, or the shorter side.", "`height`", SIDE),
)  # fmt: skip
WATERMARK_ROWS: Final = (
    _row("kind", "1: an image, 2: a text.", "`overlay`", Words({"1": 1, "2": 2})),
    _row("image", "An object, in base64url.", "`overlay`", BASE64),
    _row("text", "A text, in base64url.", "`text`", BASE64),
    _row("fontsize", "Size of the text.", "`text`", Integer(1, 20_000), note="One font."),
    _row("fill", "Colour of the text, in base64url.", "`text`", COLOUR),
    _row("dissolve", "Opacity in percent.", "`overlay`", _PERCENT),
    _row("dx", "Distance from the edge.", "`overlay`", Integer(-9_999, 9_999)),
    _row("dy", "Distance from the edge.", "`overlay`", Integer(-9_999, 9_999)),
    _row("ws", "Size of the image as a share of the result.", "`overlay`", Decimal(0, 1)),
    _row("spcent", "The same in thousandths.", "`overlay`", Integer(1, 1_000)),
    _row("batch", "`1`: repeats it.", "`overlay`", SWITCH),
    _row("degree", "Degrees of the text, or of repetitions.", "`text`", Integer(0, 360)),
    _row("shadow", "Shadow of the text, 0 to 100.", "`text`", _PERCENT),
    _row("font wst blogo scatype bpos interval", "Fonts and rules of scaling.", "", _GEOMETRY,
         status=Status.IGNORED),
)  # fmt: skip


def _by_name(*tables: tuple[Row, ...]) -> Mapping[str, Row]:
    return {name: row for rows in tables for row in rows for name in row.option.names}


MOGR_TABLE: Final = _by_name(MOGR_ROWS)
_OUTPUT_NAMES: Final = ("format", "quality", "interlace", "ignore-error", "strip", "size-limit")
VIEW_TABLE: Final = _by_name(VIEW_ROWS, tuple(row for row in MOGR_ROWS if row.option.names[0] in _OUTPUT_NAMES))
WATERMARK_TABLE: Final = _by_name(
    WATERMARK_ROWS, tuple(row for row in MOGR_ROWS if row.option.names[0] in ("gravity", "ignore-error"))
)
OPTIONS: Final = (
    *(row.option for row in MOGR_ROWS),
    *(row.option for row in VIEW_ROWS),
    *(row.option for row in WATERMARK_ROWS),
    Option(("imageInfo", "imageAve", "exif"), "Facts about the original as JSON.", "`/info`"),
    Option(("imageSlim",), "Encodes again.", "`quality`"),
    Option(("style",), "`style/NAME`: a pipeline of the entry's `styles`.", "`preset`"),
)
