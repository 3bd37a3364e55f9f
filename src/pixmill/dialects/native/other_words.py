"""What people write from habit, or from another service, where a parameter has a word of its own.

A *synonym* is taken: it means exactly what our word means. A *hint* is refused, with the way to say it here, since the
word means something near, or needs another parameter. Both are looked at only once a grammar has refused a text, so
that they cost nothing where ours is written. Must never know a plan or a request.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pixmill.dialects.kit.colours import css_colour
from pixmill.dialects.native.grammars.choice_lists import ChoiceList
from pixmill.dialects.native.grammars.colours import ColourGrammar
from pixmill.dialects.native.grammars.formats import FormatGrammar
from pixmill.dialects.native.grammars.gravity import GravityGrammar
from pixmill.dialects.native.grammars.measurements import AngleGrammar, AspectRatioGrammar, AutoSide, SideGrammar
from pixmill.dialects.native.grammars.scalars import AutoDecimal, Choice, Grammar

MAX_CHARS: Final = 40
"""Longer texts are no words."""

_FLAG_WORDS: Final = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_GRAVITY_WORDS: Final = {
    "top": "north",
    "bottom": "south",
    "left": "west",
    "right": "east",
    "middle": "center",
    **{
        f"{first}{separator}{second}": f"{vertical}{horizontal}"
        for one, vertical in (("top", "north"), ("bottom", "south"))
        for other, horizontal in (("left", "west"), ("right", "east"))
        for first, second in ((one, other), (other, one))
        for separator in ("", "-", "_", " ", ",")
    },
    **{
        f"{vertical}{separator}{horizontal}": f"{vertical}{horizontal}"
        for vertical in ("north", "south")
        for horizontal in ("west", "east")
        for separator in ("-", "_", " ")
    },
    "attention": "smart",
    "sm": "smart",
    "entropy": "smart:entropy",
    "faces": "face",
}
_FORMAT_WORDS: Final = {"tif": "tiff", "heif": "heic", "jpe": "jpeg", "jfif": "jpeg", "apng": "png", "jpegxl": "jxl"}

WORDS_BY_GRAMMAR: Final[tuple[tuple[type, Mapping[str, str]], ...]] = (
    (GravityGrammar, _GRAVITY_WORDS),
    (FormatGrammar, _FORMAT_WORDS),
)
WORDS_BY_PARAM: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "rotate": {"right": "90", "left": "270", "clockwise": "90", "counterclockwise": "270"},
        "fit": {"scale-down": "inside", "scaledown": "inside", "stretch": "fill"},
        "metadata": {"none": "strip", "off": "strip", "on": "keep", "preserve": "keep"},
        "background": {"none": "transparent"},
        "page": {"first": "1"},
    }
)
"""Synonyms: words in lower case, and ours, which mean the same."""

_UNITS: Final[tuple[tuple[tuple[type, ...], re.Pattern[str], str], ...]] = (
    ((SideGrammar, AutoSide), re.compile(r"([0-9]{1,5})px"), r"\1"),
    ((SideGrammar, AutoSide), re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,4})?)%"), r"pct:\1"),
    ((AutoDecimal,), re.compile(r"([0-9]{1,2}(?:\.[0-9]{1,4})?)x"), r"\1"),
    ((AspectRatioGrammar,), re.compile(r"([0-9.]{1,9})[/x]([0-9.]{1,9})"), r"\1:\2"),
    ((AngleGrammar,), re.compile(r"(-?[0-9.]{1,7})deg"), r"\1"),
)
"""Numbers with their unit, and ours without it."""

_IN_ANY_CASE: Final = (
    Choice,
    ChoiceList,
    FormatGrammar,
    GravityGrammar,
    ColourGrammar,
    AngleGrammar,
    AutoSide,
    AutoDecimal,
)

_COVER, _INSIDE, _CONTAIN, _FILL = "fit=cover", "fit=inside, which is the default", "fit=contain", "fit=fill"
VALUE_HINTS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "fit": {
            **dict.fromkeys(("crop", "cropped", "fillcrop", "thumb", "lfill", "min", "slice"), _COVER),
            **dict.fromkeys(("clip", "max", "limit", "bound", "bounds", "down", "at_max", "resize"), _INSIDE),
            **dict.fromkeys(("pad", "padded", "letterbox", "fillmax", "lpad", "fit-in"), _CONTAIN),
            **dict.fromkeys(("scale", "squeeze", "force", "distort", "exact"), _FILL),
            "facearea": "fit=cover&gravity=face,close:1",
            "smart": "fit=cover&gravity=auto",
            "entropy": "fit=cover&gravity=smart:entropy",
            "face": "fit=cover&gravity=face",
            "none": "crop=window:WIDTH,HEIGHT, which cuts without scaling",
        },
        "crop": {
            **dict.fromkeys(("true", "1", "yes", "on", "fill", "cover", "center", "centre"), _COVER),
            **dict.fromkeys(("smart", "auto", "edges"), "fit=cover&gravity=auto"),
            "attention": "fit=cover&gravity=smart",
            **dict.fromkeys(("face", "faces"), "fit=cover&gravity=face"),
            **{side: f"fit=cover&gravity={_GRAVITY_WORDS[side]}" for side in ("top", "bottom", "left", "right")},
            "entropy": "fit=cover&gravity=smart:entropy",
        },
        "mode": {
            **dict.fromkeys(("crop", "cover"), _COVER),
            **dict.fromkeys(("max", "clip", "fit"), _INSIDE),
            **dict.fromkeys(("pad", "contain"), _CONTAIN),
            **dict.fromkeys(("stretch", "fill"), _FILL),
        },
        "format": {
            **dict.fromkeys(("pjpg", "pjpeg"), "format=jpeg&progressive=true"),
            "png8": "format=png&colors=256",
            "webp-lossless": "format=webp&lossless=true",
            "webply": "format=webp",
            "webpll": "format=webp&lossless=true",
        },
        "trim": dict.fromkeys(("true", "1px", "auto", "color", "colour", "border"), "trim=10"),
        "rotate": {"auto": "leave rotate out, images are turned upright by their EXIF orientation"},
        "blur": dict.fromkeys(("true", "on"), "blur=5"),
        "sharpen": dict.fromkeys(("true", "on"), "sharpen=1"),
        "quality": {
            "best": "quality=auto&mode=best",
            "low": "quality=50",
            "medium": "quality=70",
            "high": "quality=85",
        },
        **{side: {"0": f"leave {side} out, it follows from the other side"} for side in ("width", "height")},
    }
)
"""Refused words, and how to say it here."""

_OVERLAY: Final = "overlay=url:logo.png,gravity:southeast"
NAME_HINTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(
            ("image", "img", "image_url", "img_url", "uri", "href", "source", "file", "path", "link"), "url=…"
        ),
        **dict.fromkeys(("size", "resize", "dimensions", "s"), "width=… and height=…"),
        **dict.fromkeys(("max_w", "maxwidth", "maxw"), "max_width=…"),
        **dict.fromkeys(("max_h", "maxheight", "maxh"), "max_height=…"),
        **dict.fromkeys(("min_w", "minwidth"), "min_width=…"),
        **dict.fromkeys(("min_h", "minheight"), "min_height=…"),
        **dict.fromkeys(("ratio", "aspectratio"), "aspect=16:9"),
        **dict.fromkeys(("anchor", "focus", "align", "focal", "focal_point", "focus_point"), "gravity=…"),
        **dict.fromkeys(("fp_x", "fp_y", "focal_x", "focal_y", "fpx", "fpy"), "gravity=fp:0.3,0.75"),
        **dict.fromkeys(("fp_z", "fpz"), "gravity=fp:0.3,0.75,zoom:2"),
        **dict.fromkeys(("smart", "smartcrop", "smart_crop"), "fit=cover&gravity=auto"),
        **dict.fromkeys(("face", "faces", "facecrop"), "fit=cover&gravity=face"),
        **dict.fromkeys(
            ("withoutenlargement", "without_enlargement", "noupscale", "no_upscale"),
            "leave it out, nothing is enlarged without enlarge=true",
        ),
        **dict.fromkeys(("allow_enlargement", "el", "enlargement"), "enlarge=true"),
        **dict.fromkeys(("extract", "region", "rect", "crop_rect"), "crop=X,Y,WIDTH,HEIGHT"),
        **dict.fromkeys(("rotation", "angle", "rot", "ro"), "rotate=90"),
        **dict.fromkeys(
            ("orient", "exif_orientation", "autorotate", "auto_rotate"),
            "orientation=…, and images are upright by default",
        ),
        **dict.fromkeys(("flop", "mirror", "hflip"), "flip=horizontal"),
        "vflip": "flip=vertical",
        **dict.fromkeys(("bri", "bright"), "brightness=…"),
        **dict.fromkeys(("con",), "contrast=…"),
        **dict.fromkeys(("sat",), "saturation=…"),
        **dict.fromkeys(("sharp", "usm", "sh"), "sharpen=1"),
        **dict.fromkeys(("bl", "gaussian_blur", "gaussianblur"), "blur=5"),
        **dict.fromkeys(("pixellate", "px", "pix"), "pixelate=10"),
        **dict.fromkeys(("mono", "bw", "desaturate", "black_and_white", "filt", "gray", "grey"), "grayscale=true"),
        **dict.fromkeys(("auto", "fetch_format"), "format=auto, which is the default"),
        **dict.fromkeys(("output", "fmt", "ext", "type", "output_format", "filetype", "convert"), "format=webp"),
        **dict.fromkeys(("compress", "compression", "qlt"), "quality=75"),
        **dict.fromkeys(
            ("strip", "strip_metadata", "stripmeta", "meta", "exif", "keep_metadata"),
            "metadata=strip, which is the default",
        ),
        **dict.fromkeys(("colorspace", "color_space", "icc", "cs"), "profile=srgb"),
        **dict.fromkeys(("corner_radius", "border_radius", "corners", "round", "rounded"), "radius=20"),
        **dict.fromkeys(("bg_color", "background_color", "bgcolor", "bgc", "color", "colour"), "background=ffcc00"),
        **dict.fromkeys(("mark", "watermark", "wm", "logo"), _OVERLAY),
        **dict.fromkeys(("txt", "text", "caption"), "overlay=text:Hello,gravity:south"),
        **dict.fromkeys(("dl", "download", "attachment"), "filename=photo.jpg"),
        **dict.fromkeys(("ttl", "maxage", "cache", "cache_ttl"), "max_age=86400"),
        **dict.fromkeys(("default", "default_image", "defaultimage", "onerror", "error_image"), "fallback=…"),
        **dict.fromkeys(("sign", "signature", "hmac", "token"), "sig=…"),
        **dict.fromkeys(("exp", "expire", "expiry"), "expires=…"),
        **dict.fromkeys(
            ("t", "tr", "transform", "transformation", "transformations"), "a parameter for each operation"
        ),
        **dict.fromkeys(("density", "resolution"), "dpi=150"),
        **dict.fromkeys(("device_pixel_ratio", "pixel_ratio", "retina", "dppx"), "dpr=2"),
        **dict.fromkeys(("version", "ver", "rev", "cachebuster", "cache_buster"), "v=2"),
        **dict.fromkeys(("lqip", "blurhash", "thumbhash"), "format=lqip, blurhash or thumbhash"),
        **dict.fromkeys(("tag", "surrogate_key", "cache_tag"), "tags=…"),
    }
)
"""Refused names, in lower case and with underscores, and how to say it here."""


def canonical_text(name: str, grammar: Grammar[object], text: str) -> str | None:
    """Return our text for a synonym of a value, which the grammar still has to accept; None if there is none."""
    if len(text) > MAX_CHARS or not text.isascii():  # the lower case of some other letters is ASCII
        return None
    folded = text.lower()
    for kinds, pattern, replacement in _UNITS:
        if isinstance(grammar, kinds) and pattern.fullmatch(folded):
            return pattern.sub(replacement, folded)
    if isinstance(grammar, ColourGrammar) and folded.startswith("rgb"):
        return _hexadecimal(folded)
    word = _words_of(name, grammar).get(folded, folded)
    return word if word != folded or isinstance(grammar, _IN_ANY_CASE) else None


def value_hint(name: str, text: str) -> str:
    """Say how a refused value is said here; empty if it is unknown."""
    if not text:
        return f"here: leave {name} out for its default"
    hint = VALUE_HINTS.get(name, {}).get(text.lower()) if len(text) <= MAX_CHARS else None
    return f"here: {hint}" if hint else ""


def name_hint(name: str) -> str:
    """Say how a refused name is said here; empty if it is unknown."""
    hint = NAME_HINTS.get(name.lower().replace("-", "_"))
    return f"here: {hint}" if hint else ""


def _words_of(name: str, grammar: Grammar[object]) -> dict[str, str]:
    words = dict(WORDS_BY_PARAM.get(name, {}))
    if isinstance(grammar, Choice) and grammar.words.keys() >= {"true", "false"}:
        words = _FLAG_WORDS | words
    for kind, others in WORDS_BY_GRAMMAR:
        if isinstance(grammar, kind):
            words = {**others, **words}
    return words


def _hexadecimal(text: str) -> str | None:
    try:
        colour = css_colour(text)
    except ValueError:
        return None
    return f"{colour.red:02x}{colour.green:02x}{colour.blue:02x}{colour.alpha:02x}"
