"""The parameters of weserv/images as one table: names, meanings, readers. Must never know a plan.

A value that a reader does not accept is as if it were not there, and so is a name that the table lacks.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from pixmill.dialects.kit.colours import Alpha, css_colour
from pixmill.dialects.kit.numbers import Decimal, Integer, Items, Words, angle, decimal, integer, share
from pixmill.dialects.kit.options import Option, Status, by_name, options_of
from pixmill.errors import InvalidParameter
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Gravity, Interest, Point, Smart
from pixmill.plan.output import MAX_DELAY_MS, MAX_DELAYS, MAX_LOOPS

FOCAL: Final = "focal"
MILD: Final = ()
"""Of blur and sharpening: no sigma is given."""
YEAR_S: Final = 31_536_000
DAY_S: Final = 86_400
JSON: Final = "json"
ORIGIN: Final = "origin"

_MAX_SIDE: Final = 10_000_000
_MAX_NAME: Final = 78
_NAME: Final = re.compile(rf"[A-Za-z0-9]{{1,{_MAX_NAME}}}")
_FOCAL: Final = re.compile(r"(?:focal|crop)-([0-9]{1,3})-([0-9]{1,3})")
_UNITS: Final = {"d": DAY_S, "w": 7 * DAY_S, "M": 31 * DAY_S, "y": YEAR_S}


@dataclass(frozen=True, slots=True)
class Side:
    """A length of a crop, in pixels or in percent."""

    value: Fraction
    percent: bool = False


@dataclass(slots=True)
class Parameters:
    """The values of a query; the defaults where it says nothing."""

    url: str = ""
    width: int = 0
    height: int = 0
    dpr: Fraction = Fraction(1)
    fit: tuple[str, bool] | None = None
    old_fit: tuple[str, bool] | None = None
    without_enlargement: bool = False
    canvas_colour: Colour | None = None
    align: Gravity | str = ""
    focal_x: Fraction = Fraction(1, 2)
    focal_y: Fraction = Fraction(1, 2)
    crop_x: Side | None = None
    crop_y: Side | None = None
    crop_width: Side | None = None
    crop_height: Side | None = None
    crop: tuple[int, ...] = ()
    crops_first: bool = False
    trim: int = 0
    trim_colour: Colour | None = None
    mask: str = ""
    trims_mask: bool = False
    mask_colour: Colour | None = None
    rotation: Fraction = Fraction(0)
    rotation_colour: Colour | None = None
    flip: bool = False
    flop: bool = False
    background: Colour | None = None
    blur: tuple[Fraction, ...] | None = None
    contrast: int = 0
    brightness: int = 0
    gamma: Fraction = Fraction(1)
    modulate: tuple[Fraction, ...] = ()
    saturation: Fraction = Fraction(1)
    hue: int = 0
    filter: str = ""
    duotone_start: Colour = Colour(0xC8, 0x36, 0x58)  # noqa: RUF009 - it is frozen
    duotone_stop: Colour = Colour(0xD8, 0xE7, 0x4F)  # noqa: RUF009 - it is frozen
    sharpen: tuple[Fraction, ...] | None = None
    sharpen_flat: Fraction = Fraction(1)
    sharpen_jagged: Fraction = Fraction(2)
    tint: Colour | None = None
    output: Format | str = ORIGIN
    quality: int = 80
    level: int | None = None
    interlaced: bool = False
    lossless: bool = False
    pages: int = 1
    page: int = 0
    loop: int | None = None
    delays_ms: tuple[int, ...] = ()
    max_age_s: int = YEAR_S
    default: str | None = None
    filename: str = "image"


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter, how it is read, and the field of ``Parameters`` that it sets."""

    option: Option
    read: Callable[[str], object]
    field: str


def _flag(text: str) -> bool:
    return text in {"", "1", "true"}


def _colour(text: str) -> Colour:
    return css_colour(text, Alpha.FIRST)


def _align(text: str) -> Gravity | str:
    if text in _ALIGNS:
        return _ALIGNS[text]
    match = _FOCAL.fullmatch(text)
    if match is None:
        raise ValueError("not an alignment")
    return Point(min(int(match[1]), 100) / 100, min(int(match[2]), 100) / 100)


