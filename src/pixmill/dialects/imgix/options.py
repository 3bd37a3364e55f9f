"""The parameters of imgix and its relatives as one table: names, how values are read, and native equivalents.

A value that its reader does not accept is as good as none, as in these services. Must never know what a parameter does
to a plan: ``geometry.py``, ``appearance.py``, ``overlays.py`` and ``output.py`` look the values up by the first name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, TypeVar, cast

from pixmill.dialects.imgix.values import (
    MAX_LENGTH,
    MAX_SIDE,
    Listed,
    Real,
    Whole,
    boolean,
    colour,
    edge,
    first_number,
    plain_text,
    radii,
    rect,
    reference,
    side,
    timestamp,
    word_list,
)
from pixmill.dialects.kit.numbers import Words
from pixmill.dialects.kit.options import Option, Status, options_of
from pixmill.dialects.kit.plan_values import aspect
from pixmill.plan.colour import Colour
from pixmill.plan.ops import Flip
from pixmill.plan.output import Profile, Subsampling
from pixmill.plan.overlays import Blend
from pixmill.plan.source import SourceRef

T = TypeVar("T")


class Values(dict[str, object]):
    """What a URL says: values as their readers return them, by the first name of the parameter."""

    def value(self, key: str, default: T) -> T:
        """Return a value of the type of the default, which the reader of the row has."""
        return cast("T", self.get(key, default))

    def find(self, key: str, kind: type[T]) -> T | None:
        """Return a value of a type, None if it is not given."""
        value = self.get(key)
        return value if isinstance(value, kind) else None


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter and its reader, which raises ValueError; None if the value has no effect."""

    option: Option
    read: Callable[[str], object] | None

    @property
    def key(self) -> str:
        return self.option.names[0]


def _row(names: str, read: Callable[[str], object] | None, meaning: str, native: str = "", note: str = "") -> Row:
    status = Status.IGNORED if read is None else Status.DIFFERS if note else Status.SUPPORTED
    return Row(Option(tuple(names.split()), meaning, native, note, status), read)


def _words(words: str) -> Words[str]:
    return Words({word: word for word in words.split()}, folds_case=True)


def _colour_or_reference(text: str) -> Colour | SourceRef:
    try:
        return colour(text)
    except ValueError:
        return reference(text)


def _mask(text: str) -> str | SourceRef:
    return text.lower() if text.lower() in ("ellipse", "corners") else reference(text)


_SIDES: Final = ("top", "right", "bottom", "left")
_ORIENTATIONS: Final = {str(number): number for number in range(9)} | {"90": 6, "180": 3, "270": 8}
_FLIPS: Final = {"h": Flip.HORIZONTAL, "v": Flip.VERTICAL, "hv": Flip.BOTH, "vh": Flip.BOTH}
_SUBSAMPLINGS: Final = {mode.value: mode for mode in (Subsampling.S420, Subsampling.S422, Subsampling.S444)}
_PROFILES: Final = {
    "origin": Profile.KEEP,
    "adobergb1998": Profile.ADOBE,
    **dict.fromkeys(("srgb", "tinysrgb", "strip"), Profile.SRGB),
}
_BLENDS: Final = {
    "color": Blend.COLOUR,
    "burn": Blend.COLOUR_BURN,
    "dodge": Blend.COLOUR_DODGE,
    "darken": Blend.DARKEN,
    "difference": Blend.DIFFERENCE,
    "exclusion": Blend.EXCLUSION,
    "hardlight": Blend.HARD_LIGHT,
    "hue": Blend.HUE,
    "lighten": Blend.LIGHTEN,
    "luminosity": Blend.LUMINOSITY,
    "multiply": Blend.MULTIPLY,
    "overlay": Blend.OVERLAY,
    "saturation": Blend.SATURATION,
    "screen": Blend.SCREEN,
    "softlight": Blend.SOFT_LIGHT,
    "normal": Blend.NORMAL,
}
_PERCENT: Final = Whole(-100, 100)
_LENGTH: Final = Whole(0, MAX_LENGTH)
_LIMIT: Final = Whole(1, MAX_SIDE, strict=True)
_UNIT: Final = Real(0, 1, strict=True)
_ALIGNMENT: Final = word_list("top middle bottom left right center")
_LOOK: Final = "How strong it is, is an estimate."

