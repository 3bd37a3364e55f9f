"""Writes a plan as directives of ImageEngine. Must never know whether it means the same."""

from collections.abc import Iterator
from typing import Final

from pixmill.dialects.kit.writing import (
    FORMAT,
    Pair,
    Terms,
    Words,
    anchored,
    format_word,
    is_box,
    mask_amount,
    number,
    option,
    path_of,
    pixel_region,
    terms_to_write,
    transposed,
    word,
    write_terms,
)
from pixmill.plan.ops import Fit
from pixmill.plan.output import Metadata
from pixmill.plan.request import ImageRequest

_MODES: Final = {Fit.COVER: "cropbox", Fit.CONTAIN: "letterbox", Fit.OUTSIDE: "outside", Fit.FILL: "stretch"}
_SIDE: Final = anchored(lambda down, across: None if down and across else down + across or None)


def _region(crop: object) -> str | None:
    region = pixel_region(crop)
    return f"{region[2]},{region[3]},{region[0]},{region[1]}" if region else None


_WORDS: Final[Words] = {
    "crop": word("cr", _region),
    "rotate": word("r"),
    "rotate_free": word("r", lambda rotation: number(rotation.degrees)),
    "sharpen": word("s", mask_amount(1, 100)),
    FORMAT: format_word("f"),
    "quality": word("cmpr", lambda quality: str(100 - quality)),
    "metadata": option("meta", {Metadata.KEEP: "true"}),
}


def _size(terms: Terms) -> Iterator[Pair]:
    for name in ("width", "height"):
        if name in terms:
            yield name[0], str(terms[name])
    mode = _MODES.get(terms.fit)
    if is_box(terms) and mode:
        side = _SIDE(terms.gravity)
        yield "m", f"{mode},{side}" if side else mode


def urls(request: ImageRequest) -> Iterator[str]:
    """Yield the URL of a request; it turns after the resize."""
    terms = transposed(terms_to_write(request.plan))
    directives = "".join(f"/{name}_{text}" for name, text in (*_size(terms), *write_terms(terms, _WORDS)))
    path = f"/{path_of(request.source)}"
    yield f"{path}?imgeng={directives}" if directives else path
