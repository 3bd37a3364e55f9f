"""The options of Sirv's dynamic imaging as tables: names, meanings, readers. Knows texts and values only."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from pixmill.dialects.kit.encodings import base64url_decode
from pixmill.dialects.kit.numbers import Integer, Reader, Reading, Words
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.dialects.kit.plan_values import aspect
from pixmill.dialects.sirv import values
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.effects import ColourAdjustment
from pixmill.plan.output import Subsampling
from pixmill.plan.overlays import Align

Row = OptionRow[Reader[object]]


class Scale(StrEnum):
    """How the image is scaled to width and height."""

    FIT = "fit"
    FILL = "fill"
    IGNORE = "ignore"
    NOUP = "noup"


class AutoCrop(StrEnum):
    """What an automatic crop looks for."""

    TRIM = "trim"
    FACE = "face"
    POI = "poi"
    NONE = "none"


class Frame(StrEnum):
    """What a frame is made of."""

    NONE = "none"
    SOLID = "solid"
    MIRROR = "mirror"
    EDGE = "edge"


OPTIMAL: Final = "optimal"
ORIGINAL: Final = "original"
FORMATS: Final[dict[str, Format | str]] = {
    "optimal": OPTIMAL,
    "original": ORIGINAL,
    "jpg": Format.JPEG,
    "jpeg": Format.JPEG,
    "png": Format.PNG,
    "webp": Format.WEBP,
    "gif": Format.GIF,
    "avif": Format.AVIF,
}
PLACES: Final = {
    "center": (0.5, 0.5),
    "north": (0.5, 0.0),
    "northeast": (1.0, 0.0),
    "east": (1.0, 0.5),
    "southeast": (1.0, 1.0),
    "south": (0.5, 1.0),
    "southwest": (0.0, 1.0),
    "west": (0.0, 0.5),
    "northwest": (0.0, 0.0),
}
TILE: Final = "tile"
_FLAGS: Final = dict.fromkeys(("", "true", "1", "yes", "on"), True) | dict.fromkeys(("false", "0", "no", "off"), False)
_WEIGHTS: Final = {"light": 300, "normal": 400, "semi-bold": 600, "bold": 700, "extra-bold": 800} | {
    str(weight): weight for weight in range(100, 1_000, 100)
}


def _tone(strength: float, red: int, green: int, blue: int) -> ColourAdjustment:
    return ColourAdjustment(tint=Colour(red, green, blue, round(strength * 255)))


TONES: Final = {
    "none": ColourAdjustment(),
    "sepia": ColourAdjustment(sepia=100.0),
    "warm": _tone(0.35, 255, 150, 60),
    "cold": _tone(0.35, 60, 140, 255),
    "sunset": _tone(0.5, 255, 110, 40),
    "purpletan": _tone(0.5, 190, 120, 170),
    "texas": _tone(0.5, 200, 150, 80),
    "aurora": _tone(0.5, 60, 200, 160),
    "blackberry": _tone(0.5, 110, 50, 130),
    "coffee": _tone(0.6, 140, 95, 60),
    "clearwater": _tone(0.5, 60, 180, 200),
    "dusk": _tone(0.5, 120, 90, 150),
    "stereo": _tone(0.4, 150, 170, 120),
}


def _row(
    names: str,
    meaning: str,
    native: str,
    read: Reader[object] | Callable[[str], object],
    expects: str = "",
    note: str = "",
) -> Row:
    reader: Reader[object] = Reading(read, expects) if expects else read  # type: ignore[assignment]
    status = Status.DIFFERS if note else Status.SUPPORTED
    return OptionRow(Option(tuple(names.split()), meaning, native, note, status), reader)


def _ignored(names: str, meaning: str, note: str = "") -> Row:
    return OptionRow(Option(tuple(names.split()), meaning, note=note, status=Status.IGNORED), Reading(str, "anything"))


_LENGTH: Final = "pixels or a percentage"
_FLAG: Final = Words(_FLAGS, folds_case=True)
_PLACE: Final = Words(PLACES, folds_case=True)
_ROUGH: Final = "The scale of the service is not documented."


def _length(names: str, meaning: str, native: str, note: str = "") -> Row:
    return _row(names, meaning, native, values.side, _LENGTH, note)


def _start(names: str, meaning: str) -> Row:
    return _row(names, meaning, "`crop`", values.start, "pixels, a percentage or center")


def _offset(names: str, meaning: str) -> Row:
    return _row(names, meaning, "`overlay` with `x`, `y`", values.offset, _LENGTH)


def _colour(names: str, meaning: str, native: str, note: str = "") -> Row:
    return _row(names, meaning, native, values.colour, "a colour", note)


def _percent(names: str, meaning: str, native: str, note: str = "") -> Row:
    return _row(names, meaning, native, values.percentage, "a number from 0 to 100", note)


def _signed(name: str, note: str = "") -> Row:
    return _row(name, f"{name.capitalize()}, -100 to 100.", f"`{name}`", values.signed_percentage,
                "a number from -100 to 100", note)  # fmt: skip


ROWS: Final[tuple[Row, ...]] = (
    _length("w scale.width", "Width: pixels, or percent of that of the image.", "`width`"),
    _length("h scale.height", "Height, as `w`.", "`height`"),
    _length("s", "The longer side, if neither `w` nor `h` is there.", "`width`, `height`"),
    _row("scale.option scale", "`fit` (default, enlarges), `fill` (covers, uncut), `ignore` (distorts), `noup`.",
         "`fit`, `enlarge`", Words({word.value: word for word in Scale}, folds_case=True)),
    _row("thumbnail", "Side of a square that is cut out of the middle; 256 without a number.", "`fit=cover`",
         lambda text: Integer(1, values.MAX_SIDE)(text or "256"), "a whole number"),
    _start("crop.x cx", "Left edge of the crop, after the scaling; or `center`, `right`."),
    _start("crop.y cy", "Upper edge of the crop; or `center`, `bottom`."),
    _length("crop.width cw", "Width of the crop.", "`crop`"),
    _length("crop.height ch", "Height of the crop.", "`crop`"),
    _row("crop.aspectratio crop.aspectRatio crop.aspect_ratio", "Ratio of the crop, `16:9`, in the middle.",
         "`crop_aspect`", aspect, "a ratio"),
    _row("crop.type", "`trim` cuts a border off, `face` and `poi` keep faces or what draws attention.",
         "`trim`, `gravity=face`, `gravity=smart`", Words({word.value: word for word in AutoCrop}, folds_case=True),
         note="`face` and `poi` cut to `crop.aspectratio`, or to the shape of `w` and `h`, else to a square."),
    _row("autocrop", "As `crop.type=trim`.", "`trim`", _FLAG),
    _length("crop.pad.x crop.pad.width", "Padding left and right of what `crop.type=trim` keeps.", "`trim_padding`",
            "One padding for both directions: the larger."),
    _length("crop.pad.y crop.pad.height", "Padding above and below.", "`trim_padding`", "As above."),
    _length("canvas.width", "Width of a canvas around the image; a smaller one cuts.", "`canvas`"),
    _length("canvas.height", "Height of the canvas.", "`canvas`"),
    _row("canvas.aspectratio canvas.aspectRatio canvas.aspect_ratio", "Ratio of the canvas.", "`canvas`", aspect,
         "a ratio"),
    _colour("canvas.color", "Colour of the canvas; transparent without it.", "`background`"),
    _percent("canvas.opacity", "Opacity of the canvas.", "`background`"),
    _row("canvas.position", "Place of the image on it: `center`, `north`, `northeast`, …", "`canvas`", _PLACE),
    _length("canvas.border.width", "Border left and right of the canvas.", "`padding`"),
    _length("canvas.border.height", "Border above and below the canvas.", "`padding`"),
    _colour("canvas.border.color", "Colour of the border; that of the canvas without it.", "`background`"),
    _percent("canvas.border.opacity", "Opacity of the border.", "`background`"),
    _row("rotate", "Degrees clockwise, after the canvas.", "`rotate`", values.degrees, "degrees from -180 to 180"),
    _row("flip", "Mirrors vertically.", "`flip=v`", _FLAG),
    _row("flop", "Mirrors horizontally.", "`flip=h`", _FLAG),
    _percent("opacity", "Opacity.", "`opacity`"),
    *(_signed(name) for name in ("brightness", "contrast", "saturation", "lightness", "shadows", "highlights")),
    _signed("exposure", "100 is 2 stops."),
    _signed("hue", "100 is half a turn."),
    _row("colorlevel.black", "What becomes black, 0 to 254.", "`levels`", Integer(0, 254, clamps=True)),
    _row("colorlevel.white", "What becomes white, 1 to 255.", "`levels`", Integer(1, 255, clamps=True)),
    _row("grayscale greyscale", "Grey.", "`grayscale`", _FLAG),
    _percent("blur", "Blur: the sigma in pixels.", "`blur`, `blur_space=srgb`", _ROUGH),
    _percent("sharpen", "Sharpens.", "`sharpen` (÷ 20)", _ROUGH),
    _colour("colorize.color colorize", "Colour over the image; black without it.", "`colorize`"),
    _percent("colorize.opacity", "Its opacity.", "`colorize`"),
    _row("colortone", "`" + "`, `".join(TONES) + "`.", "`sepia`, `tint`", Words(TONES, folds_case=True),
         note="All but `sepia` are similar tints."),
    _colour("colortone.color", "Colour of a tone.", "`tint`"),
    _percent("colortone.level", "Its strength.", "`tint`"),
    _row("colortone.mode", "`solid`, `highlights` or `shadows`.", "`tint`, `duotone`",
         Words({word: word for word in ("solid", "highlights", "shadows")}, folds_case=True),
         note="`highlights` and `shadows` are duotones."),
    _row("vignette.value vignette vigette.value", "Darkens the edges, 0 to 100; 20 without a number.", "`vignette`",
         values.vignette, "a number from 0 to 100", _ROUGH),
    _colour("vignette.color vigette.color", "Colour of the edges.", "`vignette`", "Always black."),
    _row("frame.style", "`solid` (or `simple`), `mirror`, `edge`, `none`.", "`padding`, `extend`",
         Words({word.value: word for word in Frame} | dict.fromkeys(("simple", "deckled", "dither", "mask"),
                                                                    Frame.SOLID), folds_case=True),
         note="`deckled`, `dither` and `mask` are solid."),
    _colour("frame.color", "Colour of the frame; white without it.", "`background`"),
    _length("frame.width", "Its width; 5% without it.", "`padding`", "Percent are those of the width for the frame "
            "left and right, of the height above and below."),
    _colour("frame.rim.color frame.rimcolor", "Colour of a line between image and frame.", "`padding`"),
    _length("frame.rim.width frame.rimwidth", "Width of the line, in pixels.", "`padding`"),
    _row("format", "`optimal` (WebP by `Accept`), `original`, `jpg`, `png`, `webp`, `gif`, `avif`.", "`format`",
         Words(FORMATS, folds_case=True)),
    _row("webp.fallback webp-fallback", "`jpg` or `png` for clients without WebP.", "`format`",
         Words({"jpg": Format.JPEG, "jpeg": Format.JPEG, "png": Format.PNG}, folds_case=True)),
    _row("q quality", "Quality, 80 by default.", "`quality`", Integer(0, 100, clamps=True),
         note="One scale of perceived quality for all formats."),
    _row("progressive", "Progressive JPEG; `true` by default.", "`progressive`", _FLAG),
    _row("subsampling", "`4:4:4`, `4:2:2` or `4:2:0`.", "`subsampling`",
         Words({"4:4:4": Subsampling.S444, "4:2:2": Subsampling.S422, "4:2:0": Subsampling.S420}
               | {one.value: one for one in (Subsampling.S420, Subsampling.S422, Subsampling.S444)})),
    _row("stripmetadata", "`false` keeps the metadata.", "`metadata`", _FLAG),
    _row("page", "Page of a document.", "`page`", Integer(1, 65_535)),
    _row("dl", "Sends a download.", "", _FLAG),
    _ignored("png.optimize png.compression png.filtering gif.lossy filter", "How files are compressed."),
    _ignored("histogram tiltshift clipPath tile.width tile.height tile.number", "Histogram, tilt-shift, clipping paths "
             "and tiles."),
)  # fmt: skip
TABLE: Final = by_name(ROWS)

TEXT_ROWS: Final[tuple[Row, ...]] = (
    _row("text", "The text.", "`overlay=text:`", str, "a text"),
    _row("text64", "The text in base64.", "`overlay=text:`", lambda text: base64url_decode(text).decode(), "base64"),
    _row("size", "Width of the text, in percent of that of the image; 25% without it. With `font.size`, where lines "
         "wrap.", "`overlay` with `w`", values.share_of_width, "a percentage"),
    _row("position", "Place: `southeast` (default), `center`, `north`, …", "`overlay` with `gravity`", _PLACE),
    _row("position.gravity", "Place that the offsets count from.", "`overlay` with `gravity`", _PLACE),
    _offset("position.x", "Offset to the right: pixels or percent of the width."),
    _offset("position.y", "Offset downwards."),
    _row("align", "`left`, `center` (default) or `right`, for several lines.", "`overlay` with `align`",
         Words({"left": Align.LEFT, "center": Align.CENTRE, "right": Align.RIGHT}, folds_case=True)),
    _row("font.family", "Font family.", "`overlay` with `font`", values.family, "a name",
         "Of the fonts of the server."),
    _row("font.size", "Size of the letters in pixels, in place of `size`.", "`overlay` with `size`", values.side,
         "pixels"),
    _row("font.weight", "Weight: a number, or `light`, `normal`, `semi-bold`, `bold`, `extra-bold`.", "`overlay`",
         Words(_WEIGHTS, folds_case=True), note="Bold from 600 on."),
    _row("font.style", "`italic` or `normal`.", "`overlay`", Words({"normal": False, "italic": True}, folds_case=True)),
    _colour("color", "Colour of the text; grey without it.", "`overlay` with `color`"),
    _percent("opacity", "Opacity.", "`overlay` with `opacity`"),
    _length("outline.width", "Width of the outline in pixels, at most 20.", "`overlay` with `stroke`"),
    _colour("outline.color", "Its colour; black without it.", "`overlay` with `stroke`"),
    _percent("outline.opacity", "Its opacity.", "`overlay` with `stroke`"),
    _colour("background.color", "Colour behind the text.", "`overlay` with `background`"),
    _percent("background.opacity", "Its opacity.", "`overlay` with `background`"),
    _ignored("outline.blur style size.auto", "Blurred outlines, and styles."),
)  # fmt: skip
WATERMARK_ROWS: Final[tuple[Row, ...]] = (
    _row("image", "Path of an image.", "`overlay=url:`", str, "a path"),
    _length("scale.width", "Width: pixels, or percent of that of the result.", "`overlay` with `w`"),
    _length("scale.height", "Height.", "`overlay` with `h`"),
    _row("scale.option", "With both: `noup` (default), `fit`, `fill` or `ignore`.", "`overlay` with `fit`",
         Words({word.value: word for word in Scale}, folds_case=True), note="`noup` in percent may enlarge."),
    _row("position", "Place: `center` (default), `north`, …, or `tile`.", "`overlay` with `gravity`, `repeat`",
         Words({**PLACES, TILE: TILE}, folds_case=True)),
    _row("position.gravity", "Place that the offsets count from.", "`overlay` with `gravity`", _PLACE),
    _offset("position.x", "Offset to the right: pixels or percent of the width."),
    _offset("position.y", "Offset downwards."),
    _start("crop.x", "Left edge of a crop of it."),
    _start("crop.y", "Upper edge of the crop."),
    _length("crop.width", "Width of the crop.", "`overlay` with `then`"),
    _length("crop.height", "Height of the crop.", "`overlay` with `then`"),
    _length("canvas.width", "Width of a canvas around it.", "`overlay` with `then`"),
    _length("canvas.height", "Height of the canvas.", "`overlay` with `then`"),
    _colour("canvas.color", "Its colour.", "`overlay` with `then`"),
    _percent("canvas.opacity", "Its opacity.", "`overlay` with `then`"),
    _row("rotate", "Degrees clockwise.", "`overlay` with `rotate`", values.degrees, "degrees from -180 to 180"),
    _percent("opacity", "Opacity.", "`overlay` with `opacity`"),
    _row("layer", "`front` or `back`.", "`overlay` with `blend:behind`",
         Words({"front": False, "back": True}, folds_case=True)),
)  # fmt: skip
LAYER_TABLES: Final = {"text": by_name(TEXT_ROWS), "watermark": by_name(WATERMARK_ROWS)}
FIRST_NAMES: Final = {"text": "text", "watermark": "image"}
"""What ``text`` and ``watermark`` themselves mean."""


def _prefixed(layer: str, option: Option) -> Option:
    names = (layer if name == FIRST_NAMES[layer] else f"{layer}.{name}" for name in option.names)
    return Option(tuple(names), option.meaning, option.native, option.note, option.status)


OPTIONS: Final = (
    *options_of(ROWS),
    *(_prefixed("text", option) for option in options_of(TEXT_ROWS)),
    *(_prefixed("watermark", option) for option in options_of(WATERMARK_ROWS)),
    Option(("profile",), "A profile of the entry; options of the URL come before its own.", "`preset`"),
    Option(("info",), "Information as JSON.", "`/info`"),
)
