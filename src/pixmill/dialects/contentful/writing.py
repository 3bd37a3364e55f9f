"""Writes a plan as parameters of Contentful. Must never know whether it means the same."""

from collections.abc import Iterator
from typing import Final

from pixmill.dialects.kit.writing import (
    FORMAT,
    BoxWords,
    Words,
    anchored,
    equal_radius,
    format_word,
    join_words,
    opaque_colour,
    option,
    path_of,
    terms_to_write,
    with_query,
    word,
    write_terms,
)
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Faces, Gravity
from pixmill.plan.ops import Fit
from pixmill.plan.request import ImageRequest
from pixmill.plan.shapes import CornerRadii, Ellipse

_BOX: Final = BoxWords(
    "w",
    "h",
    "fit",
    {
        (Fit.COVER, True): "fill",
        (Fit.COVER, False): "thumb",
        (Fit.FILL, True): "scale",
        (Fit.CONTAIN, False): "pad",
    },
)


def _focus(gravity: Gravity) -> str | None:
    return "faces" if gravity == Faces() else anchored(join_words("_"))(gravity)


def _background(shade: Colour) -> str | None:
    digits = opaque_colour(shade)
    return digits and f"rgb:{digits}"


def _radius(radii: CornerRadii) -> str | None:
    return equal_radius(radii)


_WORDS: Final[Words] = {
    "gravity": word("f", _focus),
    "background": word("bg", _background),
    "flatten": word("bg", _background),
    "corner_radii": word("r", _radius),
    "mask": option("r", {Ellipse(): "max"}),
    FORMAT: format_word("fm"),
    "quality": word("q"),
    "progressive": option("fl", {True: "progressive"}),
    "lossless": option("fl", {True: "lossless"}),
}


def urls(request: ImageRequest) -> Iterator[str]:
    """Yield the URL of a request."""
    terms = terms_to_write(request.plan)
    yield with_query(f"/{path_of(request.source)}", [*_BOX.write(terms), *write_terms(terms, _WORDS)])
