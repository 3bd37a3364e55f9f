"""The parameters: keys, the readers of their values, and those that are refused. Knows no plans."""

from collections.abc import Mapping
from typing import Final

from pixmill.dialects.cloudinary import effects, values
from pixmill.dialects.cloudinary.grammar import split_component
from pixmill.dialects.kit.numbers import Integer, Reader, Reading, Words
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.errors import InvalidParameter, UnknownParameter
from pixmill.media import Format

Component = Mapping[str, object]
"""The values of a component by key."""

CROP_MODES: Final = (
    "scale",
    "fit",
    "limit",
    "mfit",
    "fill",
    "lfill",
    "fill_pad",
    "pad",
    "lpad",
    "mpad",
    "crop",
    "thumb",
    "auto",
    "auto_pad",
    "imagga_crop",
    "imagga_scale",
)
FORMATS: Final[Mapping[str, Format | None]] = {
    "auto": None,
    "jpg": Format.JPEG,
    "jpeg": Format.JPEG,
    "jpe": Format.JPEG,
    "jfif": Format.JPEG,
    "png": Format.PNG,
    "webp": Format.WEBP,
    "webpa": Format.WEBP,
    "avif": Format.AVIF,
    "gif": Format.GIF,
    "heic": Format.HEIC,
    "heif": Format.HEIC,
    "jxl": Format.JXL,
    "tif": Format.TIFF,
    "tiff": Format.TIFF,
    "bmp": Format.BMP,
    "ico": Format.ICO,
    "svg": Format.SVG,
}
UNMADE_FORMATS: Final = frozenset(
    {
        "jp2",
        "wdp",
        "jxr",
        "hdp",
        "pdf",
        "mp4",
        "webm",
        "mov",
        "ogv",
        "m3u8",
        "mpd",
        "eps",
        "psd",
        "ai",
        "djvu",
        "ept",
        "mp3",
        "wav",
    }
)

_USED_FLAGS: Final = (
    "animated",
    "apng",
    "attachment",
    "awebp",
    "cutter",
    "force_strip",
    "getinfo",
    "ignore_aspect_ratio",
    "keep_attribution",
    "keep_iptc",
    "layer_apply",
    "lossy",
    "no_overflow",
    "png8",
    "progressive",
    "relative",
    "strip_profile",
    "tiled",
)
_IDLE_FLAGS: Final = (
    "any_format",
    "clip",
    "clip_evenodd",
    "force_icc",
    "hlsv3",
    "immutable_cache",
    "no_stream",
    "original",
    "preserve_transparency",
    "png24",
    "png32",
    "rasterize",
    "region_relative",
    "sanitize",
    "streaming_attachment",
    "text_disallow_overflow",
    "text_no_trim",
    "tiff8_lzw",
)
FLAGS: Final = frozenset((*_USED_FLAGS, *_IDLE_FLAGS))
IDLE_FLAGS: Final = frozenset((*_IDLE_FLAGS, "attachment"))
"""Those that leave the image as it is."""

FLAG_SEPARATOR: Final = "."


def _flags(text: str) -> tuple[str, ...]:
    """Read flags joined by dots; the name behind ``attachment:`` may have dots itself."""
    flags: list[str] = []
    for piece in text.split(FLAG_SEPARATOR, 64):
        name = piece.partition(":")[0]
        if flags and flags[-1].startswith("attachment:") and name not in FLAGS:
            flags[-1] += FLAG_SEPARATOR + piece
        elif name in FLAGS:
            flags.append(piece)
        else:
            raise ValueError("not a flag that is known here")
    return tuple(flags)


def _format(text: str) -> str:
    word = text.partition(":")[0]
    if word in UNMADE_FORMATS:
        raise ValueError("this format is not made here")
    if word not in FORMATS:
        raise ValueError("not a format")
    return word


def _text(text: str) -> str:
    if not text:
        raise ValueError("empty")
    return text


def _named(text: str) -> tuple[str, ...]:
    return tuple(text.split(".", 16))


def _seconds(text: str) -> float | None:
    return None if text == "auto" else _TIME(text)


