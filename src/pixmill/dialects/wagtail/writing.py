"""Writes a plan as a filter of Wagtail. Must never know whether it means the same."""

from collections.abc import Iterator
from typing import Final

from pixmill.dialects.kit.writing import (
    FORMAT,
    Pair,
    Terms,
    Words,
    format_word,
    is_box,
    opaque_colour,
    path_of,
    scaled,
    terms_to_write,
    word,
    write_terms,
)
from pixmill.media import Format
from pixmill.plan.ops import Fit
from pixmill.plan.request import ImageRequest

_FITS: Final = {Fit.INSIDE: "max", Fit.COVER: "fill", Fit.OUTSIDE: "min"}
_WORDS: Final[Words] = {
    FORMAT: format_word("format", {Format.JPEG: "jpeg"}),
    "flatten": word("bgcolor", opaque_colour),
}


def _operations(terms: Terms) -> Iterator[Pair]:
    fit = _FITS.get(terms.fit)
    if is_box(terms) and fit:
        yield fit, f"{terms.width}x{terms.height}"
    elif not is_box(terms):
        yield from ((name, str(terms[name])) for name in ("width", "height") if name in terms)
    if "zoom" in terms:
        yield "scale", scaled(100)(terms.value("zoom", 1.0))
    yield from write_terms(terms, _WORDS)
    if "background" in terms and "flatten" not in terms and (shade := opaque_colour(terms.background)):
        yield "bgcolor", shade
    if "quality" in terms:
        named = terms.form
        forms = (named,) if isinstance(named, Format) else (Format.JPEG, Format.WEBP, Format.AVIF)
        yield from ((f"{form.value}quality", str(terms["quality"])) for form in forms)


def urls(request: ImageRequest) -> Iterator[str]:
    """Yield the URL of a request, with a word in place of its signature."""
    operations = "%7C".join(f"{name}-{text}" for name, text in _operations(terms_to_write(request.plan)))
    yield f"/images/unsafe/{path_of(request.source)}/{operations or 'original'}/"
