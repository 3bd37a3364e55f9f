"""The commands of RIAPI as one table: names, meanings, readers. Knows texts and values only.

Names count in any case; of equal ones the first counts. A value that cannot be read is as if it were not there.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from pixmill.dialects.kit.options import Option, Status, by_name, options_of
from pixmill.dialects.riapi import values
from pixmill.dialects.riapi.imagesharp import OPTIONS as IMAGESHARP_OPTIONS
from pixmill.dialects.riapi.values import KEEP
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Point
from pixmill.plan.ops import Kernel, ResampleSpace

__all__ = ("IMAGESHARP_OPTIONS", "NAMES", "OPTIONS", "ROWS", "TABLE", "Values", "commands_of", "read_values")

Read = Callable[[str], object]
Commands = Mapping[str, str]
"""The commands of a query by their names in lower case, as texts."""

PRESET: Final = "preset"
WATERMARK: Final = "watermark"
NOT_FOUND: Final = "404"
_SHORT: Final = ("srcset", "short")
_MAX_TOKENS: Final = 64


class Values(Struct, frozen=True):
    """The values of the commands."""

    width: int = 0
    height: int = 0
    maxwidth: int = 0
    maxheight: int = 0
    mode: str = ""
    scale: str = "down"
    anchor: Point | None = None
    gravity: Point | None = None
    crop: tuple[Fraction, ...] = ()
    cropxunits: Fraction = Fraction(0)
    cropyunits: Fraction = Fraction(0)
    percent: tuple[Fraction, ...] = ()
    zoom: Fraction = Fraction(1)
    autorotate: bool = True
    flip: tuple[bool, bool] = (False, False)
    sflip: tuple[bool, bool] = (False, False)
    rotate: int = 0
    srotate: int = 0
    format: Format | str = KEEP
    quality: int = 0
    qp: int = 0
    jpeg_quality: int = 0
    webp_quality: int = 0
    avif_quality: int = 0
    jxl_quality: int = 0
    png_quality: int = 0
    jpeg_progressive: bool = True
    lossless: bool = False
    webp_lossless: bool = False
    jxl_lossless: bool = False
    png_max_deflate: bool = False
    accept_webp: bool | None = None
    accept_avif: bool | None = None
    accept_jxl: bool | None = None
    bgcolor: Colour | None = None
    margin: tuple[int, int, int, int] = (0, 0, 0, 0)
    paddingwidth: tuple[int, int, int, int] = (0, 0, 0, 0)
    borderwidth: tuple[int, int, int, int] = (0, 0, 0, 0)
    paddingcolor: Colour | None = None
    bordercolor: Colour | None = None
    grayscale: tuple[float, float, float] | None = None
    sepia: bool = False
    invert: bool = False
    alpha: Fraction = Fraction(1)
    brightness: Fraction = Fraction(0)
    contrast: Fraction = Fraction(0)
    saturation: Fraction = Fraction(0)
    roundcorners: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    sharpen: Fraction = Fraction(0)
    down_filter: Kernel | None = None
    up_filter: Kernel | None = None
    colorspace: ResampleSpace = ResampleSpace.LINEAR
    balancewhite: bool = False
    blur: Fraction = Fraction(0)
    unsharp: Fraction = Fraction(0)
    removenoise: Fraction = Fraction(0)
    threshold: int | None = None
    percentpadding: Fraction = Fraction(0)
    frame: int | None = None


class _Row(Struct, frozen=True):
    """A command: the field that it sets, if it sets one, and its reader."""

    option: Option
    field: str
    read: Read


def _row(
    names: str,
    field: str,
    meaning: str,
    native: str,
    read: Read,
    note: str = "",
    status: Status = Status.SUPPORTED,
) -> _Row:
    return _Row(Option(tuple(names.split()), meaning, native, note, status), field, read)


def _ignored(names: str, meaning: str, why: str) -> _Row:
    return _Row(Option(tuple(names.split()), meaning, "", why, Status.IGNORED), "", str)


def _words(*names: str, **aliases: str) -> Read:
    known = dict.fromkeys(names) | aliases

    def read(text: str) -> str:
        word = text.lower()
        if word not in known:
            raise ValueError("not one of the words")
        return known[word] or word

    return read


_MODES: Final = _words("max", "pad", "crop", "stretch", "aspectcrop", carve="stretch")
_SCALES: Final = _words("down", "up", "both", "canvas", downscaleonly="down", upscaleonly="up", upscalecanvas="canvas")
_ONE_SCALE: Final = "One scale of perceived quality for all formats."

ROWS: Final[tuple[_Row, ...]] = (
    _row("width w", "width", "Width of the box.", "`width`", values.side),
    _row("height h", "height", "Height of the box.", "`height`", values.side),
    _row("maxwidth", "maxwidth", "Width at most: fits inside.", "`width`", values.side),
    _row("maxheight", "maxheight", "Height at most.", "`height`", values.side),
    _row("mode", "mode", "`pad` (default), `max`, `crop`, `stretch`, `carve` (as `stretch`) or `aspectcrop`.", "`fit`",
         _MODES),
    _row("stretch", "stretch", "`fill`: as `mode=stretch`.", "`fit=fill`", _words("fill")),
    _row("scale", "scale", "`down` (default) never enlarges, `up` never shrinks, `both`; `canvas` enlarges the canvas.",
         "`enlarge`, `shrink`", _SCALES, "`up`, with an image beyond one side of the box: that side stays.",
         Status.DIFFERS),
    _row("anchor", "anchor", "Which part stays, or where the image is: `topleft` to `bottomright`, `x,y` in percent.",
         "`gravity`", values.anchor),
    _row("c.gravity", "gravity", "Which part stays: `x,y` in percent; before `anchor`.", "`gravity`",
         values.percent_point),
    _row("crop", "crop", "Region `x1,y1,x2,y2`; negative numbers, and 0 for x2 and y2, count from the far edges. "
         "`auto`: as `mode=crop`.", "`crop`", values.crop),
    _row("cropxunits", "cropxunits", "Width of the image in the units of `crop`, such as 100; 0: pixels.",
         "`crop=pct:`", values.units),
    _row("cropyunits", "cropyunits", "Height of the image in the units of `crop`.", "`crop=pct:`", values.units),
    _row("c", "percent", "Region `x1,y1,x2,y2` in percent.", "`crop=pct:`", values.crop),
    _row("zoom dpr dppx", "zoom", "Multiplies the box, or without one the image.", "`dpr`, `zoom`", values.ratio),
    _row("autorotate", "autorotate", "`false` ignores the EXIF orientation.", "`orientation=none`", values.boolean),
    _row("srotate", "srotate", "Clockwise, by right angles, before all else.", "`rotate`", values.angle),
    _row("sflip sourceflip", "sflip", "Mirrors before all else: `x`, `y`, `xy`.", "`flip`", values.flip),
    _row("rotate", "rotate", "Clockwise, by right angles, after all else.", "`rotate` in `then`", values.angle),
    _row("flip", "flip", "Mirrors after all else.", "`flip` in `then`", values.flip),
    _row("format thumbnail", "format",
         "`jpg`, `png`, `gif`, `webp`, `avif`, `jxl`, `keep` (default), or `auto`: by `Accept`.", "`format`",
         values.form),
    _row("quality", "quality", "1 to 100; 90 by default.", "`quality`", values.percent_number, _ONE_SCALE,
         Status.DIFFERS),
    _row("qp", "qp", "Quality profile: `lowest` to `lossless`, or a number.", "`quality`", values.perceptual,
         "A quality for each word.", Status.DIFFERS),
    _row("jpeg.quality", "jpeg_quality", "Quality of JPEG.", "`quality`", values.percent_number),
    _row("webp.quality", "webp_quality", "Quality of WebP.", "`quality`", values.percent_number),
    _row("avif.quality", "avif_quality", "Quality of AVIF.", "`quality`", values.percent_number),
    _row("jxl.quality", "jxl_quality", "Quality of JPEG XL.", "`quality`", values.percent_number),
    _row("png.quality", "png_quality", "Below 100: PNG with a palette.", "`colors`", values.percent_number,
         "256 colours.", Status.DIFFERS),
    _row("jpeg.progressive", "jpeg_progressive", "Progressive JPEG; true by default.", "`progressive`", values.boolean),
    _row("lossless", "lossless", "Lossless, if the format can.", "`lossless`", values.lossless),
    _row("webp.lossless", "webp_lossless", "Lossless WebP.", "`lossless`", values.lossless),
    _row("jxl.lossless", "jxl_lossless", "Lossless JPEG XL.", "`lossless`", values.lossless),
    _row("png.max_deflate", "png_max_deflate", "Smaller PNG.", "`effort`", values.boolean),
    _row("accept.webp", "accept_webp", "With `format=auto`: WebP, or not, whatever `Accept` says.", "`format`",
         values.boolean),
    _row("accept.avif", "accept_avif", "AVIF.", "`format`", values.boolean),
    _row("accept.jxl", "accept_jxl", "JPEG XL; not by `Accept`.", "`format`", values.boolean),
    _row("bgcolor", "bgcolor", "Behind transparency and around the image: a name, or `RRGGBB`, `RRGGBBAA`.",
         "`background`, `flatten`", values.colour),
    _row("paddingwidth", "paddingwidth", "Space around the image: one length, or left, top, right, bottom.",
         "`padding`", values.widths),
    _row("paddingcolor", "paddingcolor", "Its colour.", "`background`", values.colour),
    _row("borderwidth", "borderwidth", "Border around that.", "`padding`", values.widths),
    _row("bordercolor", "bordercolor", "Its colour; black by default.", "`background`", values.colour),
    _row("margin", "margin", "Space around that, in `bgcolor`.", "`padding`", values.widths),
    _row("s.grayscale", "grayscale", "`true`, `ntsc`, `y`, `ry`, `bt709` or `flat`.", "`color_matrix`",
         values.grayscale),
    _row("s.sepia", "sepia", "Sepia.", "`color_matrix`", values.boolean),
    _row("s.invert", "invert", "Negative.", "`invert`", values.boolean),
    _row("s.alpha", "alpha", "Opacity, 0 to 1.", "`opacity`", values.strength),
    _row("s.brightness", "brightness", "-1 to 1.", "`brightness`", values.strength),
    _row("s.contrast", "contrast", "-1 to 1.", "`contrast`", values.strength),
    _row("s.saturation", "saturation", "-1 to 1.", "`color_matrix`", values.strength),
    _row("s.roundcorners", "roundcorners", "Percent of half the shorter side, one or four: top left, top right, bottom "
         "right, bottom left.", "`radius`", values.corners),
    _row("f.sharpen", "sharpen", "Sharpening, 0 to 100.", "`unsharp`", values.percentage, "An unsharp mask.",
         Status.DIFFERS),
    _row("down.filter", "down_filter", "Resampling.", "`kernel`", values.kernel, "The nearest of Pixmill's kernels.",
         Status.DIFFERS),
    _row("up.filter", "up_filter", "Resampling, without `down.filter`.", "`kernel`", values.kernel,
         "The nearest of Pixmill's kernels.", Status.DIFFERS),
    _row("down.colorspace up.colorspace", "colorspace", "What resizing mixes: `linear` light (default), `srgb` values.",
         "`light`", values.colorspace),
    _row("a.balancewhite", "balancewhite", "White balance.", "`normalize`", values.white_balance,
         "Stretches the tones.", Status.DIFFERS),
    _row("a.blur", "blur", "Blur, a radius.", "`blur`", values.percentage, "A sigma of half the radius.",
         Status.DIFFERS),
    _row("a.sharpen", "unsharp", "Sharpening, a radius.", "`unsharp`", values.percentage, "An unsharp mask.",
         Status.DIFFERS),
    _row("a.removenoise", "removenoise", "Removes noise.", "`median`", values.percentage, "A median.", Status.DIFFERS),
    _row("trim.threshold", "threshold", "Cuts a border off: tolerance, 0 to 255.", "`trim`", values.threshold),
    _row("trim.percentpadding", "percentpadding", "What is left of it, in percent.", "`trim`", values.percentage),
    _row("frame page", "frame", "Frame or page, counted from 0: a still.", "`page`", values.frame),
    _row(" ".join(_SHORT), "", "Short form: `webp-70,100w,80h,2x,fit-crop,upscale,crop-10-20-80-90,sharp-20`.", "",
         str),
    _row(PRESET, "", "`presets` of the entry, comma-separated; URLs take precedence.", "`preset`", str),
    _row(WATERMARK, "", "`watermarks` of the entry, comma-separated.", "`overlay`", str),
    _row(NOT_FOUND, "", "Path of an image to redirect to if there is none.", "", str),
    _ignored("f.sharpen_when decoder.min_precise_scaling_ratio", "When to sharpen and to scale.", "No effect."),
    _ignored("subsampling jpeg.turbo jpeg.li png.min_quality png.quantization_speed png.libpng png.lossless avif.speed "
             "jxl.effort jxl.distance qp.dpr", "Details of encoders.", "Defaults of Pixmill."),
    _ignored("ignoreicc ignore_icc_errors accept.color_profiles", "Colour profiles.", "Results are sRGB."),
    _ignored("cache process encoder decoder builder watermark_red_dot", "Work of the server.", "No effect."),
)  # fmt: skip
TABLE: Final = by_name(ROWS)
OPTIONS: Final = options_of(ROWS)
NAMES: Final = frozenset(TABLE)


def commands_of(found: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the known commands of a query; the first of equal ones counts, blank ones are not there."""
    commands: dict[str, str] = {}
    for name, text in found:
        lower, value = name.lower(), text.strip()
        if lower in NAMES and value:
            commands.setdefault(lower, value)
    return commands