_TIME: Final = values.Number(0, 86_400)
_SIDE: Final = Reading(values.side, "pixels, a share such as 0.5, or auto")
_PLACE: Final = Reading(values.coordinate, "pixels, or a share such as 0.1")
_TEXT: Final = Reading(_text, "a text")

_Row = OptionRow[Reader[object]]


def _row(names: str, meaning: str, native: str, read: Reader[object], note: str = "") -> _Row:
    return OptionRow(Option(tuple(names.split()), meaning, native, note, Status.DIFFERS if note else _WORKS), read)


_WORKS: Final = Status.SUPPORTED

ROWS: Final[tuple[_Row, ...]] = (
    _row(
        "c",
        "`scale` (default), `fit`, `limit`, `mfit`, `fill`, `lfill`, `fill_pad`, `pad`, `lpad`, `mpad`, `crop`, "
        "`thumb`, `auto`, `auto_pad`.",
        "`fit`, `enlarge`, `crop`, `canvas`",
        Words({mode: mode for mode in CROP_MODES}),
        "`fill_pad` fills, `auto_pad` pads; `imagga_…` is refused.",
    ),
    _row("w", "Width: pixels, a share of the image, `auto` by client hints.", "`width`", _SIDE),
    _row("h", "Height: pixels, or a share of the image.", "`height`", _SIDE),
    _row("ar", "Aspect ratio: `16:9` or `1.5`.", "`aspect`", Reading(values.aspect, "a ratio such as 16:9 or 1.5")),
    _row(
        "g",
        "Direction, `auto`, `face`, `faces`, `xy_center`.",
        "`gravity`",
        Reading(values.gravity, "a direction, auto, face, faces or xy_center"),
        "Other objects, `custom` and `ocr_text` are refused; the focus of `auto:…` is ignored, but for faces.",
    ),
    _row("x", "Distance from the gravity, or left edge of a crop.", "`gravity=n:x,y`, `crop`", _PLACE),
    _row("y", "Distance from the gravity, or top edge of a crop.", "`gravity=n:x,y`, `crop`", _PLACE),
    _row("z", "Zoom of `thumb`, `fill` and `crop`.", "`gravity` … `zoom`", values.Number(0.01, 100)),
    _row(
        "dpr",
        "Multiplies `w`, `h`, `x` and `y`; `auto` by client hints. Alone in a component, those of all others.",
        "`dpr`",
        Reading(values.ratio_of, "a number, or auto"),
    ),
    _row(
        "q",
        "1 to 100, `auto` with `best`, `good`, `eco` or `low`; chroma subsampling behind a colon.",
        "`quality`, `subsampling`",
        Reading(values.quality, "1 to 100, or auto"),
        "One scale of perceived quality for all formats.",
    ),
    _row(
        "f",
        "Format; `auto` by `Accept`. Takes precedence over the extension.",
        "`format`",
        Reading(_format, "auto, or the name of a format"),
        "`jp2`, `wdp`, `pdf`, `psd` and videos are refused.",
    ),
    _row(
        "a",
        "Degrees, `hflip`, `vflip`, `ignore`.",
        "`rotate`, `flip`, `orientation=none`",
        Reading(values.angle, "degrees, hflip, vflip, ignore or exif"),
        "`auto_right` and `auto_left` are refused.",
    ),
    _row(
        "r",
        "Radii of the corners, or `max`.",
        "`radius`, `mask=ellipse`",
        Reading(values.radii, "1 to 4 radii, or max"),
    ),
    _row(
        "bo",
        "`4px_solid_red`.",
        "`border`",
        Reading(values.border, "a border such as 4px_solid_red"),
        "Drawn inside: the image keeps its size.",
    ),
    _row(
        "b",
        "Colour of padding, of corners and behind transparency; `auto`, `blurred`.",
        "`background`, `flatten`, `extend`",
        Reading(values.background, "a colour, auto or blurred"),
        "`auto` is the average colour; the strength of `blurred` is fixed; `gen_fill` is refused.",
    ),
    _row("co", "Colour of a text, and for `e_colorize`.", "in the operation", Reading(values.colour, "a colour")),
    _row("o", "Opacity of the image or of a layer, in percent.", "`opacity`", values.Number(0, 100)),
    _row("e", "An effect: see below.", "", _TEXT),
    _row("l", "Layer: public id, `text:…`, `fetch:…`.", "`overlay`", _TEXT, "Other kinds of layers are refused."),
    _row("u", "Layer under the image.", "`overlay` … `blend:behind`", _TEXT),
    _row(
        "fl",
        "Flags, joined by dots. These have an effect: " + ", ".join(f"`{flag}`" for flag in _USED_FLAGS) + ".",
        "`progressive`, `filename`, `metadata`, `colors` …",
        Reading(_flags, "flags joined by dots"),
        "These need none: " + ", ".join(f"`{flag}`" for flag in _IDLE_FLAGS) + ". Others are refused.",
    ),
    _row("t", "Named transformations, joined by dots.", "`preset`", Reading(_named, "names")),
    _row("d", "Public id of the image that is sent for a missing one.", "`fallback`", _TEXT),
    _row("pg", "Page or frame.", "`page`", Integer(1, 65_535), "`name:` and ranges are refused."),
    _row("dn", "Resolution of a drawing.", "`dpi`", Integer(1, 1_200)),
    _row(
        "cs",
        "Colour space: `srgb`, `tinysrgb`, `no_cmyk`, `copy`.",
        "`profile`",
        Words(dict.fromkeys(("srgb", "tinysrgb", "no_cmyk", "srgb:truecolor"), "srgb") | {"copy": "keep"}),
        "Others are refused.",
    ),
    _row("dl", "Delay of the frames in milliseconds.", "`frame_delay`", Integer(1, 65_535)),
    _row("so", "Second of a video.", "`second`", Reading(_seconds, "seconds, or auto")),
)