_SIZE: Final = (
    _row("w width", side, "Width: pixels from 2 to 8192, or a share of the original's from 0 to 1.", "`width`"),
    _row("h height", side, "Height, as `w`.", "`height`"),
    _row(
        "fit f",
        _words("clamp clip crop facearea fill fillmax max min scale"),
        "`clip` (default), `max`, `crop`, `scale`, `min`, `fill`, `fillmax`, `clamp` or `facearea`.",
        "`fit`, `enlarge`, `extend`",
        "`facearea` shows all faces.",
    ),
    _row(
        "crop",
        word_list("top bottom left right faces entropy edges focalpoint smart center attention"),
        "What `fit=crop` keeps: `top`, `bottom`, `left`, `right`, `faces`, `entropy`, `edges` or `focalpoint`.",
        "`gravity`",
        "`edges`, and `faces` where there are none, keep what attracts attention.",
    ),
    _row("ar", aspect, "Aspect ratio, with `fit=crop`, `fill` or `fillmax`.", "`aspect`"),
    _row("dpr", Real(Fraction(3, 4), 5, strict=True), "Device pixel ratio, with `w` or `h`.", "`dpr`"),
    _row("min-w min-width", _LIMIT, "Least width, with `fit=crop`; cuts what is too high.", "`min_width`"),
    _row("min-h min-height", _LIMIT, "Least height, with `fit=crop`; cuts what is too wide.", "`min_height`"),
    _row("max-w max-width", _LIMIT, "Greatest width, with `fit=crop`.", "`max_width`"),
    _row("max-h max-height", _LIMIT, "Greatest height, with `fit=crop`.", "`max_height`"),
    _row(
        "rect",
        rect,
        "Region of the original: x, y, width, height in pixels or shares; `left`, `center`, `right` and `top`, "
        "`middle`, `bottom` place it.",
        "`crop`",
    ),
    _row("fp-x", _UNIT, "Focal point, with `crop=focalpoint`.", "`gravity=fp:…`"),
    _row("fp-y", _UNIT, "Focal point, with `crop=focalpoint`.", "`gravity=fp:…`"),
    _row("fp-z", Real(1, 100, strict=True), "Zoom at the focal point.", "`gravity=fp:…,zoom:…`"),
    _row("facepad", Real(1, 10), "Room around the faces of `fit=facearea`.", "`gravity=face:…`", _LOOK),
    _row("faceindex", None, "Which face `fit=facearea` shows."),
    _row("faces", None, "Faces in `fm=json`."),
    _row("fp-debug", None, "Marks the focal point."),
)

_FILL: Final = (
    _row("bg", colour, "Colour behind the image and in the padding; alpha stands in front.", "`flatten`, `background`"),
    _row(
        "fill",
        _words("solid blur gen generative gradient"),
        "What fills the rest of `fit=fill` and `fillmax`.",
        "`background`, `extend`",
        "`gen` is the blur that the service falls back to.",
    ),
    _row("fill-color fillcolor", colour, "Colour of `fill=solid`.", "`background`"),
    _row("fill-max", _words("source"), "`source`: the canvas of `fillmax` is not larger than the original.", "`clamp`"),
    _row(
        "fill-gradient-linear",
        Listed(colour, 2, 16),
        "Colours of `fill=gradient`.",
        "`gradient`",
        "The first and the last of them, mixed in sRGB.",
    ),
    _row(
        "fill-gradient-linear-direction",
        word_list("top bottom left right"),
        "Where the gradient begins and ends: `top,bottom` (default).",
        "`gradient`",
    ),
    _row(
        "fill-gradient-type fill-gradient-cs fill-gradient-radial fill-gradient-radial-radius fill-gradient-radial-x "
        "fill-gradient-radial-y",
        None,
        "Other gradients.",
    ),
    _row(
        "fill-gen-fallback fill-generative-fallback",
        boolean,
        "`false`: an error, as nothing is generated here.",
    ),
    _row(
        "fill-gen-neg-prompt fill-generative-negative-prompt fill-gen-pos fill-generative-position fill-gen-prompt "
        "fill-generative-prompt fill-gen-seed fill-generative-seed",
        None,
        "What is generated.",
    ),
    _row("transparency grid-colors grid-size", None, "A grid behind transparent parts."),
)

