"""Writes a plan as parameters of Photon and Tachyon. Must never know whether it means the same."""

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
    is_box,
    is_sized,
    option,
    path_of,
    percent_region,
    pixel_region,
    scaled,
    terms_to_write,
    with_query,
    word,
    write_terms,
)
from pixmill.media import Format
from pixmill.plan.gravity import Interest, Point, Smart
from pixmill.plan.ops import Fit
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef

_WORDS: Final[Words] = {
    "brightness": word("brightness", scaled(2.55, digits=0)),
    "contrast": word("contrast", scaled(-1)),
    FORMAT: option("webp", {Format.WEBP: "1"}),
    "quality": word("quality"),
}
_FILTERS: Final = {"grayscale": "grayscale", "invert": "negate"}


def _crop(terms: Terms) -> Iterator[Pair]:
    if region := pixel_region(terms.crop):
        yield "crop", ",".join(f"{side}px" for side in region)
    elif shares := percent_region(terms.crop):
        yield "crop", ",".join(shares)


def _size(terms: Terms, *, is_tachyon: bool) -> Iterator[Pair]:
    fit, sides = terms.fit, f"{terms.width},{terms.height}"
    if is_box(terms) and fit is Fit.COVER:
        yield "resize", sides
        yield from _place(terms.gravity, is_tachyon=is_tachyon)
    elif is_box(terms) and fit is Fit.CONTAIN:
        shade = colour(terms.background) if "background" in terms else "ffffff"
        yield from (("lb", sides), ("background", shade)) if is_tachyon else (("lb", f"{sides},{shade}"),)
    elif is_box(terms) and fit is Fit.INSIDE:
        yield "fit", sides
    elif not is_box(terms):
        yield from ((name[0], str(terms[name])) for name in ("width", "height") if name in terms)
    if is_sized(terms) and terms.enlarge and fit is Fit.INSIDE:
        yield "upscale", "1"


def _place(gravity: object, *, is_tachyon: bool) -> Iterator[Pair]:
    if is_tachyon and isinstance(gravity, Smart):
        yield "crop_strategy", "entropy" if gravity.interest is Interest.ENTROPY else "smart"
    if not isinstance(gravity, Point) or gravity == Point():
        return
    if is_tachyon and (text := anchored(compass)(gravity)):
        yield "gravity", text
    elif not is_tachyon:
        yield "crop_offset", f"{scaled(100)(gravity.x)},{scaled(100)(gravity.y)}"


def _source(source: SourceRef) -> tuple[str, list[Pair]]:
    """Return the path of an original and the parameters that say the rest of its URL."""
    scheme, mark, rest = source.text.partition("://")
    if not mark:
        return path_of(source), []
    path, question, query = rest.partition("?")
    ssl = [("ssl", "1")] if scheme == "https" else []
    return path, [*ssl, *([("q", query)] if question else [])]


def urls(request: ImageRequest, *, is_tachyon: bool) -> Iterator[str]:
    """Yield the URL of a request."""
    terms = terms_to_write(request.plan)
    path, rest = _source(request.source)
    filters = [("filter", text) for name, text in _FILTERS.items() if name in terms]
    pairs = [*_crop(terms), *_size(terms, is_tachyon=is_tachyon), *filters[:1], *write_terms(terms, _WORDS), *rest]
    yield with_query(f"/{path}", pairs)
