"""Writes a plan as transformations of Akamai. Must never know whether it means the same."""

from collections.abc import Iterator
from math import gcd
from typing import Final

from pixmill.dialects.kit.writing import (
    FORMAT,
    Pair,
    Terms,
    Words,
    colour,
    constant,
    direction,
    format_word,
    is_box,
    is_sized,
    number,
    path_of,
    pixel_region,
    query_of,
    scaled,
    terms_to_write,
    word,
    write_terms,
)
from pixmill.media import Format
from pixmill.plan.effects import UnsharpMask
from pixmill.plan.gravity import Faces, Point, Smart
from pixmill.plan.ops import Fit, Flip
from pixmill.plan.request import ImageRequest

_SAFE: Final = "=,;()/.-_~"
_FLIPS: Final = {Flip.HORIZONTAL: "horizontal", Flip.VERTICAL: "vertical"}
_BEFORE: Final[Words] = {
    "rotate": word("Rotate", lambda degrees: f",degrees={degrees}"),
    "flip": word("Mirror", lambda flip: f",{_FLIPS[flip]}" if flip in _FLIPS else None),
}


def _sharpening(mask: UnsharpMask) -> str:
    return f",gain={number(mask.amount)},sigma={number(mask.sigma)},threshold={scaled(1 / 255)(mask.threshold)}"


def _tone(terms: Terms) -> Iterator[Pair]:
    names = [name for name in ("contrast", "brightness") if name in terms]
    if names:
        yield "Contrast", "".join(f",{name}={scaled(0.01)(terms.value(name, 0.0))}" for name in names)


_AFTER: Final[Words] = {
    "grayscale": constant(("Grayscale", "")),
    "saturation": word("HSV", lambda value: f",saturation={scaled(0.01, 1)(value)}"),
    "blur": word("Blur", lambda sigma: f"={number(sigma)}"),
    "sharpen": word("UnsharpMask", _sharpening),
    "opacity": word("Opacity", lambda percent: f",opacity={scaled(0.01)(percent)}"),
    "flatten": word("BackgroundColor", lambda shade: f",color={colour(shade)}"),
    "colours": word("MaxColors", lambda count: f",colors={count}"),
}


def _geometry(terms: Terms) -> Iterator[Pair]:
    if region := pixel_region(terms.crop):
        yield "Crop", f",rect=({','.join(map(str, region))})"
    if not is_sized(terms):
        return
    fit = terms.fit
    sides = "".join(f",{name}={terms[name]}" for name in ("width", "height") if name in terms)
    if is_box(terms) and fit is Fit.COVER and terms.gravity == Smart():
        yield "SmartCrop", sides
        return
    if is_box(terms) and fit is Fit.COVER and terms.gravity == Faces():
        yield "FaceCrop", f"{sides},style=fill"
        return
    if is_box(terms) and fit is Fit.COVER:
        yield from _ratio(terms)
    aspect = {Fit.OUTSIDE: ",aspect=fill", Fit.FILL: ",aspect=ignore"}.get(fit, "") if is_box(terms) else ""
    yield "Resize", sides + aspect + ("" if terms.enlarge else ",type=downsize")


def _ratio(terms: Terms) -> Iterator[Pair]:
    """Yield a crop to the shape of the box."""
    gravity = terms.gravity
    if not isinstance(gravity, Point) or direction(gravity) is None:
        return
    divisor = gcd(terms.width, terms.height)
    ratio = f"=({terms.width // divisor},{terms.height // divisor})"
    place = "" if gravity == Point() else f",xPosition={number(gravity.x)},yPosition={number(gravity.y)}"
    yield "AspectCrop", ratio + place


_OUTPUT: Final[Words] = {FORMAT: format_word("imformat", {Format.JPEG: "jpeg"})}


def urls(request: ImageRequest) -> Iterator[str]:
    """Yield the URL of a request."""
    terms = terms_to_write(request.plan)
    steps = [*write_terms(terms, _BEFORE), *_geometry(terms), *_tone(terms), *write_terms(terms, _AFTER)]
    if "background" in terms and not steps_need_fill(terms):
        steps.append(("BackgroundColor", f",color={colour(terms.background)}"))
    chain = [("im", ";".join(name + text for name, text in steps))] if steps else []
    query = query_of([*chain, *write_terms(terms, _OUTPUT)], safe=_SAFE)
    yield f"/{path_of(request.source)}?{query}" if query else f"/{path_of(request.source)}"


def steps_need_fill(terms: Terms) -> bool:
    """Return whether the background is that of a canvas, for which there is no transformation."""
    return terms.fit is Fit.CONTAIN or "extend" in terms
