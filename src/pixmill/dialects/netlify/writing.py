"""Writes a plan as parameters of Netlify's Image CDN. Must never know whether it means the same."""

from collections.abc import Iterator
from typing import Final

from pixmill.dialects.kit.writing import (
    FORMAT,
    BoxWords,
    Words,
    anchored,
    format_word,
    is_url,
    terms_of,
    with_query,
    word,
    write_terms,
)
from pixmill.plan.ops import Fit
from pixmill.plan.request import ImageRequest

_BOX: Final = BoxWords(
    "w",
    "h",
    "fit",
    {(Fit.INSIDE, False): "contain", (Fit.COVER, False): "cover", (Fit.FILL, False): "fill"},
    default="contain",
)
_WORDS: Final[Words] = {
    "gravity": word("position", anchored(lambda down, across: None if down and across else down + across or None)),
    FORMAT: format_word("fm"),
    "quality": word("q"),
}


def urls(request: ImageRequest, path: str) -> Iterator[str]:
    """Yield the URL of a request."""
    terms = terms_of(request.plan)
    source = request.source.text if is_url(request.source) else f"/{request.source.text}"
    yield with_query(path, [("url", source), *_BOX.write(terms), *write_terms(terms, _WORDS)])
