"""The commands of Scene7 as one table: names, meanings, readers. Knows texts and values only."""

from collections.abc import Callable
from fractions import Fraction
from typing import Final

from pixmill.dialects.kit.colours import Alpha, hex_colour
from pixmill.dialects.kit.numbers import Decimal, Integer, Items, Reader, Reading, Words, decimal, integer
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.effects import UnsharpMask
from pixmill.plan.ops import Flip, Kernel

MAX_SIDE: Final = 16_383
AUTOMATIC: Final = "auto"
REQUESTS: Final = ("img", "tmb", "props", "imageprops", "exists")

FORMATS: Final = {
    "jpeg": Format.JPEG,
    "jpg": Format.JPEG,
    "pjpeg": Format.JPEG,
    "png": Format.PNG,
    "png8": Format.PNG,
    "gif": Format.GIF,
    "tif": Format.TIFF,
    "tiff": Format.TIFF,
    "webp": Format.WEBP,
    "avif": Format.AVIF,
    "bmp": Format.BMP,
}
MODES: Final = ("fit", "constrain", "crop", "wrap", "stretch", "hfit", "vfit")
_FLIPS: Final = {"lr": Flip.HORIZONTAL, "ud": Flip.VERTICAL, "lrud": Flip.BOTH, "udlr": Flip.BOTH}
_KERNELS: Final = {
    "bilin": Kernel.LINEAR,
    "bicub": Kernel.CUBIC,
    "norm": Kernel.LANCZOS3,
    "trilin": Kernel.LANCZOS3,
    "sharp2": Kernel.LANCZOS3,
    "bisharp": Kernel.LANCZOS3,
}
_SWITCH: Final = {"on": True, "off": False, "1": True, "0": False, "true": True, "false": False}
_MAX_EDGE: Final = 65_535
_SHARPENING: Final = [Fraction(1), Fraction(1), Fraction(6)]
"""Amount, radius and threshold where a URL names none."""

Row = OptionRow[Reader[object]]


def _format(text: str) -> tuple[str, bool, str]:
    """Read a format: its name, whether it has alpha, and the type of its pixels."""
    name, _, rest = text.lower().partition(",")
    base = name.removesuffix("-alpha")
    if base not in FORMATS:
        raise ValueError("not a format")
    return base, name != base, rest.partition(",")[0]


def _fit(text: str) -> tuple[str, bool]:
    name, separator, upscale = text.partition(",")
    if name not in MODES or (separator and upscale not in ("0", "1")):
        raise ValueError("not a mode")
    return name, upscale != "0"


def _quality(text: str) -> tuple[int, bool]:
    """Read a quality, and whether the colours keep their resolution."""
    number, _, chroma = text.partition(",")
    if not 0 <= integer(number) <= 100 or chroma not in ("", "0", "1"):  # noqa: PLR2004 - percent
        raise ValueError("out of bounds")
    return max(integer(number), 1), chroma == "1"


def _colour(text: str) -> Colour:
    if "," in text:
        parts = Items(Integer(0, 255), ",", 3, 3)(text)
        return Colour(*parts)
    return hex_colour(text.removeprefix("0x"), Alpha.LAST)


def _ratio(text: str) -> Fraction:
    """Read a device pixel ratio: ``on`` is 1 here."""
    name, _, number = text.partition(",")
    value = decimal(number or name) if number or name not in _SWITCH else Fraction(1)
    if not Fraction(1, 10) <= value <= 10:  # noqa: PLR2004 - more than any screen has
        raise ValueError("out of bounds")
    return Fraction(1) if name == "off" else value


def _sharpening(text: str) -> UnsharpMask | None:
    """Read amount, radius, threshold and whether only the brightness counts."""
    numbers = [decimal(part) for part in text.split(",", 4)[:4]]
    amount, radius, threshold = (numbers + _SHARPENING[len(numbers) :])[:3]
    if not (0 <= amount <= 5 and 0 <= radius <= 250 and 0 <= threshold <= 255):  # noqa: PLR2004
        raise ValueError("out of bounds")
    if not amount or not radius:
        return None
    return UnsharpMask(min(max(float(radius), 0.3), 10.0), float(amount), int(threshold))


def _shares(text: str) -> tuple[Fraction, ...]:
    return Items(Decimal(-1, 2), ",", 4, 4)(text)


def _anything(text: str) -> str:
    return text


def _request(text: str) -> tuple[str, bool]:
    """Read what is requested, and whether as JSON."""
    name, _, form = text.partition(",")
    if name not in REQUESTS:
        raise ValueError("not a request")
    return name, form.startswith("json")


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


_PIXELS: Final = Items(Integer(-_MAX_EDGE, _MAX_EDGE), ",", 4, 4)
_REGION: Final = Items(Integer(0, _MAX_EDGE), ",", 4, 5)
_SIGNED: Final = Decimal(-100, 100, clamps=True)
_SIDE: Final = Integer(0, MAX_SIDE)