def _unsupported(names: str, meaning: str, note: str) -> Option:
    return Option(tuple(names.split()), meaning, "", note, Status.REFUSED)


REFUSED: Final = (
    _unsupported("if", "Conditions.", "They are not evaluated: the image would be another one."),
    _unsupported("$", "Variables and arithmetic.", "They are not evaluated."),
    _unsupported("fn", "Functions.", "They are not called."),
    _unsupported("p", "Prefixes of selectors.", "No sprites are made."),
    _unsupported("vs vc ac af br bp du eo fps ki sp", "Videos and sounds.", "Videos are originals of stills only."),
)
_REFUSED: Final = {name: option for option in REFUSED for name in option.names}

READERS: Final = by_name(ROWS)
KEYS: Final = READERS.keys() | _REFUSED.keys()
OPTIONS: Final = (*options_of(ROWS), *effects.OPTIONS, *REFUSED)

_MEANINGS: Final = {
    "w": "width",
    "h": "height",
    "ar": "aspect ratio",
    "g": "gravity",
    "q": "quality",
    "f": "format",
    "c": "crop",
    "a": "angle",
    "r": "radius",
    "e": "effect",
    "b": "background",
    "co": "color",
    "o": "opacity",
    "fl": "flag",
    "l": "overlay",
    "u": "underlay",
    "bo": "border",
    "z": "zoom",
    "pg": "page",
    "dn": "density",
    "dl": "delay",
    "so": "start offset",
    "cs": "color space",
    "d": "default image",
    "t": "named transformation",
}
"""Words for keys in error messages."""


def invalid(key: str, value: str, reason: str) -> InvalidParameter:
    """Return the error for a value of a parameter."""
    return InvalidParameter(f"Invalid {_MEANINGS.get(key, key)} in transformation: {value[:64]} ({reason})", param=key)


def read_component(raw: bytes) -> Component:
    """Read a component; the last value of a key counts. Raises BadRequest."""
    component: dict[str, object] = {}
    for key, text in split_component(raw):
        option = _REFUSED.get(key)
        if option is not None:
            raise InvalidParameter(f"{option.meaning[:-1]} ({key}) are not supported. {option.note}", param=key)
        if key not in READERS:
            raise UnknownParameter(f"Unknown parameter in transformation: {key[:16]}", param=key[:16])
        reader = READERS[key].read
        try:
            value = reader(text)
        except ValueError:
            raise invalid(key, text, f"must be {reader.expects}") from None
        if key == "fl":
            earlier = component.get("fl", ())
            value = (*earlier, *value) if isinstance(earlier, tuple) and isinstance(value, tuple) else value
        component[key] = value
    return component