_ROTATION: Final = (
    _row(
        "orient or",
        Words(_ORIENTATIONS),
        "Replaces the EXIF orientation: 1 to 8, or 90, 180, 270 clockwise; 0 keeps it.",
        "`orientation`",
    ),
    _row("flip", Words(_FLIPS, folds_case=True), "`h`, `v` or `hv`.", "`flip`"),
    _row("rot", Real(-359, 359), "Degrees counter-clockwise; in Gumlet clockwise.", "`rotate`"),
    _row(
        "rot-type rott rottype",
        _words("pivot straighten"),
        "How other than right angles are turned.",
        "",
        "`straighten` shows the corners, as `pivot` does.",
    ),
    _row("trim", _words("auto color alpha colorunlessalpha"), "Removes borders.", "`trim`"),
    _row("trim-color trimcolor", colour, "Colour of the border for `trim=color`.", "`trim_color`"),
    _row("trim-tol trimtol", Real(0, 255), "Tolerance of `trim=color`: 0 by default.", "`trim`"),
    _row("trim-md trimmd", Real(0, 255), "Tolerance of `trim=auto`: 11 by default.", "`trim`", _LOOK),
    _row("trim-alpha", Real(0, 255), "Tolerance of `trim=alpha`.", "`trim`"),
    _row("trim-pad trimpad", Whole(-200, 200), "What is kept of the border; below 0 more is cut.", "`trim_padding`"),
    _row("trim-sd trimsd", None, "Density of the border."),
)

_ADJUSTMENT: Final = (
    _row("bri", _PERCENT, "Brightness.", "`brightness`", _LOOK),
    _row("con", _PERCENT, "Contrast.", "`contrast`", _LOOK),
    _row("exp", _PERCENT, "Exposure.", "`exposure` (÷ 50)", _LOOK),
    _row("gam", _PERCENT, "Gamma.", "`gamma`", _LOOK),
    _row("high", Whole(-100, 0), "Highlights.", "`highlights`", _LOOK),
    _row("shad", Whole(0, 100), "Shadows.", "`shadows`", _LOOK),
    _row("hue", Whole(0, 360), "Turns the hues, in degrees.", "`hue`"),
    _row("sat", _PERCENT, "Saturation; -100 is grey.", "`saturation`"),
    _row("vib", _PERCENT, "Vibrance.", "`vibrance`", _LOOK),
    _row("invert inv", boolean, "Inverts the colours.", "`invert`"),
    _row("sharp", Real(0, 100), "Sharpens.", "`sharpen` (÷ 20)", _LOOK),
    _row("usm", _PERCENT, "Unsharp mask.", "`unsharp` (÷ 50)", f"{_LOOK} Negative ones have no effect."),
    _row("usmrad", Real(0, 500), "Radius of `usm`: 2.5 by default.", "`unsharp`", "At most 10."),
    _row("nr", _PERCENT, "Reduces noise.", "`median`", _LOOK),
    _row("nrs", _PERCENT, "Sharpens after `nr`.", "`sharpen`", _LOOK),
    _row("blur", Whole(0, 2_000), "Blurs.", "`blur` (÷ 10)", _LOOK),
    _row("px", Whole(0, 100), "Blocks of this many pixels.", "`pixelate`"),
    _row("sepia", Whole(0, 100), "Sepia.", "`sepia`"),
    _row("monochrome mono", colour, "Shades of this colour.", "`monochrome`"),
    _row("duotone", Listed(colour, 2, 2), "Two colours, of shadows and of lights.", "`duotone`"),
    _row("duotone-alpha", Whole(0, 100, strict=True), "Opacity of the two colours.", "`duotone`"),
    _row("htn", None, "Halftone."),
    _row("face-blur", Whole(0, 100, strict=True), "Blurs faces.", "`blur_faces`", _LOOK),
    _row("face-pixel face-pixelate", Whole(0, 100, strict=True), "Pixelates faces.", "`pixelate_faces`"),
    _row("lp-blur license-plate-blur", None, "Blurs number plates."),
)

_SHAPE: Final = (
    _row("mask", _mask, "`ellipse`, `corners`, or an image, whose light shows.", "`mask`, `radius`"),
    _row("mask-bg maskbg", colour, "Colour outside of the mask.", "`flatten`"),
    _row("corner-radius", radii, "Radius of the corners, or four, with `mask=corners`.", "`radius`"),
    _row("border", edge, "Width and colour of a border.", "`border`"),
    *(_row(f"border-{name}", Whole(0, 100), f"Width of the border: {name}.", "`overlay`") for name in _SIDES),
    _row("border-radius", radii, "Radius of the corners of the border.", "`radius`"),
    _row("border-radius-inner border-stroke-color border-stroke-size", None, "Inner edge of the border."),
    _row("pad", _LENGTH, "Padding, inside of `w` and `h`.", "`padding`, `padding_inside`"),
    *(_row(f"pad-{name}", _LENGTH, f"Padding: {name}.", "`padding`") for name in _SIDES),
)

