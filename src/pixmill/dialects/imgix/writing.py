"""Writes a plan as parameters of imgix and of the services that share them.

The inverse of ``options.py``. Must never know whether what is written means the same.
"""

from collections.abc import Iterator
from math import log2
from typing import Final

from pixmill.dialects.imgix.services import Service
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
    percent_region,
    pixel_region,
    scaled,
    segment_of,
    terms_to_write,
    with_query,
    word,
    write_terms,
)
from pixmill.media import Format
from pixmill.plan.effects import Duotone, UnsharpMask
from pixmill.plan.gravity import Faces, FocalPixels, Gravity, Interest, Point, Smart
from pixmill.plan.ops import Crop, Fit
from pixmill.plan.output import Metadata
from pixmill.plan.request import ImageRequest
from pixmill.plan.shapes import Border, CornerRadii, Ellipse
from pixmill.plan.transforms import Extend, Fill, FreeRotation, LengthUnit, Trim

_FITS: Final = {
    (Fit.INSIDE, True): "clip",
    (Fit.INSIDE, False): "max",
    (Fit.COVER, True): "crop",
    (Fit.COVER, False): "min",
    (Fit.FILL, True): "scale",
    (Fit.CONTAIN, True): "fill",
    (Fit.CONTAIN, False): "fillmax",
}
_FORMATS: Final = {Format.JPEG: "jpg", **{form: form.value for form in (Format.PNG, Format.WEBP, Format.AVIF)}}
_LONG_BYTE: Final = 255
_TURN: Final = 360


def _region(crop: object) -> str | None:
    if region := pixel_region(crop):
        return ",".join(map(str, region))
    if isinstance(crop, Crop) and percent_region(crop):
        return ",".join(scaled(0.01)(side) for side in (crop.left, crop.top, crop.width, crop.height))
    return None


def _padding(extend: Extend) -> list[Pair]:
    if extend.unit is not LengthUnit.PIXELS:
        return []
    sides = {"top": extend.top, "right": extend.right, "bottom": extend.bottom, "left": extend.left}
    if len(set(sides.values())) == 1:
        return [("pad", str(extend.top))] if extend.top else []
    return [(f"pad-{name}", str(side)) for name, side in sides.items() if side]


def _fill(extend: Extend) -> list[Pair]:
    return [("fill", "blur")] if extend.fill is Fill.BLUR else []


def _trim(trim: Trim) -> list[Pair]:
    padding = [("trim-pad", str(trim.padding))] if trim.padding else []
    if trim.colour is None:
        return [("trim", "auto"), ("trim-md", str(trim.tolerance)), *padding]
    if not trim.colour.alpha:
        return [("trim", "alpha"), ("trim-alpha", str(trim.tolerance)), *padding]
    return [("trim", "color"), ("trim-color", colour(trim.colour)), ("trim-tol", str(trim.tolerance)), *padding]


def _sharpening(mask: UnsharpMask) -> list[Pair]:
    if mask.threshold:
        return []
    if mask.sigma == 1:
        return [("sharp", scaled(20)(mask.amount))]
    return [("usm", scaled(50)(mask.amount)), ("usmrad", number(mask.sigma))]


def _duotone(duotone: Duotone) -> list[Pair]:
    if duotone.dark.alpha != duotone.light.alpha:
        return []
    if (duotone.dark.red, duotone.dark.green, duotone.dark.blue) == (0, 0, 0) and duotone.light.alpha == _LONG_BYTE:
        return [("monochrome", colour(duotone.light))]
    pair = ",".join(f"{one.red:02x}{one.green:02x}{one.blue:02x}" for one in (duotone.dark, duotone.light))
    strength = duotone.light.alpha * 100 / _LONG_BYTE
    return [("duotone", pair), *([("duotone-alpha", f"{strength:.0f}")] if strength != 100 else [])]  # noqa: PLR2004


def _radii(radii: CornerRadii) -> list[Pair]:
    if radii.percent:
        return []
    corners = [radii.top_left, radii.top_right, radii.bottom_right, radii.bottom_left]
    text = number(corners[0]) if len(set(corners)) == 1 else ",".join(map(number, corners))
    return [("mask", "corners"), ("corner-radius", text)]


def _border(border: Border) -> str:
    return f"{border.width},{colour(border.colour)}"


def _format(form: object) -> str | None:
    return _FORMATS.get(form, form.value) if isinstance(form, Format) else None