def _side(text: str) -> Side:
    side = Side(share(text, "%") * 100, percent=True) if text.endswith("%") else Side(Fraction(integer(text)))
    if not 0 <= side.value <= _MAX_SIDE:
        raise ValueError("out of bounds")
    return side


def _sigma(text: str) -> tuple[Fraction, ...]:
    return (Decimal(Fraction(3, 10), 1_000)(text),) if text else MILD


def _sharpen(text: str) -> tuple[Fraction, ...]:
    """Read a sigma, alone or with the factors of flat and jagged areas; without any it is mild."""
    return Items(Decimal(Fraction(1, 10**6), 10_000), ",", 1, 3)(text) if text else MILD


def _trim(text: str) -> int:
    return Integer(1, 254)(text) if text else 10


def _gamma(text: str) -> Fraction:
    return Decimal(1, 3)(text) if text else Fraction(22, 10)


def _modulate(text: str) -> tuple[Fraction, ...]:
    numbers = Items(Decimal(-(10**6), 10**6), ",", 1, 3)(text)
    if min(numbers[:2]) < 0:
        raise ValueError("a factor is not below 0")
    return numbers


def _rotation(text: str) -> Fraction:
    return angle(decimal(text))


def _crop(text: str) -> tuple[int, ...]:
    return Items(Integer(0, _MAX_SIDE), ",", 4, 4)(text)


def _delays(text: str) -> tuple[int, ...]:
    return Items(Integer(1, MAX_DELAY_MS), ",", 1, MAX_DELAYS)(text)


def _max_age(text: str) -> int:
    """Read a time from a day to a year. Raises ValueError."""
    age_s = Integer(1, 400)(text[:-1]) * _UNITS.get(text[-1:], 0)
    if not DAY_S <= age_s <= YEAR_S:
        raise ValueError("out of bounds")
    return age_s


