"""Writes a plan as commands of Scene7. Must never know whether it means the same."""

from collections.abc import Iterator
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
    option,
    path_of,
    pixel_region,
    scaled,
    terms_to_write,
    with_query,
    word,
    write_terms,
)
from pixmill.media import Format
from pixmill.plan.effects import UnsharpMask
from pixmill.plan.gravity import Point
from pixmill.plan.ops import Fit, Flip
from pixmill.plan.request import ImageRequest

_FITS: Final = {
    Fit.INSIDE: "constrain",
    Fit.COVER: "crop",
    Fit.FILL: "stretch",
    Fit.CONTAIN: "fit",
    Fit.OUTSIDE: "wrap",
}
_FLIPS: Final = {Flip.HORIZONTAL: "lr", Flip.VERTICAL: "ud", Flip.BOTH: "lrud"}


def _mask(mask: UnsharpMask) -> str:
    return f"{number(mask.amount)},{number(mask.sigma)},{mask.threshold}"


_WORDS: Final[Words] = {
    "crop": word("crop", lambda crop: ((region := pixel_region(crop)) and ",".join(map(str, region))) or None),
    "rotate": word("rotate"),
    "flip": option("flip", _FLIPS),
    "background": word("bgc", colour),
    "flatten": word("bgc", colour),
    "brightness": word("op_brightness"),
    "contrast": word("op_contrast"),
    "saturation": word("op_saturation"),
    "grayscale": constant(("op_saturation", "-100")),
    "hue": word("op_hue", lambda degrees: number(degrees if degrees <= 180 else degrees - 360)),  # noqa: PLR2004
    "invert": constant(("op_invert", "1")),
    "blur": word("op_blur", scaled(2)),
    "sharpen": word("op_usm", _mask),
    "noise": word("op_noise"),
    FORMAT: format_word("fmt", {Format.JPEG: "jpeg", Format.PNG: "png-alpha", Format.WEBP: "webp-alpha"}),
    "quality": word("qlt"),
}


def _size(terms: Terms) -> Iterator[Pair]:
    for name in ("width", "height"):
        if name in terms:
            yield name[:3], str(terms[name])
    fit = _FITS.get(terms.fit)
    if is_sized(terms) and fit:
        yield "fit", f"{fit},{int(terms.enlarge)}"
    gravity = terms.gravity
    if is_box(terms) and isinstance(gravity, Point) and gravity != Point() and direction(gravity):
        yield "align", f"{scaled(2, -1)(gravity.x)},{scaled(2, -1)(gravity.y)}"


def urls(request: ImageRequest) -> Iterator[str]:
    """Yield the URL of a request."""
    terms = terms_to_write(request.plan)
    pairs = [*_size(terms), *write_terms(terms, _WORDS)]
    yield with_query(f"/is/image/{path_of(request.source)}", pairs)
