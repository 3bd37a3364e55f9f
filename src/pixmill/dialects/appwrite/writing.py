"""Writes a plan as parameters of Appwrite. Must never know whether it means the same."""

from collections.abc import Iterator
from typing import Final

from pixmill.dialects.kit.writing import (
    FORMAT,
    BoxWords,
    Words,
    anchored,
    colour,
    equal_radius,
    format_word,
    join_words,
    number,
    scaled,
    segment_of,
    terms_to_write,
    transposed,
    with_query,
    word,
    write_terms,
)
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceKind, SourceRef

_BOX: Final = BoxWords("width", "height")
_WORDS: Final[Words] = {
    "gravity": word("gravity", anchored(join_words("-"))),
    "rotate": word("rotation"),
    "rotate_free": word("rotation", lambda rotation: number(rotation.degrees)),
    "corner_radii": word("borderRadius", equal_radius),
    "border": lambda border: (("borderWidth", str(border.width)), ("borderColor", colour(border.colour))),
    "opacity": word("opacity", scaled(0.01)),
    "background": word("background", colour),
    "flatten": word("background", colour),
    FORMAT: format_word("output"),
    "quality": word("quality"),
}


def urls(request: ImageRequest) -> Iterator[str]:
    """Yield the URL of a request; it turns after the resize. A source is a bucket and a file."""
    bucket, mark, file = request.source.text.partition("/")
    if request.source.kind is not SourceKind.PATH or not mark:
        return
    terms = transposed(terms_to_write(request.plan))
    bucket, file = (segment_of(SourceRef(SourceKind.PATH, text)) for text in (bucket, file))
    path = f"/v1/storage/buckets/{bucket}/files/{file}/preview"
    yield with_query(path, [*_BOX.write(terms), *write_terms(terms, _WORDS)])
