"""Writes a plan as modifiers of ipx.

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
    is_box,
    is_sized,
    is_url,
    number,
    option,
    path_of,
    pixel_region,
    scaled,
    segment_of,
    solve,
    terms_to_write,
    word,
    write_terms,
)
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.effects import LabSharpen, Modulate
from pixmill.plan.gravity import Gravity, Interest, Smart
from pixmill.plan.ops import Fit, Flip
from pixmill.plan.request import ImageRequest
from pixmill.plan.transforms import Extend, FreeRotation, LengthUnit, Trim

_MAX_SIGMA: Final = 250
_DIGITS: Final = 6


def _position(gravity: Gravity) -> str | None:
    if gravity == Smart():
        return "attention"
    if gravity == Smart(Interest.ENTROPY):
        return "entropy"
    words = direction(gravity)
    return " ".join(filter(None, reversed(words))) or None if words else None


def _region(crop: object) -> str | None:
    region = pixel_region(crop)
    return "_".join(map(str, region)) if region else None


def _margins(extend: Extend) -> str | None:
    sides = (extend.top, extend.right, extend.bottom, extend.left)
    return "_".join(map(str, sides)) if extend.unit is LengthUnit.PIXELS and any(sides) else None


def _flip(flip: Flip) -> list[Pair]:
    names = {Flip.HORIZONTAL: ("flop",), Flip.VERTICAL: ("flip",), Flip.BOTH: ("flip", "flop")}
    return [(name, "") for name in names[flip]]


def _sharpening(sharpening: LabSharpen) -> str:
    first = (sharpening.sigma, sharpening.flat, sharpening.jagged)
    limits = (sharpening.threshold, sharpening.max_lighten, sharpening.max_darken)
    numbers = first if LabSharpen(*first) == sharpening else (*first, *limits)
    return "_".join(map(number, numbers))


def _gamma(gamma: float) -> str:
    """Write the ratio of two exponents, each at least 1."""
    return f"1_{number(gamma)}" if gamma >= 1 else f"{round(1 / gamma, _DIGITS):g}_1"


def _tint(shade: Colour) -> str:
    return f"#{colour(shade)}"


def _format(form: object) -> str | None:
    return form.value if isinstance(form, Format) else None


def _modulate(change: Modulate) -> str:
    return "_".join(map(number, (change.lightness, change.chroma, change.hue)))


def _trim(trim: Trim) -> str | None:
    return str(trim.tolerance) if trim == Trim(trim.tolerance) else None


def _corners(rotation: FreeRotation) -> list[Pair]:
    return [("rotate", number(rotation.degrees)), ("b", colour(rotation.corner_colour))]


_WORDS_4: Final[Words] = {
    "trim": word("trim", _trim),
    "modulate": word("modulate", _modulate),
    "opacity": word("opacity", scaled(0.01)),
}
_WORDS: Final[Words] = {
    "gravity": word("pos", _position),
    "kernel": word("kernel"),
    "crop": word("extract", _region),
    "extend": word("extend", _margins),
    "rotate": word("rotate"),
    "rotate_free": _corners,
    "flip": _flip,
    "grayscale": option("grayscale", {True: ""}),
    "blur": word("blur", lambda sigma: solve(vips_blur_sigma, sigma, 0, 2 * _MAX_SIGMA)),
    "sharpen_lab": word("sharpen", _sharpening),
    "median": word("median", lambda radius: str(2 * radius + 1)),
    "gamma": word("gamma", _gamma),
    "invert": option("negate", {True: ""}),
    "normalise": option("normalize", {True: ""}),
    "threshold": word("threshold"),
    "tint": word("tint", _tint),
    FORMAT: word("f", _format),
    "quality": word("q"),
}


def _size(terms: Terms) -> Iterator[Pair]:
    fit = terms.fit
    if is_box(terms):
        if fit is not Fit.COVER and fit is not Fit.AUTO:
            yield "fit", fit.value
        yield "s", f"{terms.width}x{terms.height}"
    else:
        yield from ((name[0], str(terms[name])) for name in ("width", "height") if name in terms)
    if is_sized(terms) and terms.enlarge:
        yield "enlarge", ""


def _colours(terms: Terms) -> Iterator[Pair]:
    if "background" in terms:
        yield "b", colour(terms.background)
        if not is_box(terms) and "extend" not in terms:
            yield "flatten", ""
    elif "flatten" in terms:
        yield from (("b", colour(terms.value("flatten", Colour()))), ("flatten", ""))


def urls(request: ImageRequest, *, is_version_4: bool) -> Iterator[str]:
    """Yield URLs: with the format that the client prefers, then with that of the original."""
    terms = terms_to_write(request.plan)
    words = {**_WORDS, **_WORDS_4} if is_version_4 else _WORDS
    pairs = [*_size(terms), *_colours(terms), *write_terms(terms, words)]
    if is_version_4:
        pairs.append(("autoorient", ""))
    source = segment_of(request.source) if is_url(request.source) else path_of(request.source)
    if FORMAT not in terms:
        yield f"/{_modifiers([*pairs, ('f', 'auto')])}/{source}"
    yield f"/{_modifiers(pairs)}/{source}"


def _modifiers(pairs: list[Pair]) -> str:
    texts = (f"{name}_{text}" if text else name for name, text in pairs)
    return ",".join(texts).replace("#", "%23").replace(" ", "%20") or "_"
