"""The parameters of Cloudimage as one table: names, meanings, readers. Knows texts and values only."""

from collections.abc import Callable
from fractions import Fraction
from typing import Final

from pixmill.dialects.kit.colours import Alpha, css_colour
from pixmill.dialects.kit.numbers import Decimal, Integer, Items, Reader, Reading, Words, integer
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.dialects.kit.plan_values import aspect
from pixmill.media import Format
from pixmill.plan.gravity import Faces, FocalPixels, Gravity, PixelRegion, Point, Smart
from pixmill.plan.ops import Fit, Flip
from pixmill.plan.shapes import CornerRadii

MAX_SIDE: Final = 16_383
WHOLE: Final = 50.0
_MAX_RADIUS: Final = 65_535

FUNCTIONS: Final = {
    "crop": Fit.COVER,
    "cropfit": Fit.COVER,
    "face": Fit.COVER,
    "fit": Fit.CONTAIN,
    "bound": Fit.INSIDE,
    "boundmin": Fit.OUTSIDE,
    "cover": Fit.FILL,
}
FORMATS: Final = {
    "jpeg": Format.JPEG,
    "jpg": Format.JPEG,
    "png": Format.PNG,
    "webp": Format.WEBP,
    "avif": Format.AVIF,
    "gif": Format.GIF,
    "original": None,
}
_GRAVITIES: Final[dict[str, Gravity]] = {
    "center": Point(),
    "north": Point(0.5, 0),
    "south": Point(0.5, 1),
    "east": Point(1, 0.5),
    "west": Point(0, 0.5),
    "northeast": Point(1, 0),
    "northwest": Point(0, 0),
    "southeast": Point(1, 1),
    "southwest": Point(0, 1),
    "auto": Smart(),
    "smart": Smart(),
    "face": Faces(),
    "faces": Faces(),
}
_FLIPS: Final = {"h": Flip.HORIZONTAL, "v": Flip.VERTICAL, "hv": Flip.BOTH, "vh": Flip.BOTH}
_SWITCH: Final = {"1": True, "0": False, "true": True, "false": False}

Row = OptionRow[Reader[object]]


def _gravity(text: str) -> Gravity:
    if text.lower() in _GRAVITIES:
        return _GRAVITIES[text.lower()]
    x, y = Items(Integer(0, 65_535), ",", 2, 2)(text)
    return FocalPixels((PixelRegion(x, y),))


def _side(text: str) -> int:
    """Read pixels, also with ``px``."""
    value = integer(text.removesuffix("px"))
    if not 0 <= value <= MAX_SIDE:
        raise ValueError("out of bounds")
    return value


def _radius(text: str) -> CornerRadii:
    """Read one radius, four of them from the left upper corner, or ``max``."""
    if text == "max":
        return CornerRadii(WHOLE, WHOLE, WHOLE, WHOLE, percent=True)
    radii = [float(radius) for radius in Items(Integer(0, _MAX_RADIUS), ",", 1, 4)(text)]
    if len(radii) not in (1, 4):
        raise ValueError("one radius or four")
    top_left, top_right, bottom_right, bottom_left = radii if len(radii) > 1 else radii * 4
    return CornerRadii(top_left, top_right, bottom_right, bottom_left)


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


_CORNER: Final = Items(Integer(0, 65_535), ",", 2, 2)

ROWS: Final[tuple[Row, ...]] = (
    _row("width w", "Width.", "`width`", _side, f"a whole number up to {MAX_SIDE}"),
    _row("height h", "Height.", "`height`", _side, f"a whole number up to {MAX_SIDE}"),
    _row("func", "`crop` (default) or `face` cut, `fit` pads, `bound` inside, `boundmin` around, `cover` distorts.",
         "`fit`", Words(FUNCTIONS)),
    _row("gravity", "Where it is cut or placed: a direction, `auto`, `face`, or `x,y` in pixels.", "`gravity`",
         _gravity, "a direction, auto, face or a point"),
    _row("tl_px", "Left upper corner of a region of the original, `x,y`.", "`crop`", _CORNER),
    _row("br_px", "Right lower corner of that region.", "`crop`", _CORNER),
    _row("ar aspect_ratio", "Ratio, of one side or of the whole image.", "`crop_aspect`", aspect, "a ratio"),
    _row("dpr", "Device pixel ratio.", "`dpr`", Decimal(Fraction(1, 10), 10)),
    _row("org_if_sml", "`1`: not enlarged.", "`enlarge`", Words(_SWITCH)),
    _row("trim", "Cuts a border off, with this tolerance.", "`trim`", Integer(0, 255)),
    _row("r rotate", "Degrees counter-clockwise.", "`rotate`", Integer(-360, 360)),
    _row("flip", "`h`, `v` or `hv`.", "`flip`", Words(_FLIPS)),
    _row("bg_color bg_colour", "Colour of padding, and behind what is transparent.", "`background`",
         lambda text: css_colour(text, Alpha.LAST), "a colour"),
    _row("bg_opacity", "Its opacity, 0 to 1.", "`background`", Decimal(0, 1)),
    _row("bg_blur bg_img_fit", "Padding of the blurred image.", "`fill=blur`", _anything, "anything",
         note="Of one strength."),
    _row("radius", "Rounded corners: one, four, or `max`.", "`radius`", _radius, "one radius, four, or max"),
    _row("grey gray", "`1`: grey.", "`grayscale`", Words(_SWITCH)),
    _row("bright", "-255 to 255.", "`brightness`", Integer(-255, 255, clamps=True)),
    _row("contrast", "-100 to 100.", "`contrast`", Integer(-100, 100, clamps=True)),
    _row("blur", "Blur, 0 to 100.", "`blur`, `blur_space=srgb`", Decimal(0, 100, clamps=True),
         note="A sigma of half the number."),
    _row("sharp sharpen", "Sharpens; 1 to 100.", "`unsharp`", Integer(0, 100, clamps=True),
         note="An unsharp mask."),
    _row("pixelate", "Pixels of this size.", "`pixelate`", Integer(0, 1_000)),
    _row("opacity", "0 to 1.", "`opacity`", Decimal(0, 1)),
    _row("force_format output", "`jpeg`, `png`, `webp`, `avif`, `gif`, `original`; without it by the client.",
         "`format`", Words(FORMATS, folds_case=True)),
    _row("q quality force_quality", "1 to 100.", "`quality`", Integer(1, 100, clamps=True),
         note="One scale of perceived quality for all formats."),
    _row("ci_info", "`1`: facts about the original as JSON.", "`/info`", Words(_SWITCH)),
    _row("wat p ci_seal ci_sign ci_eqs vh v doc", "Watermarks, presets, signatures, versions.", "", _anything,
         "anything", status=Status.IGNORED),
)  # fmt: skip
TABLE: Final = by_name(ROWS)
OPTIONS: Final = options_of(ROWS)
