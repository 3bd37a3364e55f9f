"""Writes a plan as parameters of Supabase Storage. Must never know whether it means the same."""

from collections.abc import Iterator
from typing import Final

from pixmill.dialects.kit.writing import (
    FORMAT,
    ORIGINAL,
    BoxWords,
    Words,
    format_word,
    is_url,
    path_of,
    terms_of,
    with_query,
    word,
    write_terms,
)
from pixmill.plan.ops import Fit
from pixmill.plan.request import ImageRequest

_BOX: Final = BoxWords(
    "width",
    "height",
    "resize",
    {(Fit.INSIDE, False): "contain", (Fit.COVER, False): "cover", (Fit.FILL, False): "fill"},
    default="cover",
)
_WORDS: Final[Words] = {FORMAT: format_word("format"), "quality": word("quality")}


def urls(request: ImageRequest) -> Iterator[str]:
    """Yield the URL of a public object. A source is a bucket and a path."""
    if is_url(request.source):
        return
    terms = terms_of(request.plan)
    form = [("format", "origin")] if terms.form == ORIGINAL else []
    path = f"/storage/v1/render/image/public/{path_of(request.source)}"
    yield with_query(path, [*_BOX.write(terms), *write_terms(terms, _WORDS), *form])
