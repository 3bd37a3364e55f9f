"""The parameters of KeyCDN's Image Processing as one table: names, meanings, readers; and those of Directus.

Knows texts and values only.
"""

from collections.abc import Callable
from typing import Final

from pixmill.dialects.keycdn import directus_operations, values
from pixmill.dialects.kit.numbers import Decimal, Integer, Reader, Reading, Words
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.dialects.kit.sharp import FITS
from pixmill.media import Format

FORMATS: Final = {
    "jpg": Format.JPEG,
    "jpeg": Format.JPEG,
    "png": Format.PNG,
    "webp": Format.WEBP,
    "avif": Format.AVIF,
    "gif": Format.GIF,
    "tiff": Format.TIFF,
    "svg": Format.SVG,
}
_FLAGS: Final = {"1": True, "true": True, "0": False, "false": False}

Row = OptionRow[Reader[object]]


def _row(
    names: str,
    meaning: str,
    native: str,
    read: Reader[object] | Callable[[str], object],
    expects: str = "",
    note: str = "",
    status: Status = Status.SUPPORTED,
) -> Row:
    reader: Reader[object] = Reading(read, expects) if expects else read  # type: ignore[assignment]
    return OptionRow(Option(tuple(names.split()), meaning, native, note, status), reader)


def _ignored(_: str) -> None:
    return None


_FLAG: Final = Words(_FLAGS)
_SIDE: Final = Integer(0, values.MAX_SIDE)

