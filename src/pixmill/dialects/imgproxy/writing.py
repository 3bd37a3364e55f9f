"""Writes a plan as processing options of imgproxy.

The inverse of ``options.py``. Must never know whether what is written means the same.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from pixmill.dialects.kit.writing import (
    Pair,
    Terms,
    Words,
    direction,
    fit_word,
    focal_point,
    is_sized,
    number,
    opaque_colour,
    option,
    path_of,
    percent_region,
    pixel_region,
    scaled,
    slope_of,
    terms_of,
    terms_to_write,
    word,
    write_terms,
)
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.effects import Duotone, LabSharpen
from pixmill.plan.gravity import Faces, Gravity, Smart
from pixmill.plan.ops import AspectRule, Crop, CropUnit, CropWindow, Fit, Flip
from pixmill.plan.output import Metadata, Profile
from pixmill.plan.request import ImageRequest
from pixmill.plan.transforms import Extend, LengthUnit, Trim

_TYPES: Final = {
    (Fit.INSIDE, False): "fit",
    (Fit.COVER, True): "fill",
    (Fit.COVER, False): "fill-down",
    (Fit.FILL, False): "force",
    (Fit.CONTAIN, False): "fit",
    (Fit.AUTO, False): "auto",
}
_COMPASS: Final = {
    ("", ""): "ce",
    ("top", ""): "no",
    ("bottom", ""): "so",
    ("", "right"): "ea",
    ("", "left"): "we",
    ("top", "right"): "noea",
    ("top", "left"): "nowe",
    ("bottom", "right"): "soea",
    ("bottom", "left"): "sowe",
}
_FLIPS: Final = {Flip.HORIZONTAL: "1:0", Flip.VERTICAL: "0:1", Flip.BOTH: "1:1"}
_LONG_BYTE: Final = 255


def _gravity(gravity: Gravity) -> str | None:
    if words := direction(gravity):
        return _COMPASS[words]
    if point := focal_point(gravity):
        return f"fp:{point[0]}:{point[1]}"
    if gravity == Smart():
        return "sm"
    return "obj:face" if gravity == Faces() else None


def _crop(crop: object) -> str | None:
    if isinstance(crop, Crop) and (region := pixel_region(crop)):
        left, top, width, height = region
        return f"{width}:{height}:nowe:{left}:{top}"
    if isinstance(crop, Crop) and percent_region(crop):
        left_share, top_share, width_share, height_share = (
            scaled(0.01)(side) for side in (crop.left, crop.top, crop.width, crop.height)
        )
        return f"{width_share}:{height_share}:nowe:{left_share}:{top_share}"
    if isinstance(crop, CropWindow) and crop.aspect is None:
        return _window(crop)
    return None


def _window(crop: CropWindow) -> str | None:
    gravity = _gravity(crop.gravity)
    if gravity is None or crop.unit not in (CropUnit.PIXELS, CropUnit.PERCENT):
        return None
    side = number if crop.unit is CropUnit.PIXELS else scaled(0.01)
    return f"{side(crop.width)}:{side(crop.height)}:{gravity}"


def _crop_ratio(crop: object) -> Iterable[Pair]:
    """Write a crop with a ratio: without sides it is the largest of the image."""
    if not isinstance(crop, CropWindow) or crop.aspect is None or crop.aspect_rule is not AspectRule.EXACT:
        return ()
    window = _window(crop)
    ratio = f"{crop.aspect.width / crop.aspect.height:.12g}"
    return () if window is None else (("c", window), ("car", ratio))


def _spell_crop(crop: object) -> Iterable[Pair]:
    text = _crop(crop)
    return _crop_ratio(crop) if text is None else (("c", text),)


def _padding(extend: Extend) -> str | None:
    if extend.unit is not LengthUnit.PIXELS:
        return None
    return f"{extend.top}:{extend.right}:{extend.bottom}:{extend.left}"


def _trim(trim: Trim) -> str | None:
    if trim.padding:
        return None
    shade = "ff00ff" if trim.colour and not trim.colour.alpha else trim.colour and opaque_colour(trim.colour)
    equal = (int(trim.equal_horizontal), int(trim.equal_vertical))
    return ":".join((str(trim.tolerance), shade or "", *map(str, equal))).removesuffix("::0:0").removesuffix(":0:0")


def _sharpening(sharpening: LabSharpen) -> str:
    return number(sharpening.sigma)


def _alpha_share(alpha: int) -> str:
    return f"{alpha / _LONG_BYTE:.6g}"


def _duotone(duotone: Duotone) -> str:
    dark, light = (f"{one.red:02x}{one.green:02x}{one.blue:02x}" for one in (duotone.dark, duotone.light))
    return f"{_alpha_share(duotone.dark.alpha)}:{dark}:{light}"


def _shade(shade: Colour) -> str:
    return f"{_alpha_share(shade.alpha)}:{shade.red:02x}{shade.green:02x}{shade.blue:02x}"


_WORDS: Final[Words] = {
    "gravity": word("g", _gravity),
    "crop": _spell_crop,
    "trim": word("t", _trim),
    "extend": word("pd", _padding),
    "rotate": word("rot"),
    "flip": option("fl", _FLIPS),
    "zoom": word("z"),
    "kernel": word("ra"),
    "min_width": word("mw"),
    "min_height": word("mh"),
    "flatten": word("bg", opaque_colour),
    "background": word("bg", opaque_colour),
    "brightness": word("br", scaled(2.55, digits=0)),
    "contrast": word("co", slope_of),
    "saturation": word("sa", scaled(0.01, 1)),
    "grayscale": lambda _: (("mc", "1:ffffff"),),
    "colorize": word("col", _shade),
    "duotone": word("dt", _duotone),
    "blur": word("bl"),
    "sharpen_lab": word("sh", _sharpening),
    "pixelate": word("pix"),
    "blur_faces": word("bd"),
    "quality": word("q"),
    "max_bytes": word("mb"),
    "metadata": option("sm", {Metadata.STRIP: "1", Metadata.ALL: "0", Metadata.KEEP: "0"}),
    "profile": option("scp", {Profile.KEEP: "0"}),
    "page": word("pg", scaled(1, -1)),
    "animated": option("da", {False: "1"}),
    "time_s": word("vts"),
}


def options_of(request: ImageRequest) -> list[Pair]:
    """Return the options of a request, without its format."""
    terms = terms_to_write(request.plan)
    return [*_box(terms), *write_terms(terms, _WORDS), *_response(request)]


def _box(terms: Terms) -> Iterator[Pair]:
    if not is_sized(terms):
        if terms.enlarge:
            yield "el", "1"
        return
    kind = fit_word(terms, _TYPES)
    sides = f"{terms.width}:{terms.height}"
    enlarge = int(terms.enlarge)
    extend = int(terms.fit is Fit.CONTAIN)
    flags = f":{enlarge}:1" if extend else ":1" if enlarge else ""
    yield "rs", f"{kind or ''}:{sides}{flags}"


def _response(request: ImageRequest) -> Iterator[Pair]:
    if request.source.version:
        yield "cb", request.source.version
    if request.filename and not request.inline:
        yield "fn", request.filename
        yield "att", "1"


def paths(request: ImageRequest, separator: str) -> Iterator[str]:
    """Yield paths, without the mount."""
    form = terms_of(request.plan).get("format")
    extension = f"@{form.value}" if isinstance(form, Format) else ""
    options = "".join(f"/{name}{separator}{text.replace(':', separator)}" for name, text in options_of(request))
    yield f"/unsafe{options}/plain/{path_of(request.source).replace('@', '%40')}{extension}"
