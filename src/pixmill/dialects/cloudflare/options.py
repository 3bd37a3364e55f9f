"""The options of Cloudflare's URLs as one table: names, meanings, readers. Must never know a plan.

Options are ``name=value`` between commas. A later one replaces an earlier one of the same name.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from pixmill.dialects.kit.colours import css_colour
from pixmill.dialects.kit.encodings import percent_decode
from pixmill.dialects.kit.numbers import Decimal, Integer, Items, Reader, Reading, Words, decimal
from pixmill.dialects.kit.options import Option, Status, by_name, options_of
from pixmill.errors import InvalidParameter, MalformedRequest, MissingParameter, UnknownParameter
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Faces, Gravity, Point, Smart
from pixmill.plan.ops import Flip
from pixmill.plan.output import Metadata

AUTO_WIDTH: Final = -1
"""The width that the client's screen has."""
MAX_SIDE: Final = 12_000
MAX_OPTION_BYTES: Final = 2_048
_MAX_DPR: Final = 3
_MAX_MARGIN: Final = 12_000
_SHOWN_CHARS: Final = 64

FITS: Final = ("scale-down", "contain", "cover", "crop", "aspect-crop", "pad", "squeeze", "scale-up")

FORMATS: Final = {
    "auto": None,
    "avif": Format.AVIF,
    "webp": Format.WEBP,
    "jpeg": Format.JPEG,
    "jpg": Format.JPEG,
    "baseline-jpeg": Format.JPEG,
    "png": Format.PNG,
    "gif": Format.GIF,
    "json": None,
}
_GRAVITIES: Final[dict[str, Gravity]] = {
    "auto": Smart(),
    "face": Faces(),
    "center": Point(),
    "left": Point(0.0, 0.5),
    "right": Point(1.0, 0.5),
    "top": Point(0.5, 0.0),
    "bottom": Point(0.5, 1.0),
}
_QUALITIES: Final = {"high": 85, "medium-high": 75, "medium-low": 60, "low": 45}
"""As the qualities that ``target_quality`` looks for."""


@dataclass(frozen=True, slots=True)
class Quality:
    """A quality of the encoder, or one that is looked for."""

    value: int = 85
    is_target: bool = False


@dataclass(slots=True)
class Transformation:
    """The values of a URL; each None or empty where it says nothing."""

    width: int = 0
    height: int = 0
    dpr: Fraction = Fraction(1)
    fit: str = "scale-down"
    gravity: Gravity = field(default_factory=Point)
    zoom: Fraction = Fraction(0)
    quality: Quality = Quality()
    slow_quality: Quality | None = None
    format: str = ""
    compression: str = ""
    animated: bool = True
    metadata: Metadata = Metadata.COPYRIGHT
    background: Colour | None = None
    blur: Fraction = Fraction(0)
    sharpen: Fraction = Fraction(0)
    brightness: Fraction = Fraction(0)
    contrast: Fraction = Fraction(0)
    gamma: Fraction = Fraction(0)
    saturation: Fraction = Fraction(1)
    rotate: int = 0
    flip: Flip = Flip.NONE
    trim: tuple[int, ...] | None = None
    trim_left: int | None = None
    trim_top: int | None = None
    trim_right: int | None = None
    trim_bottom: int | None = None
    trim_width: int | None = None
    trim_height: int | None = None
    trim_colour: Colour | None = None
    trim_tolerance: int | None = None
    trim_keep: int = 0
    border: dict[str, int | Colour] = field(default_factory=dict)
    border_colour: Colour | None = None
    border_width: int | None = None
    border_top: int | None = None
    border_right: int | None = None
    border_bottom: int | None = None
    border_left: int | None = None
    redirects: bool = False
    ignored: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """An option, how it is read, and the field of ``Transformation`` that it sets."""

    option: Option
    read: Reader[object]
    field: str


def _width(text: str) -> int:
    return AUTO_WIDTH if text == "auto" else _SIDE(text)


def _gravity(text: str) -> Gravity:
    if text in _GRAVITIES:
        return _GRAVITIES[text]
    x, mark, y = text.partition("x")
    point = decimal(x), decimal(y)
    if not mark or not all(0 <= share <= 1 for share in point):
        raise ValueError("not a point")
    return Point(float(point[0]), float(point[1]))


def _quality(text: str) -> Quality:
    return Quality(_QUALITIES[text], is_target=True) if text in _QUALITIES else Quality(Integer(1, 100)(text))


