"""The parameters of Contensis' Image API as one table: names, meanings, readers. Knows texts and values only."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from pixmill.dialects.kit.colours import Alpha, hex_colour
from pixmill.dialects.kit.numbers import Decimal, Integer, Items, Reader, Reading, Words, integer
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Point
from pixmill.plan.ops import MAX_SIDE, Crop, CropWindow, Flip


class Behaviour(StrEnum):
    """How an image is fitted to a box."""

    MAX = "max"
    CONTAIN = "contain"
    FILL = "fill"
    STRETCH = "stretch"
    CROP = "crop"


FITS: Final[dict[str, tuple[Behaviour, Point]]] = {
    **{one.value: (one, Point()) for one in Behaviour},
    **dict.fromkeys(("crop-top", "crop-t"), (Behaviour.CROP, Point(0.5, 0))),
    **dict.fromkeys(("crop-bottom", "crop-b"), (Behaviour.CROP, Point(0.5, 1))),
    **dict.fromkeys(("crop-left", "crop-l"), (Behaviour.CROP, Point(0, 0.5))),
    **dict.fromkeys(("crop-right", "crop-r"), (Behaviour.CROP, Point(1, 0.5))),
}
FORMATS: Final = {
    "jpeg": Format.JPEG,
    "jpg": Format.JPEG,
    "png": Format.PNG,
    "webp": Format.WEBP,
    "gif": Format.GIF,
    "tiff": Format.TIFF,
    "bmp": Format.BMP,
}
_ANCHORS: Final = {
    **dict.fromkeys(("center", "c"), Point()),
    **dict.fromkeys(("top", "t"), Point(0.5, 0)),
    **dict.fromkeys(("bottom", "b"), Point(0.5, 1)),
    **dict.fromkeys(("left", "l"), Point(0, 0.5)),
    **dict.fromkeys(("right", "r"), Point(1, 0.5)),
    **dict.fromkeys(("top-left", "tl"), Point(0, 0)),
    **dict.fromkeys(("top-right", "tr"), Point(1, 0)),
    **dict.fromkeys(("bottom-left", "bl"), Point(0, 1)),
    **dict.fromkeys(("bottom-right", "br"), Point(1, 1)),
}
_FLIPS: Final = {
    **dict.fromkeys(("horizontal", "h"), Flip.HORIZONTAL),
    **dict.fromkeys(("vertical", "v"), Flip.VERTICAL),
    **dict.fromkeys(("both", "b"), Flip.BOTH),
}
_WITH_ANCHOR: Final = 3
_WITH_CORNER: Final = 4

Row = OptionRow[Reader[object]]


def _fit(text: str) -> tuple[Behaviour, Point]:
    """Read a behaviour; an unknown one is ``max``."""
    return FITS.get(text.lower(), FITS["max"])


def _format(text: str) -> Format | None:
    """Read a format; an unknown one is that of the original."""
    return FORMATS.get(text.lower())


def _crop(text: str) -> Crop | CropWindow:
    """Read ``W,H``, ``W,H,ANCHOR`` or ``W,H,X,Y``."""
    parts = text.split(",", _WITH_CORNER)
    sides = Integer(1, MAX_SIDE)
    width, height = sides(parts[0]), sides(parts[1] if len(parts) > 1 else "")
    if len(parts) == _WITH_CORNER:
        left, top = integer(parts[2]), integer(parts[3])
        if not (0 <= left <= MAX_SIDE and 0 <= top <= MAX_SIDE):
            raise ValueError("out of bounds")
        return Crop(left, top, width, height)
    if len(parts) > _WITH_ANCHOR:
        raise ValueError("too many values")
    anchor = parts[2].lower() if len(parts) == _WITH_ANCHOR else "c"
    return CropWindow(width, height, _ANCHORS[anchor])


def _point(text: str) -> Point:
    x, y = Items(Decimal(0, 1), ",", 2, 2)(text)
    return Point(float(x), float(y))


def _colour(text: str) -> Colour:
    return hex_colour(text, Alpha.LAST)


def _row(
    names: str,
    meaning: str,
    native: str,
    read: Reader[object] | Callable[[str], object],
    expects: str = "",
    note: str = "",
) -> Row:
    reader: Reader[object] = Reading(read, expects) if expects else read  # type: ignore[assignment]
    status = Status.DIFFERS if note else Status.SUPPORTED
    return OptionRow(Option(tuple(names.split()), meaning, native, note, status), reader)


_SIDE: Final = Integer(1, MAX_SIDE)

ROWS: Final[tuple[Row, ...]] = (
    _row("width w", "Width in pixels.", "`width`", _SIDE),
    _row("height h", "Height in pixels.", "`height`", _SIDE),
    _row("fit", "After width and height: `max` (default, inside), `contain` (inside, may enlarge), `fill` (pads), "
         "`stretch` (distorts), `crop`, `crop-top`, `crop-t` …. Others are as `max`.", "`fit`", _fit, "a behaviour"),
    _row("crop", "Cuts out `W,H` in the centre, `W,H,ANCHOR` (`top-left`, `tl` …) or `W,H,X,Y`.", "`crop`", _crop,
         "W,H, W,H,ANCHOR or W,H,X,Y"),
    _row("fp", "After `fit`: the point that `crop` keeps, `x,y` from 0 to 1.", "`gravity`", _point,
         "two numbers from 0 to 1"),
    _row("background bg", "Colour behind what is transparent so far: 3, 4, 6 or 8 hexadecimal digits.",
         "`flatten`, `background`", _colour, "hexadecimal digits"),
    _row("rotate r", "Degrees clockwise, 1 to 359.", "`rotate`", Integer(0, 360)),
    _row("flip", "`horizontal`, `vertical`, `both`, or `h`, `v`, `b`.", "`flip`", Words(_FLIPS, folds_case=True)),
    _row("blur b", "Blur, 1 to 100.", "`blur`, `blur_space=srgb`", Integer(0, 100), note="The sigma of a Gaussian."),
    _row("effect", "`grayscale`; others have no effect.", "`grayscale`", lambda text: text.lower() == "grayscale",
         "grayscale"),
    _row("format f", "`jpeg`, `jpg`, `png`, `webp`, `gif`, `tiff` or `bmp`; else that of the original.", "`format`",
         _format, "a format"),
    _row("quality q", "Quality, 1 to 100.", "`quality`", Integer(1, 100),
         note="One scale of perceived quality for all formats."),
)  # fmt: skip
TABLE: Final = by_name(ROWS)
OPTIONS: Final = options_of(ROWS)