def read_values(commands: Commands) -> Values:
    """Read commands."""
    found: dict[str, object] = {}
    for row in ROWS:
        for name in row.option.names:
            if not row.field or name not in commands or row.field in found:
                continue
            try:
                found[row.field] = row.read(commands[name])
            except ValueError:
                continue
    if found.pop("stretch", None):
        found.setdefault("mode", "stretch")
    if commands.get("crop", "").lower() == "auto":
        found.setdefault("mode", "crop")
    for name in _SHORT:
        if name in commands:
            found |= _short_values(commands[name])
            break
    return replace(Values(), **found)


_TOKEN: Final = re.compile(r"([a-z]{2,8})(?:-(.{1,64}))?|([0-9.]{1,12})([whx])")
_FITS: Final = {"crop": "crop", "max": "max", "pad": "pad", "distort": "stretch", "cropaspect": "aspectcrop"}


def _short_values(text: str) -> dict[str, object]:
    """Read the short form: pieces that are unknown are left out. Unlike commands, the box is cut."""
    found: dict[str, object] = {}
    for token in text.lower().split(",", _MAX_TOKENS)[:_MAX_TOKENS]:
        match = _TOKEN.fullmatch(token.strip())
        if match is None:
            continue
        word, rest, number, unit = match.groups()
        try:
            found |= _short_size(number, unit) if unit else _short_word(word, rest or "")
        except ValueError:
            continue
    if ("width" in found or "height" in found) and "mode" not in found:
        found["mode"] = "max"
    return found


def _short_size(number: str, unit: str) -> dict[str, object]:
    if unit == "x":
        return {"zoom": values.ratio(number)}
    return {"width" if unit == "w" else "height": values.side(number)}


def _short_word(word: str, rest: str) -> dict[str, object]:
    if word == "fit" and rest in _FITS:
        return {"mode": _FITS[rest]}
    if word == "upscale":
        return {"scale": "both"}
    if word == "crop":
        return {"percent": values.crop(rest.replace("-", ","))}
    if word in {"sharp", "sharpen"}:
        return {"sharpen": values.percentage(rest)}
    found: dict[str, object] = {"format": values.form(word)}
    if rest in {"lossless", "l"}:
        return found | {"lossless": True}
    return found | ({"quality": values.perceptual(rest)} if rest else {})