_WATERMARK: Final = (
    _row("mark m", plain_text, "Another image: its URL or path, which may have parameters.", "`overlay=url:…`"),
    _row("mark-base markbase mb", plain_text, "Base of `mark`.", "`overlay=url:…`"),
    _row("mark-align ma markalign", _ALIGNMENT, "Place: `bottom,right` by default.", "`gravity`"),
    _row("mark-alpha malph markalpha", Whole(0, 100), "Opacity.", "`opacity`"),
    _row("mark-fit markfit mf", _words("clip crop fill max scale"), "How it fits `mark-w` and `mark-h`.", "`fit`"),
    _row("mark-w markw mw", side, "Width: pixels, or a share of the image's.", "`width`"),
    _row("mark-h markh mh", side, "Height, as `mark-w`.", "`height`"),
    _row("mark-scale markscale ms", Whole(0, 100), "Width in percent of the image's.", "`width:pct:…`"),
    _row("mark-pad markpad mp", _LENGTH, "Distance from the edges: 5 by default.", "`x`, `y`"),
    _row("mark-x markx mx", _LENGTH, "Distance from the left edge.", "`x`"),
    _row("mark-y marky my", _LENGTH, "Distance from the top edge.", "`y`"),
    _row("mark-rot", Real(0, 359), "Degrees counter-clockwise.", "`rotate`"),
    _row("mark-tile marktile mtile", _words("grid"), "`grid`: repeats it.", "`repeat:both`"),
    _row("mark-if-min-height mark-if-min-width", None, "Least size of the original for the mark."),
)

_BLENDING: Final = (
    _row("blend b", _colour_or_reference, "A colour or another image over the image.", "`overlay`"),
    _row("blend-color blend-clr blendclr blendcolor", colour, "A colour over the image.", "`overlay`"),
    _row(
        "blend-mode blendmode bm",
        Words(_BLENDS, folds_case=True),
        "`overlay` (default), `normal`, `multiply`, `screen` …",
        "`blend`",
    ),
    _row("blend-align ba blendalign", _ALIGNMENT, "Place: the middle by default.", "`gravity`"),
    _row("blend-alpha balph blendalpha", Whole(0, 100, strict=True), "Opacity.", "`opacity`"),
    _row("blend-fit bf blendfit", _words("clamp clip crop scale max"), "How it fits its box.", "`fit`"),
    _row("blend-crop bc blendcrop", word_list("top bottom left right faces"), "What `blend-fit=crop` keeps.", ""),
    _row("blend-w bw blendw", side, "Width: pixels, or a share of the image's.", "`width`"),
    _row("blend-h bh blendh", side, "Height, as `blend-w`.", "`height`"),
    _row("blend-size bs blendsize", _words("inherit"), "`inherit`: the size of the image.", "`width:pct:100`"),
    _row("blend-pad bp blendpad", _LENGTH, "Distance from the edges.", "`x`, `y`"),
    _row("blend-x bx blendx", _LENGTH, "Distance from the left edge.", "`x`"),
    _row("blend-y by blendy", _LENGTH, "Distance from the top edge.", "`y`"),
)

_TEXT: Final = (
    _row("txt t text", plain_text, "A text over the image.", "`overlay=text:…`", "Long lines are wrapped."),
    _row("txt-align ta txtalign", _ALIGNMENT, "Place: `bottom,right` by default.", "`gravity`"),
    _row("txt-color tc txt-clr txtclr txtcolor", colour, "Colour.", "`color`"),
    _row("txt-font tf txtfont", plain_text, "Family, `bold`, `italic`.", "`font`", "Of the fonts installed here."),
    _row("txt-size tsz txtsize", _LENGTH, "Size in pixels: 12 by default.", "`size`"),
    _row("txt-width txtwidth", _LENGTH, "Width at which lines are wrapped.", "`width`"),
    _row("txt-pad tp txtpad", _LENGTH, "Distance from the edges.", "`x`, `y`"),
    _row("txt-x txtx", Whole(-MAX_LENGTH, MAX_LENGTH), "Distance from the left edge.", "`x`"),
    _row("txt-y txty", Whole(-MAX_LENGTH, MAX_LENGTH), "Distance from the top edge.", "`y`"),
    _row("txt-line tl txtline", _LENGTH, "Width of the outline.", "`outline_width`"),
    _row("txt-line-color txt-line-clr txtlineclr txtlinecolor", colour, "Colour of the outline.", "`outline`"),
    _row("txt-shad tsh txtshad", Real(0, 10), "Shadow.", "`shadow`", _LOOK),
    _row("txt-clip tcl txtclip txt-fit txtfit txt-lead txtlead txt-track tt txttrack", None, "Typesetting."),
)