def _filename(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("not a name")
    return text


def _base64(text: str) -> str:
    if text == "base64":
        raise InvalidParameter("encoding=base64 is not supported", param="encoding")
    return ""


_ALIGNS: Final[dict[str, Gravity | str]] = {
    "center": Point(),
    "centre": Point(),
    "top": Point(0.5, 0.0),
    "right": Point(1.0, 0.5),
    "bottom": Point(0.5, 1.0),
    "left": Point(0.0, 0.5),
    "top-left": Point(0.0, 0.0),
    "top-right": Point(1.0, 0.0),
    "bottom-left": Point(0.0, 1.0),
    "bottom-right": Point(1.0, 1.0),
    "c": Point(),
    "t": Point(0.5, 0.0),
    "r": Point(1.0, 0.5),
    "b": Point(0.5, 1.0),
    "l": Point(0.0, 0.5),
    "tl": Point(0.0, 0.0),
    "tr": Point(1.0, 0.0),
    "bl": Point(0.0, 1.0),
    "br": Point(1.0, 1.0),
    "entropy": Smart(Interest.ENTROPY),
    "attention": Smart(Interest.ATTENTION),
    "focal": FOCAL,
}
_FITS: Final = {word: (word, False) for word in ("inside", "outside", "cover", "fill", "contain")}
_OLD_FITS: Final = {
    "fit": ("inside", True),
    "fitup": ("inside", False),
    "square": ("cover", False),
    "squaredown": ("cover", True),
    "absolute": ("fill", False),
    "letterbox": ("contain", False),
}
"""The fit, and whether it does not enlarge."""

MASKS: Final = (
    "circle", "ellipse", "triangle", "triangle-180", "pentagon", "pentagon-180", "hexagon", "star", "square", "heart",
)  # fmt: skip
_FORMATS: Final[dict[str, Format | str]] = {
    "jpg": Format.JPEG,
    "jpeg": Format.JPEG,
    "png": Format.PNG,
    "gif": Format.GIF,
    "tiff": Format.TIFF,
    "webp": Format.WEBP,
    "avif": Format.AVIF,
    "jxl": Format.JXL,
    "json": JSON,
    "origin": ORIGIN,
}
_SIDE: Final = Integer(1, _MAX_SIDE)
_PERCENT: Final = Integer(-100, 100)
_SHARE: Final = Decimal(0, 1)
_FACTOR: Final = Decimal(0, 10_000)


def _row(
    names: str,
    read: Callable[[str], object],
    target: str,
    meaning: str,
    native: str = "",
    note: str = "",
    status: Status = Status.SUPPORTED,
) -> Row:
    return Row(Option(tuple(names.split()), meaning, native, note, status), read, target)


ROWS: Final = (
    _row("url", str, "url", "The original: a URL; without a scheme it is `http`; `ssl:` is `https://`", "`url`"),
    _row("w width", _SIDE, "width", "Width in pixels; enlarges", "`width`, `enlarge=true`"),
    _row("h height", _SIDE, "height", "Height in pixels; enlarges", "`height`, `enlarge=true`"),
    _row("dpr", Decimal(0, 8), "dpr", "Multiplies both, up to 8", "`dpr`"),
    _row("fit", Words(_FITS | _OLD_FITS), "fit", "`inside`, `outside`, `cover`, `fill` or `contain`", "`fit`"),
    _row("t", Words(_OLD_FITS), "old_fit", "Older words: `fit`, `fitup`, `square`, `squaredown`, `absolute`, "
         "`letterbox`", "`fit`"),
    _row("we", _flag, "without_enlargement", "Without enlargement, of each side", "`enlarge=false&clamp=sides`"),
    _row("cbg", _colour, "canvas_colour", "Colour around the image with `fit=contain`", "`background`"),
    _row("a", _align, "align", "What `fit=cover` keeps: a side, a corner, `entropy`, `attention`, `focal`, "
         "`focal-50-20`", "`gravity`"),
    _row("fpx", _SHARE, "focal_x", "The focal point, 0 to 1", "`gravity=fp:…`"),
    _row("fpy", _SHARE, "focal_y", "The focal point, 0 to 1", "`gravity=fp:…`"),
    _row("cx", _side, "crop_x", "Left edge of a crop after the resize, in pixels or `%`", "`then=crop=…`"),
    _row("cy", _side, "crop_y", "Its upper edge", "`then=crop=…`"),
    _row("cw", _side, "crop_width", "Its width", "`then=crop=…`", "a `%` beside pixels is of what `cx` leaves, if only "
         "one side of the image is known", status=Status.DIFFERS),
    _row("ch", _side, "crop_height", "Its height", "`then=crop=…`", "as `cw`", status=Status.DIFFERS),
    _row("crop", _crop, "crop", "Older form: width,height,x,y", "`then=crop=…`"),
    _row("precrop", _flag, "crops_first", "Crops before the resize", "`crop`"),
    _row("trim", _trim, "trim", "Crops borders in the colour of the corner; tolerance 1 to 254", "`trim`"),
    _row("tbg", _colour, "trim_colour", "That colour", "`trim_color`"),
    _row("mask shape", Words({word: word for word in MASKS}), "mask", "`circle`, `ellipse`, `triangle`, `pentagon`, "
         "`hexagon`, `star`; `triangle-180` and `pentagon-180` stand on a corner", "`mask`",
         "`square` and `heart` are errors", status=Status.DIFFERS),
    _row("mtrim strim", _flag, "trims_mask", "Cuts the result to the mask", "`then=trim_color=…`"),
    _row("mbg", _colour, "mask_colour", "Colour outside of the mask", "`flatten`"),
    _row("ro or", _rotation, "rotation", "Degrees clockwise, after the resize", "`then=rotate=…`"),
    _row("rbg", _colour, "rotation_colour", "Colour of the corners", "`rotate`"),
    _row("flip", _flag, "flip", "Mirrors top to bottom", "`flip=v`"),
    _row("flop", _flag, "flop", "Mirrors left to right", "`flip=h`"),
    _row("bg", _colour, "background", "Colour behind the image; alpha comes first: `80FF0000`", "`flatten`"),
    _row("blur", _sigma, "blur", "0.3 to 1000; a mild one without a value", "`blur`, `blur_space=srgb`",
         "at most 250", status=Status.DIFFERS),
    _row("con", _PERCENT, "contrast", "-100 to 100", "`contrast`", "another curve", status=Status.DIFFERS),
    _row("bri", _PERCENT, "brightness", "-100 to 100", "`brightness`"),
    _row("gam", _gamma, "gamma", "1 to 3; 2.2 without a value", "`gamma`"),
    _row("mod", _modulate, "modulate", "brightness,saturation,hue: factors and degrees", "`modulate`"),
    _row("sat", _FACTOR, "saturation", "Factor", "`modulate`"),
    _row("hue", Integer(-10**6, 10**6), "hue", "Degrees", "`modulate`"),
    _row("filt", Words({word: word for word in ("greyscale", "sepia", "duotone", "negate")}), "filter",
         "`greyscale`, `sepia`, `duotone` or `negate`", "`grayscale`, `sepia=100`, `duotone`, `invert`"),
    _row("start", _colour, "duotone_start", "What black becomes with `duotone`", "`duotone`"),
    _row("stop", _colour, "duotone_stop", "What white becomes", "`duotone`"),
    _row("sharp", _sharpen, "sharpen", "Sigma, and factors of flat and jagged areas; a mild one without a value",
         "`sharpen_lab`"),
    _row("sharpf", _FACTOR, "sharpen_flat", "Factor of flat areas", "`sharpen_lab`"),
    _row("sharpj", _FACTOR, "sharpen_jagged", "Factor of jagged areas", "`sharpen_lab`"),
    _row("tint", _colour, "tint", "Colour that all pixels get", "`tint`"),
    _row("output", Words(_FORMATS), "output", "`jpg`, `png`, `gif`, `tiff`, `webp`, `avif`, `jxl`, `origin`, or `json` "
         "for facts", "`format`"),
    _row("q quality", Integer(1, 100), "quality", "1 to 100", "`quality`",
         "one scale of perceived quality for all formats", status=Status.DIFFERS),
    _row("l level", Integer(0, 9), "level", "Compression of a PNG", "`effort`"),
    _row("il", _flag, "interlaced", "Progressive", "`progressive`"),
    _row("ll", _flag, "lossless", "Lossless WebP", "`lossless`"),
    _row("n", Integer(-1, 65_535), "pages", "Number of frames, -1 for all; 1 without it", "`animated`, `max_frames`"),
    _row("page", Integer(0, 65_534), "page", "Page, from 0", "`page`", "not the largest (-1) or smallest (-2)",
         status=Status.DIFFERS),
    _row("loop", Integer(0, MAX_LOOPS), "loop", "How often an animation plays; 0 for ever", "`loop`"),
    _row("delay", _delays, "delays_ms", "Milliseconds of each frame", "`frame_delay`"),
    _row("maxage", _max_age, "max_age_s", "How long clients keep the image: `1d` to `1y`, with `d`, `w`, `M`, `y`",
         "`max_age`"),
    _row("default errorredirect", str, "default", "Where to redirect if the original cannot be used; alone, to the "
         "original", "`fallback`", "only to what an allow-list allows", status=Status.DIFFERS),
    _row("filename", _filename, "filename", "Name of the image, of letters and digits", "`filename`"),
    _row("encoding", _base64, "", "`base64`: a data URL", "", "an error", status=Status.REFUSED),
    _row("af", str, "", "Adaptive filter of PNG", "", "chosen by the encoder", status=Status.IGNORED),
    _row("fsol", str, "", "Shrinks while decoding", "`mode`", "always, where it is not seen",
         status=Status.IGNORED),
)  # fmt: skip
OPTIONS: Final = options_of(ROWS)
BY_NAME: Final = by_name(ROWS)


def read_parameters(found: Iterable[tuple[str, str]]) -> Parameters:
    """Read names and values, each name once. Raises InvalidParameter for what is known and not supported."""
    values = Parameters()
    fields: set[str] = set()
    for name, text in found:
        row = BY_NAME.get(name)
        if row is None or row.field in fields:
            continue
        try:
            value = row.read(text)
        except ValueError:
            continue
        if row.field:
            setattr(values, row.field, value)
            fields.add(row.field)
    return values