def _trim(text: str) -> tuple[int, ...]:
    """Read what is cut off: top, right, bottom, left as in CSS; nothing in place of a border's colour."""
    if text in {"border", "color"}:
        return ()
    sides = Items(_MARGIN, ";", 1, 4)(text)
    top, right, bottom, left = (sides[at] if at < len(sides) else -1 for at in range(4))
    right = top if right < 0 else right
    return top, right, top if bottom < 0 else bottom, right if left < 0 else left


def _border(text: str) -> dict[str, int | Colour]:
    """Read ``color:red_width:5`` or ``color:red_top:1_left:2``."""
    border: dict[str, int | Colour] = {}
    for piece in text.split("_", 6):
        name, _, value = piece.partition(":")
        if name == "color":
            border[name] = css_colour(value)
        elif name in {"width", "top", "right", "bottom", "left"}:
            border[name] = _MARGIN(value)
        else:
            raise ValueError("not a part of a border")
    return border


def _reject(text: str) -> str:
    del text
    raise ValueError("not supported")


_SIDE: Final = Integer(1, MAX_SIDE)
_MARGIN: Final = Integer(0, _MAX_MARGIN)
_FACTOR: Final = Decimal(0, 10, clamps=True)
_QUALITY: Final = Reading(_quality, f"1 to 100, {', '.join(_QUALITIES)}")
_BOOLEAN: Final = Words({"true": True, "false": False})
_COLOUR: Final = Reading(css_colour, "a colour as in CSS")


def _row(names: str, read: Reader[object] | Callable[[str], object], target: str, *texts: str, **more: Status) -> Row:
    """Return a row; ``texts`` are the meaning, the native equivalent and a note."""
    reader = read if hasattr(read, "expects") else Reading(read, texts[0])
    return Row(Option(tuple(names.split()), *texts, **more), reader, target)  # type: ignore[arg-type]


