"""The transformations of Hygraph and their values as one table. Knows texts and values only."""

from typing import Final

from pixmill.dialects.kit.colours import css_colour
from pixmill.dialects.kit.numbers import Decimal, Integer, Reader, Reading, Words
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.media import Format
from pixmill.plan.gravity import Faces, Gravity, Point
from pixmill.plan.ops import Fit, Resize

MAX_SIDE: Final = 10_000
WHOLE: Final = -1
"""The radius of an ellipse."""

FORMATS: Final = {
    "jpg": Format.JPEG,
    "jpeg": Format.JPEG,
    "png": Format.PNG,
    "webp": Format.WEBP,
    "avif": Format.AVIF,
    "gif": Format.GIF,
    "tiff": Format.TIFF,
    "bmp": Format.BMP,
    "heic": Format.HEIC,
    "jxl": Format.JXL,
}
FITS: Final = {
    "clip": Resize(enlarge=True),
    "crop": Resize(fit=Fit.COVER, enlarge=True),
    "scale": Resize(fit=Fit.FILL, enlarge=True),
    "max": Resize(),
}
_X: Final = {"left": 0.0, "right": 1.0}
_Y: Final = {"top": 0.0, "bottom": 1.0}
_BOOLEANS: Final = {"true": True, "false": False}


Row = OptionRow[Reader[object]]


def _align(text: str) -> Gravity:
    """Read a side, a pair such as ``[top,left]``, ``center`` or ``faces``."""
    if text == "faces":
        return Faces()
    words = text.removeprefix("[").removesuffix("]").split(",", 2)
    if words == ["center"]:
        return Point()
    x = [_X[word] for word in words if word in _X]
    y = [_Y[word] for word in words if word in _Y]
    if len(x) + len(y) != len(words) or len(x) > 1 or len(y) > 1:
        raise ValueError("not an alignment")
    return Point(*(x or (0.5,)), *(y or (0.5,)))


def _dimensions(text: str) -> tuple[int, ...]:
    """Read ``[x,y,width,height]``."""
    numbers = text.removeprefix("[").removesuffix("]").split(",", 4)
    x, y, width, height = numbers
    return _OFFSET(x), _OFFSET(y), _SIDE(width), _SIDE(height)


def _radius(text: str) -> int:
    return WHOLE if text == "max" else Integer(1, MAX_SIDE)(text)


def _degrees(text: str) -> int:
    return 0 if text == "exif" else Integer(0, 359)(text)


def _row(
    names: str, meaning: str, native: str, read: Reader[object], note: str = "", status: Status = Status.SUPPORTED
) -> Row:
    return OptionRow(Option(tuple(names.split()), meaning, native, note, status), read)


_SIDE: Final = Integer(1, MAX_SIDE)
_OFFSET: Final = Integer(0, 65_535)
_AMOUNT: Final = Decimal(0, 20)
_QUALITY: Final = Integer(1, 100)
_COLOUR: Final = Reading(css_colour, "a colour name, or hexadecimal digits")
_ANYTHING: Final = Reading(str, "anything")

_FLAG: Final = Words(_BOOLEANS)

