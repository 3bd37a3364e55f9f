"""Writes a plan as a pipeline of ``imageMogr2``. Must never know whether it means the same."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Final

from pixmill.dialects.kit.writing import (
    FORMAT,
    Pair,
    Terms,
    Words,
    anchored,
    colour,
    compass,
    constant,
    equal_radius,
    format_word,
    is_box,
    is_sized,
    mask_amount,
    number,
    option,
    path_of,
    pixel_region,
    terms_to_write,
    word,
    write_terms,
)
from pixmill.plan.colour import Colour
from pixmill.plan.ops import Fit, Flip
from pixmill.plan.request import ImageRequest

_FLIPS: Final = {Flip.HORIZONTAL: "horizontal", Flip.VERTICAL: "vertical"}
_WIDEST_BLUR: Final = 50
_BEFORE: Final[Words] = {"rotate": word("rotate"), "flip": option("flip", _FLIPS)}
_AFTER: Final[Words] = {
    "grayscale": constant(("grayscale", "1")),
    "brightness": word("bright"),
    "contrast": word("contrast"),
    "blur": word("blur", lambda sigma: f"{_WIDEST_BLUR}x{number(sigma)}"),
    "sharpen": word("sharpen", mask_amount(1, 100)),
    "corner_radii": word("rradius", equal_radius),
    FORMAT: format_word("format"),
    "quality": word("quality"),
    "progressive": constant(("interlace", "1")),
}


def _encoded(shade: Colour) -> str:
    return urlsafe_b64encode(f"#{colour(shade)}".encode()).decode().rstrip("=")


def _size(terms: Terms) -> Iterator[Pair]:
    if not is_sized(terms):
        return
    box, fit = f"{terms.value('width', '')}x{terms.value('height', '')}", terms.fit
    if not is_box(terms) or fit is Fit.INSIDE:
        yield "thumbnail", box if terms.enlarge else f"{box}>"
    elif fit is Fit.FILL:
        yield "thumbnail", f"{box}!"
    elif fit is Fit.CONTAIN:
        yield from (("thumbnail", box), ("pad", "1"), ("color", _encoded(terms.background)))
    elif fit in (Fit.COVER, Fit.OUTSIDE):
        yield "thumbnail", f"!{box}r"
    if is_box(terms) and fit is Fit.COVER:
        place = anchored(compass)(terms.gravity) if "gravity" in terms else "center"
        yield from (("gravity", place), ("crop", box)) if place else ()


def _cut(terms: Terms) -> Iterator[Pair]:
    if region := pixel_region(terms.crop):
        left, top, width, height = region
        yield "cut", f"{width}x{height}x{left}x{top}"


def urls(request: ImageRequest) -> Iterator[str]:
    """Yield the URL of a request."""
    terms = terms_to_write(request.plan)
    parts = [*write_terms(terms, _BEFORE), *_cut(terms), *_size(terms), *write_terms(terms, _AFTER)]
    pipeline = "".join(f"/{name}/{text}" for name, text in parts).replace(">", "%3E")
    path = f"/{path_of(request.source)}"
    yield f"{path}?imageMogr2{pipeline}" if pipeline else path