def _words(service: Service) -> Words:
    """Return the spellers of a service; it turns clockwise or not, and has a scale of its own for blurs."""
    clockwise = 1 if service.turns_clockwise else -1

    def rotation(degrees: float | FreeRotation) -> str:
        angle = degrees.degrees if isinstance(degrees, FreeRotation) else degrees
        return number(clockwise * angle % _TURN)

    return {
        "crop": word("rect", _region),
        "trim": _trim,
        "rotate": word("rot", rotation),
        "rotate_free": word("rot", rotation),
        "flip": option("flip", FLIP_LETTERS),
        "orientation": word("orient"),
        "aspect": word("ar", lambda aspect: f"{aspect.width}:{aspect.height}"),
        "brightness": word("bri"),
        "contrast": word("con"),
        "exposure": word("exp", scaled(50)),
        "gamma": word("gam", lambda gamma: number(round(100 * log2(gamma)))),
        "highlights": word("high"),
        "shadows": word("shad"),
        "hue": word("hue"),
        "saturation": word("sat"),
        "grayscale": lambda _: (("sat", "-100"),),
        "vibrance": word("vib"),
        "invert": option("invert", {True: "true"}),
        "sharpen": _sharpening,
        "median": option("nr", {1: "50", 2: "100"}),
        "blur": word("blur", scaled(round(1 / service.blur_scale, 6))),
        "pixelate": word("px"),
        "sepia": word("sepia"),
        "duotone": _duotone,
        "normalise": option("auto", {True: "enhance"}),
        "blur_faces": word("face-blur", scaled(2)),
        "pixelate_faces": word("face-pixel"),
        "mask": option("mask", {Ellipse(): "ellipse"}),
        "corner_radii": _radii,
        "border": word("border", _border),
        "extend": lambda extend: [*_fill(extend), *_padding(extend)],
        "flatten": word("bg", colour),
        "page": word("page"),
        "animated": option("frame", {False: "1"}),
        FORMAT: word("fm", _format),
        "quality": word("q"),
        "lossless": option("lossless", {True: "true"}),
        "colours": word("colorquant"),
        "metadata": option("iptc", {Metadata.KEEP: "allow"}),
        "loop": word("loop"),
        "reverse": option("reverse", {True: "true"}),
    }


def _gravity(gravity: Gravity) -> list[Pair]:
    """Write what a cut keeps."""
    if gravity == Smart():
        return [("crop", "edges")]
    if gravity == Smart(Interest.ENTROPY):
        return [("crop", "entropy")]
    if gravity == Faces():
        return [("crop", "faces")]
    if words := direction(gravity):
        return [("crop", ",".join(filter(None, words)))] if any(words) else []
    if isinstance(gravity, Point) and (point := focal_point(Point(gravity.x, gravity.y))):
        zoom = [("fp-z", number(gravity.zoom))] if gravity.zoom != 1 else []
        return [("crop", "focalpoint"), ("fp-x", point[0]), ("fp-y", point[1]), *zoom]
    return []


def _size(terms: Terms, service: Service) -> Iterator[Pair]:
    extend = terms.extend
    is_padded = extend.unit is LengthUnit.PIXELS
    for name, key, margins in (("w", "width", extend.left + extend.right), ("h", "height", extend.top + extend.bottom)):
        if key in terms:
            yield name, str(terms.value(key, 0) + (margins if is_padded else 0))
        elif f"{key}_share" in terms:
            yield name, number(terms.value(f"{key}_share", 0.0))
    fit = fit_word(Terms(terms, enlarge=True) if "aspect" in terms else terms, _FITS)
    if not service.enlarges and terms.enlarge:
        yield "enlarge", "true"
    needs_fit = is_box(terms) or "aspect" in terms or is_sized(terms)
    if fit and needs_fit and fit != service.default_fit:
        yield "fit", fit
    if "gravity" in terms and not isinstance(terms.gravity, FocalPixels):
        yield from _gravity(terms.gravity)
    if "background" in terms:
        name = "fill-color" if terms.fit is Fit.CONTAIN and "extend" not in terms else "bg"
        yield name, colour(terms.background)


def urls(request: ImageRequest, service: Service) -> Iterator[str]:
    """Yield URLs that are not signed: with the format that the client prefers, then without it."""
    terms = terms_to_write(request.plan)
    pairs = [*_size(terms, service), *write_terms(terms, _words(service))]
    if request.filename:
        pairs.append(("dl", request.filename))
    path = f"/{segment_of(request.source) if is_url(request.source) else path_of(request.source)}"
    known = [pair for pair in pairs if pair[0] in service.by_name]
    if FORMAT not in terms:
        yield with_query(path, _with_auto(known, service))
    elif terms[FORMAT] == ORIGINAL or isinstance(terms[FORMAT], Format):
        yield with_query(path, known)


def _with_auto(pairs: list[Pair], service: Service) -> list[Pair]:
    """Return the parameters with ``auto=format``, which another ``auto`` may be join_words with."""
    if "auto" not in service.by_name:
        return pairs
    others = [text for name, text in pairs if name == "auto"]
    return [*(pair for pair in pairs if pair[0] != "auto"), ("auto", ",".join((*others, "format")))]
