"""Writes a plan as an operation of imaginary. Must never know whether it means the same."""

from collections.abc import Iterator
from typing import Final

from pixmill.dialects.kit.effects import vips_blur_sigma
from pixmill.dialects.kit.writing import (
    FORMAT,
    Pair,
    Terms,
    Words,
    anchored,
    constant,
    format_word,
    is_box,
    is_sized,
    is_url,
    option,
    pixel_region,
    solve,
    terms_to_write,
    with_query,
    word,
    write_terms,
)
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Gravity, Smart
from pixmill.plan.ops import Fit, Flip
from pixmill.plan.output import Metadata, Profile
from pixmill.plan.request import ImageRequest

_MAX_SIGMA: Final = 250
_SIDES: Final = {"top": "north", "bottom": "south", "left": "west", "right": "east"}
_FLIPS: Final = {
    Flip.HORIZONTAL: (("flip", "true"),),
    Flip.VERTICAL: (("flop", "true"),),
    Flip.BOTH: (("flip", "true"), ("flop", "true")),
}


def _gravity(gravity: Gravity) -> str | None:
    if gravity == Smart():
        return "smart"
    return anchored(lambda down, across: _SIDES.get(down + across))(gravity)


def _rgb(shade: Colour) -> str:
    return f"{shade.red},{shade.green},{shade.blue}"


_WORDS: Final[Words] = {
    "gravity": word("gravity", _gravity),
    "rotate": word("rotate"),
    "flip": lambda flip: _FLIPS[flip],
    "flatten": word("background", _rgb),
    "grayscale": constant(("colorspace", "bw")),
    "blur": word("sigma", lambda sigma: solve(vips_blur_sigma, sigma, 0, 2 * _MAX_SIGMA)),
    FORMAT: format_word("type", {Format.JPEG: "jpeg"}),
    "quality": word("quality"),
    "progressive": constant(("interlace", "true")),
    "metadata": option("stripmeta", {Metadata.STRIP: "true"}),
    "profile": option("noprofile", {Profile.SRGB: "true"}),
}


def _operation(terms: Terms) -> tuple[str, list[Pair]]:
    """Return the name of the operation, and the options of its box."""
    fit, enlarges = terms.fit, terms.enlarge
    if region := pixel_region(terms.crop):
        names = ("left", "top", "areawidth", "areaheight")
        return "extract", list(zip(names, map(str, region), strict=True))
    if not is_sized(terms):
        return "convert", []
    shade = _rgb(terms.background)
    whole = "thumbnail" if enlarges else "fit" if is_box(terms) else "resize"
    by_fit: dict[Fit, tuple[str, list[Pair]]] = {
        Fit.COVER: ("enlarge" if enlarges and "gravity" not in terms else "crop", []),
        Fit.FILL: ("resize", [("force", "true")]),
        Fit.CONTAIN: ("resize", [("embed", "true"), ("extend", "background"), ("background", shade)]),
    }
    return by_fit.get(fit, (whole, []))


def urls(request: ImageRequest) -> Iterator[str]:
    """Yield the URL of a request: of one operation."""
    terms = terms_to_write(request.plan)
    name, pairs = _operation(terms)
    source = ("url" if is_url(request.source) else "file", request.source.text)
    sides = [(side, str(terms[side])) for side in ("width", "height") if side in terms]
    yield with_query(f"/{name}", [source, *sides, *pairs, *write_terms(terms, _WORDS)])
