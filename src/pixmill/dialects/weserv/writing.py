"""Writes a plan as parameters of weserv.

The inverse of ``options.py``. Must never know whether what is written means the same.
"""

from collections.abc import Iterator
from typing import Final

from pixmill.dialects.kit.effects import vips_blur_sigma
from pixmill.dialects.kit.writing import (
    FORMAT,
    Pair,
    Terms,
    Words,
    colour,
    direction,
    focal_point,
    is_box,
    is_url,
    number,
    option,
    percent_region,
    pixel_region,
    solve,
    terms_to_write,
    transposed,
    with_query,
    word,
    write_terms,
)
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.effects import Duotone, LabSharpen, Modulate
from pixmill.plan.gravity import Gravity, Interest, Smart
from pixmill.plan.ops import Fit, Flip
from pixmill.plan.request import ImageRequest
from pixmill.plan.shapes import Ellipse, Polygon, Star
from pixmill.plan.source import SourceRef
from pixmill.plan.transforms import FreeRotation, Trim

_MAX_SIGMA: Final = 250
_OPAQUE: Final = 255
_DAY_S: Final = 86_400
_MASKS: Final = {
    Ellipse(circle=True): "circle",
    Ellipse(): "ellipse",
    Polygon(3): "triangle",
    Polygon(5): "pentagon",
    Polygon(6): "hexagon",
    Star(): "star",
}


def _colour(shade: Colour) -> str:
    """Write the alpha in front."""
    digits = colour(shade)
    return digits if shade.alpha == _OPAQUE else digits[6:] + digits[:6]


def _align(gravity: Gravity) -> str | None:
    if gravity == Smart():
        return "attention"
    if gravity == Smart(Interest.ENTROPY):
        return "entropy"
    if words := direction(gravity):
        return "".join(one[:1] for one in words) or "c"
    return None


def _focus(gravity: Gravity) -> list[Pair]:
    text = _align(gravity)
    if text is not None:
        return [("a", text)]
    point = focal_point(gravity)
    return [("a", "focal"), ("fpx", point[0]), ("fpy", point[1])] if point else []


def _region(crop: object) -> list[Pair]:
    names = ("cx", "cy", "cw", "ch")
    if region := pixel_region(crop):
        return [*zip(names, map(str, region), strict=True), ("precrop", "")]
    if shares := percent_region(crop):
        return [*((name, f"{share}%") for name, share in zip(names, shares, strict=True)), ("precrop", "")]
    return []


def _trim(trim: Trim) -> list[Pair]:
    if trim.padding:
        return []
    return [("trim", str(trim.tolerance)), *([("tbg", _colour(trim.colour))] if trim.colour else [])]


def _flip(flip: Flip) -> list[Pair]:
    names = {Flip.HORIZONTAL: ("flop",), Flip.VERTICAL: ("flip",), Flip.BOTH: ("flip", "flop")}
    return [(name, "") for name in names[flip]]


def _free(rotation: FreeRotation) -> list[Pair]:
    corners = [("rbg", _colour(rotation.corner_colour))] if rotation.corner_colour.alpha else []
    return [("ro", number(rotation.degrees)), *corners]


def _sharpening(sharpening: LabSharpen) -> str | None:
    plain = LabSharpen(sharpening.sigma, sharpening.flat, sharpening.jagged)
    return (
        ",".join(map(number, (sharpening.sigma, sharpening.flat, sharpening.jagged))) if plain == sharpening else None
    )


def _modulate(change: Modulate) -> str:
    return ",".join(map(number, (change.lightness, change.chroma, change.hue)))


def _duotone(duotone: Duotone) -> list[Pair]:
    return [("filt", "duotone"), ("start", _colour(duotone.dark)), ("stop", _colour(duotone.light))]


def _format(form: object) -> str | None:
    return "jpg" if form is Format.JPEG else form.value if isinstance(form, Format) else None


_WORDS: Final[Words] = {
    "gravity": _focus,
    "crop": _region,
    "trim": _trim,
    "rotate": word("ro"),
    "rotate_free": _free,
    "flip": _flip,
    "flatten": word("bg", _colour),
    "blur": word("blur", lambda sigma: solve(vips_blur_sigma, sigma, 0, 2 * _MAX_SIGMA)),
    "contrast": word("con"),
    "brightness": word("bri"),
    "gamma": word("gam"),
    "modulate": word("mod", _modulate),
    "grayscale": option("filt", {True: "greyscale"}),
    "sepia": option("filt", {100.0: "sepia"}),
    "invert": option("filt", {True: "negate"}),
    "duotone": _duotone,
    "tint": word("tint", _colour),
    "sharpen_lab": word("sharp", _sharpening),
    "mask": option("mask", _MASKS),
    FORMAT: word("output", _format),
    "quality": word("q"),
    "effort": word("l"),
    "progressive": option("il", {True: ""}),
    "lossless": option("ll", {True: ""}),
    "page": word("page", lambda page: str(page - 1)),
    "max_frames": word("n"),
    "loop": word("loop"),
    "delays_ms": word("delay", lambda delays: ",".join(map(str, delays))),
}


def _size(terms: Terms) -> Iterator[Pair]:
    for name in ("width", "height"):
        if name in terms:
            yield name[0], str(terms[name])
    fit = terms.fit
    if is_box(terms) and fit is not Fit.INSIDE and fit is not Fit.AUTO:
        yield "fit", fit.value
    if ("width" in terms or "height" in terms) and not terms.enlarge:
        yield "we", ""
    if fit is Fit.CONTAIN and "background" in terms:
        yield "cbg", _colour(terms.background)
    elif "background" in terms and "flatten" not in terms:
        yield "bg", _colour(terms.background)


def _name(source: SourceRef) -> str:
    return source.text if is_url(source) else f"/{source.text}"


def urls(request: ImageRequest) -> Iterator[str]:
    """Yield the URL of a request."""
    terms = transposed(terms_to_write(request.plan))
    pairs = [("url", _name(request.source)), *_size(terms), *write_terms(terms, _WORDS)]
    if request.filename and request.inline:
        pairs.append(("filename", request.filename))
    if request.max_age_s is not None and request.max_age_s % _DAY_S == 0:
        pairs.append(("maxage", f"{request.max_age_s // _DAY_S}d"))
    yield with_query("/", pairs)