_ANIMATION: Final = (
    _row("frame", first_number, "One frame, from 1 on.", "`page`", "Of an interval the first one."),
    _row("fps", Whole(1, 60), "Frames per second.", "`frame_delay`"),
    _row("interval", Whole(1, MAX_LENGTH, strict=True), "Every n-th frame.", "`frame_step`"),
    _row("loop", _LENGTH, "How often it plays; 0 for ever.", "`loop`"),
    _row("reverse", boolean, "Backwards.", "`reverse`"),
    _row("skip", None, "Leaves out every n-th frame."),
    _row("page", Whole(1, MAX_LENGTH, strict=True), "Page of a PDF.", "`page`"),
    _row("pdf-annotation annotation", None, "Notes in a PDF."),
    _row("video-thumbnail", Real(0, 86_400), "Second of a video.", "`second`"),
    _row("video-clip-end video-clip-start video-bitrate video-codec", None, "Videos."),
)

_OUTPUT: Final = (
    _row(
        "fm format",
        _words("gif jpg jpeg pjpg pjpeg png png8 png24 png32 webp avif json blurhash jp2 jxr mp4 webm auto"),
        "Format; that of the original by default. `json` and `blurhash` describe it.",
        "`format`",
        "`jp2`, `jxr`, `mp4` and `webm` are errors.",
    ),
    _row(
        "auto",
        word_list("format compress enhance redeye true"),
        "`format`: AVIF or WebP by `Accept`. `compress`: quality 45. `enhance`: stretches the contrast.",
        "`format=auto:…`, `quality`, `normalize`",
        "`redeye` has no effect. `compress` keeps opaque PNGs.",
    ),
    _row("q quality", Whole(1, 100), "Quality: 75 by default.", "`quality`", "One scale for all formats."),
    _row("lossless", boolean, "WebP and AVIF without loss.", "`lossless`"),
    _row("chromasub", Words(_SUBSAMPLINGS), "`420`, `422` or `444`; without one, by the content.", "`subsampling`"),
    _row("colorquant", Whole(2, 256), "Colours of a PNG or a GIF.", "`colors`"),
    _row(
        "jpg-progressive jpeg-progressive", boolean, "Progressive JPEG.", "`progressive`", "For `fm=jpg`, or if given."
    ),
    _row(
        "cs", Words(_PROFILES, folds_case=True), "`srgb`, `tinysrgb`, `strip`, `adobergb1998` or `origin`.", "`profile`"
    ),
    _row("iptc", _words("allow block"), "`allow` keeps metadata.", "`metadata=keep`"),
    _row("dpi", None, "Resolution that is recorded."),
    _row("dl", plain_text, "Name of a download.", "`filename`"),
    _row(
        "ch",
        word_list("width dpr save-data"),
        "Client hints that replace `w`, `dpr` and `q`.",
        "`width=auto`, `dpr=auto`",
    ),
    _row("palette", _words("css json"), "Colours of the original, instead of an image.", "`/info?include=palette`"),
    _row("colors", Whole(0, 16), "How many colours: 6 by default.", "`palette_colors`"),
    _row("prefix", plain_text, "Of class names in `palette=css`: `image` by default."),
    _row("expires", timestamp, "404 after this time: seconds since 1970, or a date.", "`expires`"),
    _row("svg-sanitize", None, "Drawings are always sanitised."),
    _row("rasterize-bypass", boolean, "Drawings stay drawings, sanitised.", "`passthrough=svg`"),
)

