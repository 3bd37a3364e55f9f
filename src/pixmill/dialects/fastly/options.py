"""The parameters of Fastly's Image Optimizer as one table: names, meanings, readers; and those of Gcore's Image Stack.

Knows texts and values only.
"""

from collections.abc import Callable
from typing import Final

from pixmill.dialects.fastly import values
from pixmill.dialects.kit.numbers import Decimal, Integer, Reader, Reading, Words
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.media import Format
from pixmill.plan.ops import MAX_SIDE, Fit, Kernel
from pixmill.plan.output import Metadata

AUTO: Final = "auto"
FORMATS: Final[dict[str, Format | str]] = {
    "auto": AUTO,
    "avif": Format.AVIF,
    "bjpg": Format.JPEG,
    "gif": Format.GIF,
    "jpeg": Format.JPEG,
    "jpg": Format.JPEG,
    "jxl": Format.JXL,
    "pjpg": Format.JPEG,
    "pjxl": Format.JXL,
    "png": Format.PNG,
    "png8": Format.PNG,
    "svg": Format.SVG,
    "webp": Format.WEBP,
    "webpll": Format.WEBP,
    "webply": Format.WEBP,
}
ORIENTATIONS: Final = {str(number): number for number in range(1, 9)} | {
    "r": 6,
    "l": 8,
    "h": 2,
    "v": 4,
    "hv": 3,
    "vh": 3,
}
_KERNELS: Final = {
    "nearest": Kernel.NEAREST,
    "bilinear": Kernel.LINEAR,
    "linear": Kernel.LINEAR,
    "bicubic": Kernel.CUBIC,
    "cubic": Kernel.CUBIC,
    "lanczos2": Kernel.LANCZOS2,
    "lanczos3": Kernel.LANCZOS3,
    "lanczos": Kernel.LANCZOS3,
}
_OPTIMISE: Final = {"low": 85, "medium": 75, "high": 65}

Row = OptionRow[Reader[object]]


def _name(text: str) -> str:
    if text not in FORMATS:
        raise ValueError("not a format")
    return text


def _automatic(text: str) -> tuple[Format, ...]:
    """Read a list of formats, the best first."""
    parts = sorted(set(text.split(",", 4)))
    if not _AUTOMATIC.keys() >= set(parts):
        raise ValueError("not a list of formats")
    return tuple(_AUTOMATIC[part] for part in parts)


_AUTOMATIC: Final = {"avif": Format.AVIF, "webp": Format.WEBP}


def _row(
    names: str,
    meaning: str,
    native: str,
    read: Reader[object] | Callable[[str], object],
    expects: str = "",
    note: str = "",
    status: Status = Status.SUPPORTED,
) -> Row:
    reader: Reader[object] = Reading(read, expects)
    return OptionRow(Option(tuple(names.split()), meaning, native, note, status), reader)


def _words(names: str, meaning: str, native: str, words: Words[object], note: str = "") -> Row:
    return OptionRow(Option((names,), meaning, native, note), words)


_REGION: Final = "a size or a ratio, and a position"
_PERCENT: Final = Decimal(-100, 100, clamps=True)