ROWS: Final = (
    _row("width w", Reading(_width, f"{_SIDE.expects}, or auto"), "width", "Width in pixels; `auto`: that of the "
         "screen of the client, 320, 768, 960 or 1200", "`width`"),
    _row("height h", _SIDE, "height", "Height in pixels", "`height`"),
    _row("dpr", Decimal(Fraction(1, 10), _MAX_DPR, clamps=True), "dpr", "Multiplies width, height, trim and border; "
         "at most 3", "`dpr`"),
    _row("fit", Words({word: word for word in FITS}), "fit", "`scale-down`, `contain`, `cover`, `crop`, `aspect-crop`, "
         "`pad`, `squeeze`, `scale-up`", "`fit`, `enlarge`, `clamp`"),
    _row("gravity g", Reading(_gravity, "auto, face, a side, or XxY from 0x0 to 1x1"), "gravity",
         "The part that is kept: `auto`, `face`, `left`, `right`, `top`, `bottom`, `center` or a point such as "
         "`0.5x0.2`", "`gravity`"),
    _row("zoom face-zoom", Decimal(0, 1), "zoom", "How close the cut is to the face, with `gravity=face`",
         "`gravity`"),
    _row("quality q", _QUALITY, "quality", "1 to 100, or `high`, `medium-high`, `medium-low`, `low`",
         "`quality`, `quality=auto:N`", "one scale of perceived quality for all formats; the default is 85",
         status=Status.DIFFERS),
    _row("slow-connection-quality scq", _QUALITY, "slow_quality", "The quality for clients with `Save-Data`",
         "", "with `PIXMILL_CLIENT_HINTS=true`; only `Save-Data` counts", status=Status.DIFFERS),
    _row("format f", Words({word: word for word in FORMATS}), "format", "`auto`, `avif`, `webp`, `jpeg`, "
         "`baseline-jpeg`, `png`, `gif`, or `json` for facts", "`format`"),
    _row("compression", Words({"fast": "fast"}), "compression", "`fast`: a quick encoder, and no AVIF or WebP",
         "`mode=fast`"),
    _row("anim", _BOOLEAN, "animated", "Whether an animation stays one", "`animated`"),
    _row("metadata", Words({"copyright": Metadata.COPYRIGHT, "keep": Metadata.KEEP, "none": Metadata.STRIP}),
         "metadata", "`copyright`, `keep` or `none`", "`metadata`", "in all formats, and never places",
         status=Status.DIFFERS),
    _row("background", _COLOUR, "background", "The colour behind the image and around it", "`flatten`, `background`"),
    _row("blur", Decimal(0, 250), "blur", "Blur, 1 to 250", "`blur`, `blur_space=srgb`"),
    _row("sharpen", Decimal(0, 10), "sharpen", "Sharpening, 0 to 10", "`sharpen`"),
    _row("brightness", _FACTOR, "brightness", "Factor; 0 and 1 change nothing", "`brightness_factor`"),
    _row("contrast", _FACTOR, "contrast", "Factor around mid-grey; 0 and 1 change nothing", "`contrast`"),
    _row("gamma", _FACTOR, "gamma", "Exponent; above 1 is lighter; 0 and 1 change nothing", "`gamma`"),
    _row("saturation", _FACTOR, "saturation", "Factor; 0 is grey", "`saturation`"),
    _row("rotate", Words({"0": 0, "90": 90, "180": 180, "270": 270, "360": 0}), "rotate",
         "90, 180 or 270 degrees clockwise, after `flip`; width and height are those after it", "`rotate`"),
    _row("flip", Words({"h": Flip.HORIZONTAL, "v": Flip.VERTICAL, "hv": Flip.BOTH, "vh": Flip.BOTH}), "flip",
         "Mirrors: `h`, `v` or `hv`", "`flip`"),
    _row("trim", Reading(_trim, "top;right;bottom;left, or border"), "trim", "Cuts edges off, before all else: "
         "`top;right;bottom;left` in pixels, or `border` for what has one colour", "`crop=edges:…`, `trim`"),
    _row("trim.left", _MARGIN, "trim_left", "Left edge of the part that is kept", "`crop`"),
    _row("trim.top", _MARGIN, "trim_top", "Its upper edge", "`crop`"),
    _row("trim.right", _MARGIN, "trim_right", "What is cut off on the right", "`crop`"),
    _row("trim.bottom", _MARGIN, "trim_bottom", "What is cut off below", "`crop`"),
    _row("trim.width", _SIDE, "trim_width", "Width of the part that is kept", "`crop`"),
    _row("trim.height", _SIDE, "trim_height", "Its height", "`crop`"),
    _row("trim.border.color", _COLOUR, "trim_colour", "Colour of the border", "`trim_color`"),
    _row("trim.border.tolerance", Integer(0, 255), "trim_tolerance", "How far its colours may differ", "`trim`"),
    _row("trim.border.keep", _MARGIN, "trim_keep", "What is kept of it", "`trim_padding`"),
    _row("border", Reading(_border, "parts such as color:red_width:5"), "border", "Border around the result: "
         "`color:red_width:5`, or `top`, `right`, `bottom`, `left` instead of `width`", "`padding`"),
    _row("border.color", _COLOUR, "border_colour", "Colour of the border", "`padding`"),
    _row("border.width", _MARGIN, "border_width", "Its width", "`padding`"),
    *(_row(f"border.{side}", _MARGIN, f"border_{side}", "Its width on this side", "`padding`")
      for side in ("top", "right", "bottom", "left")),
    _row("onerror", Words({"redirect": True}), "redirects", "`redirect`: to the original, if it cannot be used",
         "`fallback`"),
    _row("upscale", Words({"interpolate": "", "generate": ""}), "ignored", "How images are enlarged", "",
         "always interpolated", status=Status.DIFFERS),
    _row("segment", _reject, "ignored", "Removes the background", "", "needs a model", status=Status.REFUSED),
    _row("draw", _reject, "ignored", "Overlays", "`overlay`", "their form in URLs is not documented",
         status=Status.REFUSED),
)  # fmt: skip
OPTIONS: Final = options_of(ROWS)
_BY_NAME: Final = by_name(ROWS)


def read_options(raw: bytes) -> Transformation:
    """Read the options of a URL, as sent. Raises BadRequest."""
    if len(raw) > MAX_OPTION_BYTES:
        raise InvalidParameter(f"The options may have at most {MAX_OPTION_BYTES} bytes", param="options")
    if b"=" not in raw:  # some clients escape all of it
        raw = raw.replace(b"%3D", b"=").replace(b"%3d", b"=").replace(b"%2C", b",").replace(b"%2c", b",")
    found = Transformation()
    pieces = [piece for piece in raw.split(b",") if piece.strip()]
    if not pieces:
        raise MissingParameter("At least one option is required", param="options")
    for piece in pieces:
        raw_name, _, raw_value = piece.partition(b"=")
        name, value = _decoded(raw_name).strip(), _decoded(raw_value).strip()
        row = _BY_NAME.get(name)
        if row is None:
            raise UnknownParameter(f"There is no option {name[:_SHOWN_CHARS]!r}", param=name[:_SHOWN_CHARS])
        try:
            setattr(found, row.field, row.read(value))
        except ValueError:
            reason = row.option.note if row.option.status is Status.REFUSED else f"must be {row.read.expects}"
            raise InvalidParameter(f"{name}: {reason}", param=name) from None
    return found


def _decoded(raw: bytes) -> str:
    try:
        return percent_decode(raw)
    except ValueError as error:
        raise MalformedRequest(f"options: {error}", param="options") from None
