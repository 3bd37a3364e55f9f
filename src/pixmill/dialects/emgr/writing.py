"""Writes a plan as parameters of EmgR. Must never know whether it means the same."""

from collections.abc import Iterator
from typing import Final

from pixmill.dialects.kit.writing import (
    FORMAT,
    BoxWords,
    Words,
    constant,
    format_word,
    is_url,
    terms_of,
    with_query,
    word,
    write_terms,
)
from pixmill.plan.request import ImageRequest

_BOX: Final = BoxWords("width", "height")
_WORDS: Final[Words] = {
    FORMAT: format_word("format"),
    "blur": word("blur_sigma"),
    "grayscale": constant(("grayscale", "true")),
}


def urls(request: ImageRequest) -> Iterator[str]:
    """Yield the URL of a request."""
    terms = terms_of(request.plan)
    name = request.source.text if is_url(request.source) else f"/{request.source.text}"
    yield with_query("/api/images/resize", [("url", name), *_BOX.write(terms), *write_terms(terms, _WORDS)])