ROWS: Final[tuple[Row, ...]] = (
    _row("precrop", "Region, before everything else, as `crop`.", "`crop`", values.region, _REGION),
    _words("orient", "`r`, `l`, `h`, `v`, `hv` or 1 to 8, in place of the EXIF orientation.", "`orientation`",
           Words(ORIENTATIONS)),
    _row("trim", "Takes edges off: one to four lengths.", "`crop=edges:`", values.insets, "one to four lengths"),
    _row("trim-color", "Cuts a border off: a colour or `auto`, and a tolerance, `white,t0.1`.", "`trim`", values.border,
         "a colour or auto, and a tolerance"),
    _row("crop", "Region `W,H` or `W:H`, then `xN,yN` or `offset-xN,offset-yN`, `smart`, `safe`.", "`crop`",
         values.region, _REGION),
    _row("width", "Width: pixels, `50p`, `50%`, or a share below 1.", "`width`", values.positive_side, "a length"),
    _row("height", "Height, as `width`.", "`height`", values.positive_side, "a length"),
    _words("fit", "`bounds`, `cover` or `crop`, with both sides; without it they distort.", "`fit`",
           Words({"bounds": Fit.INSIDE, "cover": Fit.OUTSIDE, "crop": Fit.COVER})),
    _words("enable", "`upscale`: may enlarge.", "`enlarge`", Words({"upscale": True})),
    _words("disable", "`upscale`: may not enlarge.", "`enlarge`", Words({"upscale": True})),
    _row("dpr", "Device pixel ratio up to 10.", "`dpr`", Decimal(0, 10), "a number up to 10"),
    _words("resize-filter", "Resampling.", "`kernel`", Words(_KERNELS)),
    _row("canvas", "Canvas around the image, as `crop`; a smaller one cuts.", "`canvas`", values.region, _REGION),
    _row("pad", "Padding: one to four lengths.", "`padding`", values.padding, "one to four lengths of one unit"),
    _row("bg-color", "Background: hexadecimal digits, `r,g,b` or `r,g,b,a`.", "`background`", values.colour,
         "a colour"),
    _row("brightness", "Brightness.", "`brightness`", _PERCENT, "-100 to 100"),
    _row("contrast", "Contrast.", "`contrast`", _PERCENT, "-100 to 100"),
    _row("saturation", "Saturation.", "`saturation`", _PERCENT, "-100 to 100"),
    _row("blur", "Blur, a radius in pixels.", "`blur`, `blur_space=srgb`", Decimal(0, 1_000), "0 to 1000 pixels",
         "A sigma of half the radius; no percent.", Status.DIFFERS),
    _row("sharpen", "Unsharp mask: `a5,r2,t0`.", "`unsharp`", values.sharpening, "aN,rN,tN",
         "The radius is a sigma.", Status.DIFFERS),
    _row("bw", "Black and white: `threshold,49`.", "`threshold`", values.threshold, "threshold and a percentage",
         "No `atkinson`.", Status.DIFFERS),
    _words("frame", "`1`: the first frame only.", "`animated=false`", Words({"1": True})),
    _row("format", "Format: " + ", ".join(f"`{name}`" for name in FORMATS) + ".", "`format`", _name,
         "a format", "No `mp4`; `auto` is AVIF, WebP, else that of the original.", Status.DIFFERS),
    _row("auto", "`avif`, `webp` or both: by `Accept`.", "`format=auto:`",
         _automatic,
         "avif, webp or both"),
    _row("quality", "Quality, and a second one for WebP; 85 by default.", "`quality`", values.quality, "0 to 100",
         "One scale of perceived quality for all formats.", Status.DIFFERS),
    _words("optimize", "`low`, `medium` or `high`, in place of `quality`.", "`quality`", Words(_OPTIMISE)),
    _words("metadata", "`copyright`: keeps these fields.", "`metadata=copyright`",
           Words({"copyright": Metadata.COPYRIGHT, "c2pa": Metadata.STRIP})),
)  # fmt: skip
TABLE: Final = by_name(ROWS)
OPTIONS: Final = options_of(ROWS)

GCORE_ROWS: Final[tuple[Row, ...]] = (
    _row("width", "Width in pixels.", "`width`", Integer(1, MAX_SIDE), f"a whole number from 1 to {MAX_SIDE}"),
    _row("height", "Height in pixels.", "`height`", Integer(1, MAX_SIDE), f"a whole number from 1 to {MAX_SIDE}"),
    _words("fit", "With both sides: `fit` (default, cuts), `bounds` (inside), `cover` (around the box) or `force` "
           "(distorts).", "`fit`",
           Words({"fit": Fit.COVER, "bounds": Fit.INSIDE, "cover": Fit.OUTSIDE, "force": Fit.FILL})),
    _row("crop", "Region of the resized image: `W,H` or `W:H`, then `xN,yN` in pixels or percent (`x10p`), or "
         "`offset-xN,offset-yN`.", "`crop`", values.region, _REGION),
    _row("quality", "Quality, 1 to 100.", "`quality`", Integer(1, 100), "a whole number from 1 to 100",
         "One scale of perceived quality for all formats.", Status.DIFFERS),
    _words("format", "`webp` or `avif`; without it by `Accept`.", "`format`",
           Words({"webp": Format.WEBP, "avif": Format.AVIF})),
)  # fmt: skip
GCORE_TABLE: Final = by_name(GCORE_ROWS)
GCORE_OPTIONS: Final = options_of(GCORE_ROWS)
