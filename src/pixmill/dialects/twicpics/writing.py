"""Writes a plan as transformations of TwicPics. Must never know whether it means the same."""

from collections.abc import Iterator
from typing import Final

from pixmill.dialects.kit.writing import (
    FORMAT,
    Pair,
    Terms,
    Words,
    anchored,
    colour,
    constant,
    direction,
    focal_point,
    format_word,
    is_sized,
    join_words,
    option,
    path_of,
    pixel_region,
    scaled,
    terms_to_write,
    word,
    write_terms,
)
from pixmill.media import Format
from pixmill.plan.gravity import Faces, Gravity, Point, Smart
from pixmill.plan.ops import Fit, Flip
from pixmill.plan.request import ImageRequest

_FLIPS: Final = {Flip.HORIZONTAL: "x", Flip.VERTICAL: "y", Flip.BOTH: "both"}
_NAMES: Final = {
    (Fit.INSIDE, True): "contain",
    (Fit.INSIDE, False): "max",
    (Fit.COVER, True): "cover",
    (Fit.COVER, False): "cover",
    (Fit.FILL, True): "resize",
    (Fit.FILL, False): "resize",
    (Fit.CONTAIN, True): "inside",
    (Fit.CONTAIN, False): "inside",
}
_BEFORE: Final[Words] = {"rotate": word("turn"), "flip": option("flip", _FLIPS)}
_AFTER: Final[Words] = {
    "background": word("background", lambda shade: f"#{colour(shade)}"),
    "flatten": word("background", lambda shade: f"#{colour(shade)}"),
    "saturation": word("achromatopsia", scaled(-1)),
    "grayscale": constant(("achromatopsia", "100")),
    FORMAT: format_word("output", {Format.HEIC: "heif"}),
    "quality": word("quality"),
}


def _focus(gravity: Gravity) -> str | None:
    if gravity == Smart():
        return "auto"
    if gravity == Faces():
        return "faces"
    if direction(gravity):
        return anchored(join_words("-"))(gravity)
    if isinstance(gravity, Point) and focal_point(gravity):
        return f"{scaled(100)(gravity.x)}px{scaled(100)(gravity.y)}p"
    return None


def _geometry(terms: Terms) -> Iterator[Pair]:
    if region := pixel_region(terms.crop):
        left, top, width, height = region
        yield "crop", f"{width}x{height}@{left}x{top}"
    if "gravity" in terms and (focus := _focus(terms.gravity)):
        yield "focus", focus
    if not is_sized(terms):
        return
    name = _NAMES.get((terms.fit, terms.enlarge))
    if name is None:
        return
    sides = [str(side) if side else "-" for side in (terms.width, terms.height)]
    yield name, "x".join(sides) if terms.height else sides[0]


def urls(request: ImageRequest) -> Iterator[str]:
    """Yield the URL of a request."""
    terms = terms_to_write(request.plan)
    pairs = [*write_terms(terms, _BEFORE), *_geometry(terms), *write_terms(terms, _AFTER)]
    chain = "".join(f"/{name}={text}" for name, text in pairs).replace("#", "%23")
    path = f"/{path_of(request.source)}"
    yield f"{path}?twic=v1{chain}" if chain else path
