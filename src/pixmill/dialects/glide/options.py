"""The parameters of Glide as one table: names, meanings, readers. Knows texts and values only."""

from collections.abc import Callable
from typing import Final

from pixmill.dialects.glide import values
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.media import Format
from pixmill.plan.ops import Flip

FORMATS: Final = {
    "jpg": Format.JPEG,
    "pjpg": Format.JPEG,
    "png": Format.PNG,
    "gif": Format.GIF,
    "webp": Format.WEBP,
    "avif": Format.AVIF,
    "tiff": Format.TIFF,
    "heic": Format.HEIC,
}
FLIPS: Final = {"h": Flip.HORIZONTAL, "v": Flip.VERTICAL, "both": Flip.BOTH}
PRESETS: Final = "p"
SIGNATURE: Final = "s"

_FILTERS: Final = ("greyscale", "sepia")
_TURNS: Final = {"auto": None, "0": 0, "90": 90, "180": 180, "270": 270}

Row = OptionRow[Callable[[str], object]]


def _text(text: str) -> str:
    return text


def _one_of(words: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError("not one of the words")
        return text

    return read


def _row(
    names: str,
    meaning: str,
    native: str,
    read: Callable[[str], object],
    note: str = "",
    status: Status = Status.SUPPORTED,
) -> Row:
    return OptionRow(Option(tuple(names.split()), meaning, native, note, status), read)


_MARK_FITS: Final = _one_of(("contain", "max", "stretch", *(f"crop-{name}" for name in values.POSITIONS), "crop"))
_SHARE: Final = "A share of the other side, such as a width of `10h`, is ignored."

ROWS: Final[tuple[Row, ...]] = (
    _row("or", "`auto` (default), `0`, `90`, `180` or `270` degrees counter-clockwise, in place of EXIF.",
         "`orientation`, `rotate`", _TURNS.__getitem__),
    _row("crop", "`width,height,x,y`, before the resize.", "`crop`", values.crop),
    _row("w", "Width in pixels.", "`width`", values.side),
    _row("h", "Height in pixels.", "`height`", values.side),
    _row("fit", "`contain` (default), `max`, `fill`, `fill-max`, `stretch`, `crop`, `crop-top-left` …, `crop-X-Y`, "
         "`crop-X-Y-ZOOM`.", "`fit`, `gravity`", values.fit, "A zoom below 1 counts as 1.", Status.DIFFERS),
    _row("dpr", "Device pixel ratio up to 8.", "`dpr`", values.ratio),
    _row("bri", "Brightness, -100 to 100.", "`brightness`", values.signed),
    _row("con", "Contrast, -100 to 100.", "`contrast`", values.signed),
    _row("gam", "Gamma, 0.1 to 9.99.", "`gamma`", values.gamma),
    _row("sharp", "Sharpening, 0 to 100.", "`convolution`", values.bounded(0, 100)),
    _row("filt", "`greyscale` or `sepia`.", "`grayscale`", _one_of(_FILTERS)),
    _row("flip", "`h`, `v` or `both`.", "`flip`", FLIPS.__getitem__),
    _row("blur", "Blur, 0 to 100.", "`blur`, `blur_space=srgb`", values.bounded(0, 100),
         "As strong as that of GD."),
    _row("pixel", "Pixelation, 0 to 1000.", "`pixelate`", values.bounded(0, 1_000)),
    _row("mark", "A watermark: its path below `watermarks`.", "`overlay`", _text),
    _row("markw", "Its width: pixels, or `50w`, in percent of the image's.", "`overlay` `width`", values.dimension,
         _SHARE, Status.DIFFERS),
    _row("markh", "Its height: pixels, or `50h`.", "`overlay` `height`", values.dimension, _SHARE, Status.DIFFERS),
    _row("markx", "Its distance from the edge that `markpos` names.", "`overlay` `x`", values.dimension, _SHARE,
         Status.DIFFERS),
    _row("marky", "The same vertically.", "`overlay` `y`", values.dimension, _SHARE, Status.DIFFERS),
    _row("markpad", "Both distances.", "`overlay` `x`, `y`", values.dimension,
         "A share of a side is one of the width horizontally, of the height vertically.", Status.DIFFERS),
    _row("markpos", "Where it lies: `top-left` …, `center`, `bottom-right` (default).", "`overlay` `gravity`",
         values.POSITIONS.__getitem__),
    _row("markfit", "How it is fitted to both sides: `contain`, `max`, `stretch`, `crop` ….", "`overlay` `fit`",
         _MARK_FITS),
    _row("markalpha", "Its opacity in percent.", "`overlay` `opacity`", values.bounded(0, 100)),
    _row("bg", "Background: 3 or 6 hexadecimal digits, an opacity of 1 or 2 digits in front of them, or a name.",
         "`background`, `flatten`", values.colour),
    _row("border", "`width,colour,method`: `overlay` (default), `shrink` or `expand`.", "`border`, `padding`",
         values.border, "Widths in pixels only. `shrink` needs both sides and `crop`, `fill`, `fill-max` or `stretch`; "
         "else it covers the image.", Status.DIFFERS),
    _row("q", "Quality, 90 by default.", "`quality`", values.bounded(0, 100),
         "One scale of perceived quality for all formats.", Status.DIFFERS),
    _row("fm", "`jpg`, `pjpg`, `png`, `gif`, `webp`, `avif`, `tiff` or `heic`; others are `jpg`.", "`format`",
         _text),
    _row("interlace", "Progressive JPEG, interlaced PNG.", "`progressive`", values.flag),
)  # fmt: skip
TABLE: Final = by_name(ROWS)
OPTIONS: Final = (
    *options_of(ROWS),
    Option((PRESETS,), "Presets of the entry, separated by commas.", "`preset`"),
    Option((SIGNATURE,), "The signature, with `keys`."),
)