ROWS: Final[tuple[Row, ...]] = (
    _row("trim", "Cuts off a border: the tolerance, 0 to 100.", "`trim`", Integer(0, 100)),
    _row("crop", "`W,H` in the centre, `W,H,X,Y`; with both sides `smart`, `fp,X,Y` or `fp,X,Y,ZOOM`: what is kept.",
         "`crop`, `gravity`", values.crop, "smart, W,H, W,H,X,Y or fp,X,Y",
         "`fpd` draws no marker. A region outside the original is an error.", Status.DIFFERS),
    _row("width", "Width in pixels.", "`width`", _SIDE),
    _row("height", "Height in pixels.", "`height`", _SIDE),
    _row("fit", "`cover` (default), `contain`, `fill`, `inside` or `outside`, with both sides.", "`fit`",
         Words(FITS, folds_case=True)),
    _row("position", "What `cover` keeps, and where `contain` puts the image: `top`, `right top` …, `north` …, "
         "`entropy`, `attention`.", "`gravity`", values.position, "a side, a corner, entropy or attention"),
    _row("enlarge", "`1`: may enlarge; else each side is at most that of the original.", "`enlarge`, `clamp=sides`",
         _FLAG),
    _row("bg", "Background: hexadecimal digits, `r,g,b` or `r,g,b,a`; black by default.", "`background`",
         values.colour, "a colour"),
    _row("extend", "Padding: one margin, or those of top, right, bottom and left.", "`padding`", values.margins,
         "one or four whole numbers"),
    _row("rotate", "Degrees clockwise, -359 to 359.", "`rotate`", Integer(-359, 359)),
    _row("flip", "Mirrors up and down.", "`flip=v`", _FLAG),
    _row("flop", "Mirrors left and right.", "`flip=h`", _FLAG),
    _row("sharpen", "Sharpens: a sigma, 0 to 100.", "`sharpen_lab`", Integer(0, 100),
         note="A sigma of 10 at most.", status=Status.DIFFERS),
    _row("blur", "Blur: a sigma, 0.3 to 100.", "`blur`, `blur_space=srgb`", values.blur,
         "0, or a number from 0.3 to 100"),
    _row("gamma", "Gamma, 0 to 3; more than 1 is lighter.", "`gamma`", Decimal(0, 3),
         note="From 0.1; 0 has no effect.", status=Status.DIFFERS),
    _row("negate", "Inverts the colours.", "`invert`", _FLAG),
    _row("normalize", "Stretches contrast.", "`normalize`", _FLAG),
    _row("threshold", "Black and white at this grey, 1 to 255.", "`threshold`", Integer(0, 255)),
    _row("tint", "Tints, by a colour as `bg`.", "`tint`", values.colour, "a colour"),
    _row("grayscale", "Removes colour.", "`grayscale`", _FLAG),
    _row("removealpha", "Puts `bg` behind the image.", "`flatten`", _FLAG),
    _row("olurl", "An image on top: its URL, or a path of the zone.", "`overlay`", values.source, "a URL or a path"),
    _row("olalign", "Where it lies: a side or a corner; in the centre by default.", "`overlay` `gravity`",
         values.alignment, "a side or a corner"),
    _row("olx", "Its left edge in pixels.", "`overlay` `x`", Integer(-values.MAX_SIDE, values.MAX_SIDE)),
    _row("oly", "Its upper edge in pixels.", "`overlay` `y`", Integer(-values.MAX_SIDE, values.MAX_SIDE)),
    _row("olwidth", "Its width in pixels, or up to 1 as a share of the image.", "`overlay` `width`",
         values.overlay_side, "a length"),
    _row("olheight", "Its height, as `olwidth`; both sides are a box.", "`overlay` `height`", values.overlay_side,
         "a length"),
    _row("olscale", "Its width in percent of the image.", "`overlay` `width`", Decimal(0, 100)),
    _row("olpadding", "Its distance from the edges that `olalign` names, 10 by default.", "`overlay` `x`, `y`",
         Integer(0, 1_000)),
    _row("olalpha", "Its opacity: up to 1, or in percent.", "`overlay` `opacity`", values.opacity,
         "a number from 0 to 100"),
    _row("olrepeat", "`1`: repeats it.", "`overlay` `repeat`", Words(values.REPEATS)),
    _row("format", "`jpg`, `png`, `webp`, `avif`, `gif` or `tiff`; else that of the original.", "`format`",
         Words(FORMATS, folds_case=True), note="`svg` is possible for drawings only.", status=Status.DIFFERS),
    _row("quality", "Quality, 80 by default.", "`quality`", Integer(0, 100),
         note="One scale of perceived quality for all formats.", status=Status.DIFFERS),
    _row("progressive", "Progressive JPEG, interlaced PNG.", "`progressive`", _FLAG),
    _row("compression", "Effort, 0 to 9.", "`effort`", Integer(0, 9), note="Of all formats.", status=Status.DIFFERS),
    _row("lossless", "Lossless WebP or AVIF.", "`lossless`", _FLAG),
    _row("nearlossless", "WebP that is nearly lossless, by `quality`.", "`near_lossless`", _FLAG),
    _row("metadata", "`1`: keeps metadata.", "`metadata=all`", _FLAG),
    _row("adaptive alphaquality", "Filters of PNG, quality of transparency.", "", Reading(_ignored, "anything"),
         status=Status.IGNORED),
)  # fmt: skip
TABLE: Final = by_name(ROWS)
OPTIONS: Final = options_of(ROWS)

DIRECTUS_OPTIONS: Final = (
    Option(("width",), "Width in pixels.", "`width`"),
    Option(("height",), "Height in pixels.", "`height`"),
    Option(("fit",), "`cover` (default), `contain`, `fill`, `inside` or `outside`, with both sides.", "`fit`"),
    Option(("withoutEnlargement",), "`true`: each side is at most that of the original.", "`clamp=sides`"),
    Option(("focal_point_x", "focal_point_y"), "What `cover` keeps, in pixels of the original.", "`gravity=px:`",
           "Points of files are in the database of Directus, so URLs must name them.", Status.DIFFERS),
    Option(("format",), "`jpg`, `png`, `webp`, `avif`, `tiff`; `auto`: AVIF or WebP by `Accept`, else JPEG or PNG.",
           "`format`"),
    Option(("quality",), "1 to 100.", "`quality`", "One scale of perceived quality for all formats.", Status.DIFFERS),
    Option(("transforms",), "A JSON list of calls of sharp, see below.", "`then`"),
    Option(("key",), "A preset of the entry, or one that every project has, such as `system-large-cover`.", "`preset`"),
    Option(("download",), "Sends the image as a download.", "`filename`"),
    Option(("access_token",), "A token.", note="There are no permissions: see below.", status=Status.IGNORED),
)  # fmt: skip
TRANSFORMS_OPTIONS: Final = directus_operations.OPTIONS
