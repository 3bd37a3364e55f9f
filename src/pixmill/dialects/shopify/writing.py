"""Writes a plan as parameters of Shopify. Must never know whether it means the same."""

from collections.abc import Iterator
from typing import Final

from pixmill.dialects.kit.writing import (
    FORMAT,
    BoxWords,
    Pair,
    Terms,
    Words,
    anchored,
    format_word,
    is_box,
    opaque_colour,
    path_of,
    pixel_region,
    terms_to_write,
    with_query,
    word,
    write_terms,
)
from pixmill.plan.ops import Fit
from pixmill.plan.request import ImageRequest

_BOX: Final = BoxWords("width", "height")
_WORDS: Final[Words] = {FORMAT: format_word("format"), "quality": word("quality")}
_SIDE: Final = anchored(lambda down, across: None if down and across else down + across or "center")


def _cut(terms: Terms) -> Iterator[Pair]:
    if is_box(terms) and terms.fit is Fit.COVER:
        side = _SIDE(terms.gravity) if "gravity" in terms else "center"
        yield from (("crop", side),) if side else ()
    elif region := pixel_region(terms.crop):
        names = ("crop_left", "crop_top", "crop_width", "crop_height")
        yield from (("crop", "region"), *zip(names, map(str, region), strict=True))
    shade = opaque_colour(terms.background) if "background" in terms else None
    if shade and terms.fit is Fit.CONTAIN:
        yield "pad_color", shade


def urls(request: ImageRequest) -> Iterator[str]:
    """Yield the URL of a request."""
    terms = terms_to_write(request.plan)
    version = [("v", request.source.version)] if request.source.version else []
    pairs = [*version, *_BOX.write(terms), *_cut(terms), *write_terms(terms, _WORDS)]
    yield with_query(f"/{path_of(request.source)}", pairs)