ROWS: Final[tuple[Row, ...]] = (
    _row("crop", "Region `x,y,w,h` in pixels of the original.", "`crop`", _PIXELS),
    _row("cropN cropn", "Region in shares of the original.", "`crop=pct:`", _shares, "four shares"),
    _row("extend", "Padding `left,right,top,bottom`, below 0 cuts.", "`padding`, `crop=edges:`", _PIXELS),
    _row("rotate", "Degrees clockwise.", "`rotate`", Decimal(-360, 360)),
    _row("flip", "`lr`, `ud` or `lrud`.", "`flip`", Words(_FLIPS)),
    _row("rgn", "Region of the image so far.", "`crop`", _PIXELS),
    _row("rgnN rgnn", "The same in shares.", "`crop=pct:`", _shares, "four shares"),
    _row("wid", "Width.", "`width`", _SIDE),
    _row("hei", "Height.", "`height`", _SIDE),
    _row("scl", "Divisor of the size; with `wid` and `hei`, these cut or pad.", "`scale`, `canvas`",
         Decimal(Fraction(1, 100), 1_000)),
    _row("fit", "`fit` (default: padded), `constrain`, `crop`, `wrap`, `stretch`, `hfit`, `vfit`; `,0`: not enlarged.",
         "`fit`, `enlarge`", _fit, "fit, constrain, crop, wrap, stretch, hfit or vfit, and 0 or 1"),
    _row("align", "Where it is cut or padded: `x,y` from -1 to 1.", "`gravity`", Items(Decimal(-1, 1), ",", 2, 2)),
    _row("dpr", "Device pixel ratio of `wid` and `hei`.", "`dpr`", _ratio, "on, off or a number",
         "`on` has no effect by itself."),
    _row("rect", "Region `x,y,w,h` of the result.", "`crop`", _REGION, note="Without a scale."),
    _row("resMode resmode", "Resampling: `bilin`, `bicub`, `sharp2`, …", "`kernel`", Words(_KERNELS)),
    _row("bgc bgColor", "Background, `ffffff` by default.", "`background`", _colour, "six or eight hexadecimal digits"),
    _row("op_usm", "Unsharp mask: amount, radius, threshold, monochrome.", "`unsharp`", _sharpening, "an unsharp mask",
         "The radius is a sigma."),
    _row("op_sharpen", "`1`: sharpens.", "`unsharp`", Words({"0": False, "1": True})),
    _row("op_blur", "Blur, a radius from 0 to 250.", "`blur`, `blur_space=srgb`", Decimal(0, 250, clamps=True),
         note="A sigma of half the radius."),
    _row("op_brightness", "-100 to 100.", "`brightness`", _SIGNED),
    _row("op_contrast", "-100 to 100.", "`contrast`", _SIGNED),
    _row("op_saturation", "-100 to 100.", "`saturation`", _SIGNED),
    _row("op_hue", "-180 to 180 degrees.", "`hue`", Decimal(-180, 180, clamps=True)),
    _row("op_invert", "`1`: inverts.", "`invert`", Words({"0": False, "1": True})),
    _row("op_noise", "Noise, 0 to 100.", "`noise`", Decimal(0, 100, clamps=True)),
    _row("op_colorbalance", "Red, green, blue, -100 to 100 each.", "`rgb`", Items(_SIGNED, ",", 3, 4)),
    _row("op_colorize", "Colours with `rrggbb`.", "`tint`", _colour, "six hexadecimal digits", "Lightness stays."),
    _row("fmt", "`jpeg` (default), `pjpeg`, `png`, `gif`, `tif`, `webp`, `avif`, `bmp`; with `-alpha` transparent; "
         "`,gray` grey.", "`format`", _format, "a format", "No PDF, SWF or EPS."),
    _row("qlt", "Quality, 80 by default; `,1` keeps the resolution of colours.", "`quality`, `subsampling`", _quality,
         "a whole number from 0 to 100, and 0 or 1", "One scale of perceived quality for all formats."),
    _row("bfc", "`on`: AVIF or WebP for clients that show it, in place of JPEG; `off`: not.", "`format=auto:`",
         Words(_SWITCH)),
    _row("req", "`img`, `tmb`; `props`, `imageprops`, `exists`: facts, also as `,json`.", "`/info`", _request,
         "img, tmb, props, imageprops or exists"),
    _row("defaultImage defaultimage", "Another image if there is none, `COMPANY/ID`.", "`fallback`", _anything,
         "an image"),
    _row("id cache icc iccEmbed printRes pathEmbed xmpEmbed quantize timeout network size",
         "Versions, profiles, print.", "", _anything, "anything", status=Status.IGNORED),
    _row("layer src text textPs mask maskUse clipPath effect template", "Layers of templates.", "", _anything,
         "anything", status=Status.REFUSED, note="400"),
)  # fmt: skip
TABLE: Final = by_name(ROWS)
OPTIONS: Final = (
    *options_of(ROWS),
    Option(("$NAME$",), "A preset of the entry; what the URL itself says counts more.", "`preset`"),
)
