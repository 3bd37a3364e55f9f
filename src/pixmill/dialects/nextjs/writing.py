"""Writes a plan as the three parameters of the image optimizers. Must never know whether it means the same."""

from collections.abc import Collection, Iterator
from typing import Final

from pixmill.dialects.kit.writing import is_url, terms_of, with_query
from pixmill.plan.request import ImageRequest

_USUAL_QUALITY: Final = 75


def urls(request: ImageRequest, path: str, qualities: Collection[int] | None) -> Iterator[str]:
    """Yield the URL of a request; a quality is required, one of ``qualities`` if there are any."""
    terms = terms_of(request.plan)
    usual = _USUAL_QUALITY if not qualities or _USUAL_QUALITY in qualities else max(qualities)
    source = request.source.text if is_url(request.source) else f"/{request.source.text}"
    sides = [("w", str(terms.width))] if "width" in terms else []
    yield with_query(path, [("url", source), *sides, ("q", str(terms.value("quality", usual)))])