_GENERATIVE: Final = (
    _row("bg-remove background-remove", boolean, "Removes the background.", "", "The image as it is."),
    _row("bg-remove-fallback", boolean, "`false`: an error, as nothing is removed here."),
    _row("bg-replace background-replace", plain_text, "Replaces the background.", "", "The image as it is."),
    _row("bg-replace-fallback", boolean, "`false`: an error, as nothing is replaced here."),
    _row("upscale", boolean, "Enlarges by a model.", "", "Enlarged without one."),
    _row("upscale-fallback", boolean, "`false`: an error, as there is no model here."),
    _row(
        "bg-remove-fg-type bg-remove-semi-transparency background-removal-semi-transparency "
        "bg-remove-transparency-threshold bg-replace-neg-prompt background-replace-negative-prompt "
        "object-removal-negative-prompt object-removal-prompt object-removal-rect object-removal-seed",
        None,
        "Models.",
    ),
)

ROWS: Final = (
    *_SIZE,
    *_FILL,
    *_ROTATION,
    *_ADJUSTMENT,
    *_SHAPE,
    *_WATERMARK,
    *_BLENDING,
    *_TEXT,
    *_ANIMATION,
    *_OUTPUT,
    *_GENERATIVE,
)


def _subset(keys: str) -> tuple[Row, ...]:
    wanted = frozenset(keys.split())
    return tuple(row for row in ROWS if row.key in wanted)


SANITY_ROWS: Final = _subset(
    "w h fit crop rect fp-x fp-y min-w min-h max-w max-h dpr bg pad orient flip blur sharp sat invert q fm auto dl "
    "frame"
)
KONTENT_ROWS: Final = _subset("w h fit crop rect fp-x fp-y fp-z dpr bg fm q lossless auto")

_GUMLET_ALIGNMENTS: Final = {
    "center": ("center",),
    **{f"{y}{x}": (y, x) for y in ("top", "bottom") for x in ("left", "right")},
    **{word: (word,) for word in ("top", "bottom", "left", "right")},
}


def _gumlet_alignment(text: str) -> tuple[str, ...]:
    word = text.lower().replace("-", "").replace("_", "")
    return _GUMLET_ALIGNMENTS[word] if word in _GUMLET_ALIGNMENTS else _ALIGNMENT(text)


_GUMLET_OWN: Final = (
    _row(
        "fit mode",
        _words("max clip crop fill fillmax mask scale min"),
        "`max` (default), `clip`, `crop`, `fill`, `mask`, `scale` or `min`; enlarges only with `enlarge=true`.",
        "`fit`",
    ),
    _row("enlarge", boolean, "Allows enlarging.", "`enlarge`"),
    _row("rect extract", rect, "Region of the original: x, y, width, height.", "`crop`"),
    _row("rot rotate", Real(-360, 360), "Degrees clockwise.", "`rotate`"),
    _row("blur", Real(0, 250), "Blurs: sigma.", "`blur`", _LOOK),
    _row("sharp sharpen", Real(0, 100), "Sharpens.", "`sharpen` (÷ 20)", _LOOK),
    _row("compress", boolean, "Quality 45 by default.", "`quality`"),
    _row("metadata", boolean, "Keeps metadata.", "`metadata=keep`"),
    _row("mark overlay overlay_url", plain_text, "Another image: its URL or path.", "`overlay=url:…`"),
    _row("mark-align overlay_position", _gumlet_alignment, "Its place.", "`gravity`"),
    _row("mark-w overlay_width", side, "Its width: pixels, or a share of the image's.", "`width`"),
    _row("mark-h overlay_height", side, "Its height.", "`height`"),
    _row("txt-align text_position", _gumlet_alignment, "Place of the text.", "`gravity`"),
    _row("txt-color text_color", colour, "Colour of the text.", "`color`"),
    _row("txt-size text_size text_font_size", _LENGTH, "Size of the text in pixels.", "`size`"),
)
_GUMLET_KEYS: Final = frozenset(row.key for row in _GUMLET_OWN)
GUMLET_ROWS: Final = (*_GUMLET_OWN, *(row for row in ROWS if row.key not in _GUMLET_KEYS))

OPTIONS: Final = options_of(ROWS)
SANITY_OPTIONS: Final = options_of(SANITY_ROWS)
KONTENT_OPTIONS: Final = options_of(KONTENT_ROWS)
GUMLET_OPTIONS: Final = options_of(_GUMLET_OWN)
"""What Gumlet has besides the rows of imgix, or has otherwise."""
