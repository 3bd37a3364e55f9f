"""The parameters of Bunny's Optimizer as one table: names, meanings, readers. Knows texts and values only."""

from typing import Final

from pixmill.dialects.kit.colours import css_colour
from pixmill.dialects.kit.numbers import Decimal, Integer, Items, Reader, Reading, Words, decimal
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.dialects.kit.plan_values import aspect
from pixmill.media import Format
from pixmill.plan.gravity import Point
from pixmill.plan.ops import MAX_SIDE

FORMATS: Final = {
    "webp": Format.WEBP,
    "jpeg": Format.JPEG,
    "jpg": Format.JPEG,
    "png": Format.PNG,
    "gif": Format.GIF,
    "avif": Format.AVIF,
}
DIRECTIONS: Final = {
    "center": Point(),
    "north": Point(0.5, 0),
    "south": Point(0.5, 1),
    "east": Point(1, 0.5),
    "west": Point(0, 0.5),
    "northeast": Point(1, 0),
    "northwest": Point(0, 0),
    "southeast": Point(1, 1),
    "southwest": Point(0, 1),
}
_FLAGS: Final = {"true": True, "false": False, "1": True, "0": False}

Row = OptionRow[Reader[object]]


def _face_crop(text: str) -> object:
    return _FLAGS[text] if text in _FLAGS else Items(Integer(1, MAX_SIDE), ",", 2, 2)(text)


def _ignore(_: str) -> None:
    return None


_SIDE: Final = Integer(1, MAX_SIDE)
_SIGNED: Final = Decimal(-100, 100, clamps=True)
_SHARE: Final = Decimal(0, 100, clamps=True)


def _row(
    names: str, meaning: str, native: str, read: Reader[object], note: str = "", status: Status = Status.SUPPORTED
) -> Row:
    return OptionRow(Option(tuple(names.split()), meaning, native, note, status), read)


ROWS: Final[tuple[Row, ...]] = (
    _row("crop", "Region, before the resize: `W,H` by `crop_gravity`, or `W,H,X,Y`.", "`crop`",
         Items(Integer(0, MAX_SIDE), ",", 2, 4)),
    _row("crop_gravity", "Where `crop=W,H` and `aspect_ratio` are: a direction.", "`crop_gravity`",
         Words(DIRECTIONS, folds_case=True)),
    _row("aspect_ratio", "Largest region of a ratio, `16:9`.", "`crop_aspect`", Reading(aspect, "a ratio")),
    _row("focus_crop", "Region `W,H` around a point `x,y`, in pixels or in shares up to 1.", "`crop=window:`",
         Items(Reading(decimal, "a number"), ",", 4, 4)),
    _row("face_crop", "`W,H` around the faces; `true`: other crops are placed by faces.", "`crop_gravity=face`",
         Reading(_face_crop, "true or W,H"), "`true` alone has no effect.", Status.DIFFERS),
    _row("width", "Width in pixels; with both sides the image lies inside.", "`width`", _SIDE),
    _row("height", "Height in pixels.", "`height`", _SIDE),
    _row("upscaling", "`resampling`: may enlarge.", "`enlarge`", Words({"off": False, "resampling": True})),
    _row("flip", "Mirrors vertically, after the resize.", "`flip=v`", Words(_FLAGS)),
    _row("flop", "Mirrors horizontally.", "`flip=h`", Words(_FLAGS)),
    _row("rotate", "Right angles clockwise, after the resize.", "`rotate`",
         Words({str(angle): angle % 360 for angle in (-270, -180, -90, 0, 90, 180, 270)})),
    _row("sharpen", "Sharpens.", "`sharpen=1`", Words(_FLAGS), "The strength is not documented.", Status.DIFFERS),
    _row("blur", "Blur, 0 to 100.", "`blur`, `blur_space=srgb`", _SHARE, "A sigma of half the number.",
         Status.DIFFERS),
    _row("brightness", "Brightness, -100 to 100.", "`brightness`", _SIGNED),
    _row("contrast", "Contrast, -100 to 100.", "`contrast`", _SIGNED),
    _row("saturation", "Saturation, -100 to 100.", "`saturation`", _SIGNED),
    _row("gamma", "Gamma, -100 to 100.", "`gamma`", _SIGNED, "From 1/2 to 2.", Status.DIFFERS),
    _row("hue", "Rotates the hue: 0 to 100 is a full turn.", "`hue`", _SHARE),
    _row("sepia", "Sepia, 0 to 100.", "`sepia`", _SHARE),
    _row("tint", "Multiplies by a colour.", "`overlay` with `blend:multiply`",
         Reading(css_colour, "a colour in hexadecimal digits"), "Transparent parts take the colour.",
         Status.DIFFERS),
    _row("quality", "Quality, 85 by default.", "`quality`", Integer(1, 100, clamps=True),
         "One scale of perceived quality for all formats.", Status.DIFFERS),
    _row("format", "`webp`, `jpeg`, `png`, `gif`, `avif`; without it WebP by `Accept`, else that of the original.",
         "`format`", Words(FORMATS, folds_case=True), "AVIF also above 4 megapixels.", Status.DIFFERS),
    _row("auto_optimize optimizer output", "Older levels of optimisation.", "", Reading(_ignore, "anything"),
         status=Status.IGNORED),
)  # fmt: skip
TABLE: Final = by_name(ROWS)
CLASS: Final = "class"
OPTIONS: Final = (
    *options_of(ROWS),
    Option((CLASS,), "An image class, in place of all other parameters.", "`preset`"),
    Option(
        ("token", "expires", "token_path", "token_ignore_params", "limit"),
        "Token authentication, also in the path: `/bcdn_token=…&expires=…/a.jpg`.",
    ),
    Option(
        ("token_countries", "token_countries_blocked"),
        "Countries of clients.",
        note="A token that is bound to countries or to an address is refused.",
        status=Status.REFUSED,
    ),
)
