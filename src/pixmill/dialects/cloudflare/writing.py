"""Writes a plan as options of Cloudflare Images.

The inverse of ``options.py``. Must never know whether what is written means the same.
"""

from collections.abc import Iterator
from typing import Final

from pixmill.dialects.kit.writing import (
    FLIP_LETTERS,
    FORMAT,
    ORIGINAL,
    Pair,
    Terms,
    Words,
    colour,
    direction,
    fit_word,
    focal_point,
    is_box,
    is_sized,
    is_url,
    number,
    option,
    path_of,
    pixel_region,
    scaled,
    segment_of,
    slope_of,
    terms_to_write,
    word,
    write_terms,
)
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.effects import UnsharpMask
from pixmill.plan.gravity import Faces, Gravity, Smart
from pixmill.plan.ops import Fit, Flip
from pixmill.plan.output import Metadata
from pixmill.plan.request import ImageRequest
from pixmill.plan.transforms import Extend, LengthUnit, Trim

_FITS: Final = {
    (Fit.INSIDE, False): "scale-down",
    (Fit.INSIDE, True): "contain",
    (Fit.COVER, True): "cover",
    (Fit.COVER, False): "aspect-crop",
    (Fit.CONTAIN, True): "pad",
    (Fit.FILL, True): "squeeze",
}
_QUARTER: Final = 90
_HALF: Final = 180
_SWAPPED: Final = {Flip.HORIZONTAL: Flip.VERTICAL, Flip.VERTICAL: Flip.HORIZONTAL}
_SHARPEN_SIGMA: Final = 1.0
_QUALITIES: Final = {85: "high", 75: "medium-high", 60: "medium-low", 45: "low"}


def _gravity(gravity: Gravity) -> str | None:
    if gravity == Smart():
        return "auto"
    if isinstance(gravity, Faces) and gravity.zoom == 1:
        return "face"
    words = direction(gravity)
    if words and not all(words):
        return "".join(words) or "center"
    point = focal_point(gravity)
    return f"{point[0]}x{point[1]}" if point else None


def _format(form: object) -> str | None:
    return form.value if isinstance(form, Format) else None


def _sharpening(mask: UnsharpMask) -> str | None:
    return number(mask.amount) if mask.sigma == _SHARPEN_SIGMA and not mask.threshold else None


def _trim(trim: Trim) -> list[Pair]:
    parts = [("trim", "border"), ("trim.border.tolerance", str(trim.tolerance))]
    if trim.colour is not None:
        parts.append(("trim.border.color", _css(trim.colour)))
    if trim.padding:
        parts.append(("trim.border.keep", str(trim.padding)))
    return parts


def _css(shade: Colour) -> str:
    return f"#{colour(shade)}"


def _region(crop: object) -> list[Pair]:
    region = pixel_region(crop)
    if region is None:
        return []
    return [(f"trim.{name}", str(side)) for name, side in zip(("left", "top", "width", "height"), region, strict=True)]


def _border(extend: Extend) -> list[Pair]:
    if extend.unit is not LengthUnit.PIXELS:
        return []
    sides = {"top": extend.top, "right": extend.right, "bottom": extend.bottom, "left": extend.left}
    if len(set(sides.values())) == 1:
        return [("border.width", str(extend.top))] if extend.top else []
    return [(f"border.{name}", str(side)) for name, side in sides.items() if side]


_WORDS: Final[Words] = {
    "gravity": word("gravity", _gravity),
    "crop": _region,
    "trim": _trim,
    "rotate": word("rotate"),
    FORMAT: word("format", _format),
    "quality": word("quality"),
    "target_quality": option("quality", _QUALITIES),
    "animated": option("anim", {False: "false"}),
    "metadata": option("metadata", {Metadata.KEEP: "keep", Metadata.COPYRIGHT: "copyright"}),
    "flatten": word("background", _css),
    "blur": word("blur"),
    "sharpen": word("sharpen", _sharpening),
    "brightness_factor": word("brightness"),
    "contrast": word("contrast", slope_of),
    "gamma": word("gamma"),
    "saturation": word("saturation", scaled(0.01, 1)),
    "grayscale": lambda _: (("saturation", "0"),),
    "extend": _border,
}


def _size(terms: Terms) -> Iterator[Pair]:
    for name in ("width", "height"):
        if name in terms:
            yield name, str(terms[name])
    fit = fit_word(terms, _FITS)
    if fit and (is_box(terms) or (is_sized(terms) and terms.enlarge)):
        yield "fit", fit


def _flip(terms: Terms) -> Iterator[Pair]:
    """Write a mirror that comes before the turn."""
    flip = terms.flip
    is_sideways = terms.rotate % _HALF == _QUARTER
    flip = _SWAPPED.get(flip, flip) if is_sideways else flip
    if flip in FLIP_LETTERS:
        yield "flip", FLIP_LETTERS[flip]


def _background(terms: Terms) -> Iterator[Pair]:
    if "background" in terms:
        yield ("border.color" if "extend" in terms else "background"), _css(terms.background)


def options_of(request: ImageRequest) -> Iterator[str]:
    """Yield the options of a request: with the format that the client prefers, else as it is named."""
    terms = terms_to_write(request.plan)
    pairs = [*_size(terms), *write_terms(terms, _WORDS), *_flip(terms), *_background(terms)]
    form = terms.form
    if form is None:
        pairs.append((FORMAT, "auto"))
    elif form == ORIGINAL and not pairs:
        pairs.append(("anim", "true"))
    if request.fallback and request.fallback.source == request.source:
        pairs.append(("onerror", "redirect"))
    yield ",".join(f"{name}={text.replace('#', '%23')}" for name, text in pairs)


def urls(request: ImageRequest, account: str) -> Iterator[str]:
    """Yield URLs of a zone, or with an ``account`` those of hosted images."""
    source = request.source
    is_plain = is_url(source) and "?" not in source.text
    name = source.text if is_plain else segment_of(source) if is_url(source) else path_of(source)
    for options in options_of(request):
        yield f"/{account}/{name}/{options}" if account else f"/cdn-cgi/image/{options}/{name}"
