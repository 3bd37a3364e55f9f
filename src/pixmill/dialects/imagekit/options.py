"""The parameters of ImageKit as one table: names, meanings, readers. Knows texts; must never know a plan's stages."""

from collections.abc import Callable
from fractions import Fraction
from typing import Final

from pixmill.dialects.imagekit import values
from pixmill.dialects.imagekit.chain import PARAM
from pixmill.dialects.kit.numbers import Decimal, Integer, Reader, Reading, Words
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.errors import InvalidParameter
from pixmill.media import Format
from pixmill.plan.ops import Flip
from pixmill.plan.overlays import Align, Blend

ORIGINAL: Final = "orig"
AUTO_FORMAT: Final = "auto"

CROPS: Final = (
    "maintain_ratio",
    "force",
    "at_max",
    "at_max_enlarge",
    "at_least",
    "maintain_ratio_no_enlarge",
)
CROP_MODES: Final = ("pad_resize", "pad_resize_no_enlarge", "extract", "pad_extract", "pad_extract_no_shrink")
_FORMATS: Final[dict[str, Format | str]] = {
    "auto": AUTO_FORMAT,
    "orig": ORIGINAL,
    "jpg": Format.JPEG,
    "jpeg": Format.JPEG,
    "png": Format.PNG,
    "webp": Format.WEBP,
    "avif": Format.AVIF,
    "gif": Format.GIF,
    "svg": Format.SVG,
}
_BOOLEANS: Final = {"true": True, "false": False}
_FLIPS: Final = {"h": Flip.HORIZONTAL, "v": Flip.VERTICAL, "h_v": Flip.BOTH, "v_h": Flip.BOTH}
_BLENDS: Final = {"multiply": Blend.MULTIPLY, "cutter": Blend.MASK, "cutout": Blend.ERASE}
_ALIGNS: Final = {"left": Align.LEFT, "right": Align.RIGHT, "center": Align.CENTRE}
_STYLES: Final = {"b": "b", "i": "i", "b_i": "bi", "i_b": "bi"}

Row = OptionRow[Reader[object]]


def _same(text: str) -> str:
    return text


def _refuse(text: str) -> object:
    raise InvalidParameter(f"{text} is not supported here", param=PARAM)


def _flag(_: str) -> bool:
    return True


TEXT: Final = Reading(_same, "a text")
REFUSED: Final = Reading(_refuse, "nothing")


def _row(
    names: str,
    meaning: str,
    native: str,
    read: Reader[object] | Callable[[str], object],
    expects: str = "",
    note: str = "",
    status: Status = Status.SUPPORTED,
) -> Row:
    reader = Reading(read, expects) if expects else read
    return OptionRow(Option(tuple(names.split()), meaning, native, note, status), reader)  # type: ignore[arg-type]


_RATIO: Final = Decimal(Fraction(1, 10), 5)
_SIDE_NOTE: Final = "Of arithmetic, multiples of the same side: `iw_div_2`, `cw_mul_0.5`; in layers also `bw_div_4`."