ROWS: Final[tuple[Row, ...]] = (
    _row("resize=width resize=w", "Width, 1 to 10000; with one side the ratio is kept.", "`width`", _SIDE),
    _row("resize=height resize=h", "Height, 1 to 10000.", "`height`", _SIDE),
    _row("resize=fit resize=f", "`clip` (inside, the default), `crop` (fills the box) and `scale` (distorts) enlarge; "
         "`max` is inside and never enlarges.", "`fit`, `enlarge`", Words(FITS)),
    _row("resize=filter resize=fi", "Resampling.", "", _ANYTHING, status=Status.IGNORED),
    _row("resize=align resize=a", "What `fit:crop` keeps: `center`, `top`, `bottom`, `left`, `right`, `[top,left]`, "
         "`faces`.", "`gravity`", Reading(_align, "a side, a pair of sides in brackets, center or faces")),
    _row("crop=dim crop=d", "Region `[x,y,width,height]`.", "`crop`",
         Reading(_dimensions, "4 whole numbers in brackets")),
    _row("crop=x", "Left edge of a region.", "`crop`", _OFFSET),
    _row("crop=y", "Upper edge of a region.", "`crop`", _OFFSET),
    _row("crop=width crop=w", "Width of a region, 1 to 10000.", "`crop`", _SIDE),
    _row("crop=height crop=h", "Height of a region, 1 to 10000.", "`crop`", _SIDE),
    _row("rotate=deg rotate=d", "Clockwise rotation in degrees; `exif` is always done.", "`rotate`",
         Reading(_degrees, "degrees from 0 to 359, or exif")),
    _row("rotate=background rotate=b", "Colour of the corners.", "`background`", _COLOUR),
    _row("rotate=exif rotate=e", "Always done.", "", _ANYTHING, status=Status.IGNORED),
    _row("flip", "Mirrors vertically.", "`flip=v`", _ANYTHING),
    _row("flop", "Mirrors horizontally.", "`flip=h`", _ANYTHING),
    _row("monochrome", "Removes all colour.", "`grayscale`", _ANYTHING),
    _row("sepia", "Sepia.", "`sepia`", _ANYTHING),
    _row("sepia=tone sepia=t", "Sepia, 0 to 100, 80 by default.", "`sepia`", Integer(0, 100)),
    _row("blur=amount blur=a", "Blur, 0 to 20.", "`blur`, `blur_space=srgb`", _AMOUNT, "The amount is a sigma.",
         Status.DIFFERS),
    _row("sharpen=amount sharpen=a", "Sharpens, 0 to 20.", "`unsharp`", _AMOUNT, "An unsharp mask of a quarter of it.",
         Status.DIFFERS),
    _row("circle", "A circle in the centre.", "`mask=circle`", _ANYTHING),
    _row("circle=background circle=b", "Colour around it.", "`flatten`", _COLOUR),
    _row("rounded_corners", "Round corners of 10 pixels.", "`radius`", _ANYTHING),
    _row("rounded_corners=radius rounded_corners=r", "Radius of the corners, or `max` for an ellipse.",
         "`radius`, `mask=ellipse`", Reading(_radius, "a number of pixels or max")),
    _row("rounded_corners=background rounded_corners=b", "Colour of the corners.", "`flatten`", _COLOUR),
    _row("border", "A black border of 2 pixels around the image.", "`padding`", _ANYTHING),
    _row("border=width border=w", "Width of the border, 1 to 1000.", "`padding`", Integer(1, 1_000)),
    _row("border=color border=c", "Colour of the border.", "`background`", _COLOUR),
    _row("border=background border=b", "Colour behind transparency.", "`flatten`", _COLOUR),
    _row("output=format output=f", "Format: " + ", ".join(f"`{name}`" for name in FORMATS) + ".", "`format`",
         Words(FORMATS, folds_case=True)),
    _row("output=quality output=q", "Quality, 1 to 100.", "`quality`", _QUALITY,
         "One scale of perceived quality for all formats.", Status.DIFFERS),
    _row("output=strip output=s", "`false`: keeps metadata.", "`metadata`", _FLAG),
    _row("auto_image", "AVIF or WebP by `Accept`, else JPEG.", "`format=auto:`", _ANYTHING),
    _row("quality=value quality=v", "Quality, 1 to 100.", "`quality`", _QUALITY,
         "One scale of perceived quality for all formats.", Status.DIFFERS),
    _row("compress", "All results are compressed.", "", _ANYTHING, status=Status.IGNORED),
    _row("compress=metadata compress=m", "`true`: keeps metadata.", "`metadata`", _FLAG),
    _row("no_metadata", "Removes metadata, which is the default.", "`metadata`", _ANYTHING),
)  # fmt: skip
"""A name is that of a transformation, then that of a value of it."""

TABLE: Final = by_name(ROWS)
OPTIONS: Final = (
    *options_of(ROWS),
    Option(("cache",), "Lifetimes are those of the originals.", status=Status.IGNORED),
    Option(("security",), "Policies.", note="There are no policies.", status=Status.REFUSED),
)
TASKS: Final = frozenset(name.partition("=")[0] for name in TABLE)
