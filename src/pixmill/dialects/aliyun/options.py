"""The actions of Aliyun's image processing as one table: names, meanings, values. Knows no stage of a plan."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pixmill.dialects.kit.colours import Alpha, hex_colour
from pixmill.dialects.kit.encodings import base64url_text
from pixmill.dialects.kit.numbers import Integer, Reader, Reading, Words
from pixmill.dialects.kit.options import Option, Status
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Point
from pixmill.plan.ops import Fit

MAX_SIDE: Final = 16_384
MAX_OFFSET: Final = 65_535

FITS: Final = {
    "lfit": Fit.INSIDE,
    "mfit": Fit.OUTSIDE,
    "fill": Fit.COVER,
    "pad": Fit.CONTAIN,
    "fixed": Fit.FILL,
}
POINTS: Final = {
    "nw": Point(0, 0),
    "north": Point(0.5, 0),
    "ne": Point(1, 0),
    "west": Point(0, 0.5),
    "center": Point(0.5, 0.5),
    "east": Point(1, 0.5),
    "sw": Point(0, 1),
    "south": Point(0.5, 1),
    "se": Point(1, 1),
}
FORMATS: Final = {
    "jpg": Format.JPEG,
    "jpeg": Format.JPEG,
    "png": Format.PNG,
    "webp": Format.WEBP,
    "bmp": Format.BMP,
    "gif": Format.GIF,
    "tiff": Format.TIFF,
    "heic": Format.HEIC,
    "heif": Format.HEIC,
    "avif": Format.AVIF,
}
_SWITCH: Final = Words({"0": False, "1": True})
_SIDE: Final = Integer(1, MAX_SIDE)
_RADIUS: Final = Integer(1, 4_096)
_DIRECTION: Final = Words(POINTS)
_SIGNED: Final = Integer(-100, 100)
_PERCENT: Final = Integer(0, 100)
_OFFSET: Final = Integer(0, MAX_OFFSET)


def _colour(text: str) -> Colour:
    return hex_colour(text, Alpha.NONE)


_COLOUR: Final = Reading(_colour, "a colour of six hexadecimal digits")
_BASE64: Final = Reading(base64url_text, "base64url")
_NO_VALUES: Final[Mapping[str, Reader[object]]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Row:
    """An action: the readers of its values, and the reader of a value without a name."""

    option: Option
    values: Mapping[str, Reader[object]]
    plain: Reader[object] | None = None


def _row(
    name: str,
    meaning: str,
    native: str,
    values: Mapping[str, Reader[object]] = _NO_VALUES,
    plain: Reader[object] | None = None,
    *,
    note: str = "",
    status: Status | None = None,
) -> Row:
    support = status or (Status.DIFFERS if note else Status.SUPPORTED)
    return Row(Option((name,), meaning, native, note, support), values, plain)


_WATERMARK: Final[Mapping[str, Reader[object]]] = {
    "text": _BASE64,
    "image": _BASE64,
    "t": _PERCENT,
    "g": _DIRECTION,
    "x": Integer(0, 4_096),
    "y": Integer(0, 4_096),
    "voffset": Integer(-1_000, 1_000),
    "fill": _SWITCH,
    "padx": Integer(0, 4_096),
    "pady": Integer(0, 4_096),
    "type": _BASE64,
    "color": _COLOUR,
    "size": Integer(1, 1_000),
    "shadow": _PERCENT,
    "rotate": Integer(0, 360),
}

ROWS: Final = (
    _row("resize", "`m_` lfit, mfit, fill, pad or fixed with `w_`, `h_`, or `l_`, `s_` (longer and shorter side); "
         "`p_` percent; `limit_0`: may enlarge; `color_` of `m_pad`.", "`width`, `height`, `fit`, `enlarge`, `scale`",
         {"m": Words(FITS), "w": _SIDE, "h": _SIDE, "l": _SIDE, "s": _SIDE, "p": Integer(1, 1_000), "limit": _SWITCH,
          "color": _COLOUR}),
    _row("crop", "Region `w_`, `h_` from `g_`, moved by `x_` and `y_` to the right and down.", "`crop`",
         {"w": _OFFSET, "h": _OFFSET, "x": _OFFSET, "y": _OFFSET, "g": _DIRECTION}),
    _row("indexcrop", "Slice number `i_` of those `x_` pixels wide, or `y_` pixels high.", "`crop`",
         {"x": Integer(1, MAX_OFFSET), "y": Integer(1, MAX_OFFSET), "i": _OFFSET}),
    _row("circle", "Circle of radius `r_` in the centre.", "`crop=window:`, `mask=circle`", {"r": _RADIUS}),
    _row("rounded-corners", "Rounded corners of radius `r_`.", "`radius`", {"r": _RADIUS}),
    _row("auto-orient", "`1`: turns as EXIF says; `0`: as stored.", "`orientation`", plain=_SWITCH,
         note="Without it, turned too: results have no EXIF orientation."),
    _row("rotate", "Degrees clockwise, 0 to 360.", "`rotate`", plain=Integer(0, 360)),
    _row("blur", "Radius `r_` and standard deviation `s_`, 1 to 50.", "`blur`, `blur_space=srgb`",
         {"r": Integer(1, 50), "s": Integer(1, 50)}),
    _row("bright", "Brightness, -100 to 100.", "`brightness`", plain=_SIGNED),
    _row("contrast", "Contrast, -100 to 100.", "`contrast`", plain=_SIGNED),
    _row("sharpen", "Sharpens, 50 to 399.", "`unsharp`", plain=Integer(50, 399),
         note="An unsharp mask of a hundredth of the number."),
    _row("watermark", "`text_` or `image_` in base64url; `t_`, `g_`, `x_`, `y_`, `voffset_`, `fill_`, `padx_`; of "
         "texts `color_`, `size_`, `shadow_`, `rotate_`; an image may have actions, and `P_` percent in its `resize`.",
         "`overlay`, `text`", _WATERMARK,
         note="One font. A text and an image in one action are refused; `pady_` is `padx_`."),
    _row("format", "`jpg`, `png`, `webp`, `bmp`, `gif`, `tiff`, `heic`, `avif`; without it that of the original.",
         "`format`", plain=Words(FORMATS)),
    _row("quality", "`q_` or `Q_`, 1 to 100.", "`quality`",
         {"q": Integer(1, 100), "Q": Integer(1, 100)}, note="Both on one scale of perceived quality for all formats."),
    _row("interlace", "`1`: progressive.", "`progressive`", plain=_SWITCH),
    _row("info", "Facts about the original as JSON.", "`/info`"),
    _row("average-hue", "The average colour of the original as JSON.", "`/info?include=average`"),
)  # fmt: skip
TABLE: Final[Mapping[str, Row]] = {row.option.names[0]: row for row in ROWS}
SNAPSHOT_VALUES: Final[Mapping[str, Reader[object]]] = {
    "t": Integer(0, 86_400_000),
    "f": Words({"jpg": Format.JPEG, "png": Format.PNG}),
    "w": Integer(0, MAX_SIDE),
    "h": Integer(0, MAX_SIDE),
    "m": Words({"fast": True}),
    "ar": Words({"auto": True, "h": True, "w": True}),
}
OPTIONS: Final = (
    *(row.option for row in ROWS),
    Option(("style",), "`style/NAME`: a chain of the entry's `styles`.", "`preset`"),
    Option(
        ("video",),
        "`video/snapshot,t_7000,f_jpg,w_800,h_0`: a frame of a video.",
        "`time`",
        "`ar_` and `m_` have no effect.",
        Status.DIFFERS,
    ),
    Option(
        ("sys", "blindwatermark", "detect"),
        "Saving results, hidden watermarks, recognition.",
        status=Status.REFUSED,
        note="400",
    ),
)