ROWS: Final[tuple[Row, ...]] = (
    _row("w", "Width: pixels, a share below 1, or `auto` (client hints).", "`width`", values.width,
         "pixels, a share below 1, auto, or a multiple of iw, cw or bw", _SIDE_NOTE),
    _row("h", "Height, as `w`.", "`height`", values.height,
         "pixels, a share below 1, or a multiple of ih, ch or bh", _SIDE_NOTE),
    _row("ar", "Aspect ratio, `4-3`, with one side.", "`aspect`", values.aspect, "a ratio such as 4-3"),
    _row("c", "How both sides are reached: " + ", ".join(f"`{name}`" for name in CROPS) + ".", "`fit`, `enlarge`",
         Words({name: name for name in CROPS})),
    _row("cm", "Padding and cutting: " + ", ".join(f"`{name}`" for name in CROP_MODES) + ".",
         "`fit=contain`, `crop=window:`, `canvas`", Words({name: name for name in CROP_MODES})),
    _row("fo", "What is kept, or where the image is placed: a direction, `face`, `auto`.", "`gravity`", values.focus,
         "a direction, face or auto", "`custom` and the names of objects are as `auto`.", Status.DIFFERS),
    _row("x", "Left edge of `cm-extract`.", "`crop`", values.offset_x, "pixels or a share"),
    _row("y", "Upper edge of `cm-extract`.", "`crop`", values.offset_y, "pixels or a share"),
    _row("xc", "Centre of `cm-extract`; the region must lie in the image.", "`crop`", values.offset_x,
         "pixels or a share"),
    _row("yc", "Centre of `cm-extract`.", "`crop`", values.offset_y, "pixels or a share"),
    _row("z", "Zoom at a face or an object.", "`gravity`", Decimal(0, 100), note="Below 1 it has no effect.",
         status=Status.DIFFERS),
    _row("dpr", "Device pixel ratio from 0.1 to 5, or `auto`; without effect if a side would exceed 5000 pixels.",
         "`dpr`, `dpr_rule=dropped`", Reading(lambda text: Fraction(0) if text == "auto" else _RATIO(text),
                                              f"{_RATIO.expects}, or auto")),
    _row("t", "Cuts the border off: `true`, or a tolerance from 1 to 99.", "`trim`", values.tolerance,
         "true or 1 to 99"),
    _row("bg", "Colour of padding, `blurred` or `dominant`; black without it.", "`background`, `extend`",
         values.background, "a colour, blurred or dominant",
         "`blurred` without its options; `dominant` is the average colour.", Status.DIFFERS),
    _row("rt", "Rotation in degrees, `N90` counter-clockwise.", "`rotate`", values.rotation,
         "a number of degrees or auto"),
    _row("fl", "Mirroring: `h`, `v`, `h_v`.", "`flip`", Words(_FLIPS)),
    _row("r", "Corner radius: pixels, `max`, or four of them.", "`radius`", values.radius,
         "a radius, max, or four radii"),
    _row("b", "Border: width and colour, `10_FF0000`.", "`border`", values.border, "a width and a colour",
         "Drawn inside the image.", Status.DIFFERS),
    _row("o", "Opacity in percent, of layers or of the image.", "`opacity`", values.percent_share, "0 to 100"),
    _row("bl", "Gaussian blur, 1 to 100.", "`blur`, `blur_space=srgb`", Decimal(0, 250, clamps=True)),
    _row("e-grayscale", "Without colours.", "`grayscale`", _flag, "nothing"),
    _row("e-contrast", "Stretches the contrast.", "`normalize`", _flag, "nothing", "Each channel on its own.",
         Status.DIFFERS),
    _row("e-sharpen", "Sharpens, optionally with a strength.", "`sharpen`", values.sharpen_amount, "0 to 1000",
         "A strength of 100 is `sharpen=1`.", Status.DIFFERS),
    _row("e-usm", "Unsharp mask: radius, sigma, amount, threshold.", "`unsharp`", values.unsharp,
         "radius-sigma-amount-threshold", "The radius follows from sigma."),
    _row("e-gradient", "A gradient: `ld-180_from-FF0000_to-0000FF_sp-0.8`.", "`gradient`", values.gradient,
         "a direction, colours and an end"),
    _row("q", "Quality from 1 to 100, 80 by default.", "`quality`", Integer(1, 100),
         note="One scale of perceived quality for all formats.", status=Status.DIFFERS),
    _row("f", "Format: `auto` (by `Accept`; the default), `orig`, `jpg`, `png`, `webp`, `avif`, `gif`, `svg`.",
         "`format`", Words(_FORMATS)),
    _row("pr", "Progressive JPEG.", "`progressive`", Words(_BOOLEANS)),
    _row("lo", "Lossless WebP and AVIF.", "`lossless`", Words(_BOOLEANS)),
    _row("cp", "Keeps the colour profile.", "`profile=keep`", Words(_BOOLEANS)),
    _row("md", "Keeps the metadata.", "`metadata=keep`", Words(_BOOLEANS)),
    _row("orig", "`true`: the file as it is, whatever else is asked for.", "`format=original`", Words(_BOOLEANS)),
    _row("pg", "Page of a document.", "`page`", values.page, "a number; layers of PSD files have no names here"),
    _row("di", "Image that is sent if there is none; `@@` is a slash.", "`fallback`", TEXT),
    _row("n", "A named transformation, of the option `named`.", "`preset`", TEXT),
    _row("i ie", "What a layer shows: a path with `@@` for `/`, `ik_canvas`, or a text; `ie` in base64.", "`overlay`",
         TEXT),
    _row("lx", "Position of a layer from the left; `N10`: beyond the edge.", "`overlay` `x`", values.offset_x,
         "pixels or a multiple of bw"),
    _row("ly", "Position of a layer from the top.", "`overlay` `y`", values.offset_y, "pixels or a multiple of bh"),
    _row("lxc", "Centre of a layer.", "`overlay` `x`", values.offset_x, "pixels or a multiple of bw",
         "In pixels only with both sides of the layer."),
    _row("lyc", "Centre of a layer.", "`overlay` `y`", values.offset_y, "pixels or a multiple of bh",
         "In pixels only with both sides of the layer."),
    _row("lfo", "Place of a layer: a direction; in the centre by default.", "`overlay` `gravity`", values.direction,
         "a direction"),
    _row("lm", "Blending of a layer: `multiply`, `cutter`, `cutout`.", "`overlay` `blend`", Words(_BLENDS)),
    _row("fs", "Size of a text in pixels, 14 by default.", "`overlay` `size`", values.font_size, "4 to 1000"),
    _row("ff", "Font of a text.", "`overlay` `font`", TEXT, note="Other names than installed fonts: the default font.",
         status=Status.DIFFERS),
    _row("co", "Colour of a text.", "`overlay` `color`", values.colour, "a colour"),
    _row("ia", "Alignment of lines: `left`, `right`, `center`.", "`overlay` `align`", Words(_ALIGNS)),
    _row("pa", "Padding around a text, in pixels.", "`overlay` `padding`", Integer(0, 500, clamps=True)),
    _row("al", "Opacity of a text, 1 to 9.", "`overlay` `opacity`", Integer(1, 9)),
    _row("tg", "Style of a text: `b`, `i`, `b_i`.", "`overlay`", Words(_STYLES)),
    _row("lh", "Line height.", "", TEXT, note="That of the font.", status=Status.IGNORED),
    _row("lap", "Anchor of a layer.", "", REFUSED, note="Only the default, its upper left corner.",
         status=Status.REFUSED),
    _row("if", "Conditions.", "", REFUSED, note="A URL with a condition is an error.", status=Status.REFUSED),
    _row("cr", "Replaces a colour.", "", REFUSED, status=Status.REFUSED),
    _row("e-shadow e-distort e-colorize e-vignette", "Shadow, distortion, colouring of the image.", "", REFUSED,
         status=Status.REFUSED),
    _row("e-bgremove e-removedotbg e-changebg e-edit e-retouch e-upscale e-genvar e-dropshadow",
         "What models draw.", "", REFUSED, status=Status.REFUSED),
)  # fmt: skip
TABLE: Final = by_name(ROWS)
OPTIONS: Final = options_of(ROWS)
