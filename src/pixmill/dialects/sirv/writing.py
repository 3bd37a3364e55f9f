"""Writes a plan as options of Sirv. Must never know whether it means the same."""

from collections.abc import Iterator
from typing import Final

from pixmill.dialects.kit.writing import (
    FORMAT,
    ORIGINAL,
    Pair,
    Terms,
    Words,
    colour,
    constant,
    direction,
    format_word,
    is_box,
    is_sized,
    mask_amount,
    option,
    path_of,
    scaled,
    terms_to_write,
    transposed,
    with_query,
    word,
    write_terms,
)
from pixmill.plan.ops import Fit, Flip
from pixmill.plan.output import Metadata
from pixmill.plan.request import ImageRequest

_SCALES: Final = {
    Fit.COVER: "fill",
    Fit.OUTSIDE: "fill",
    Fit.FILL: "ignore",
}
_FLIPS: Final = {
    Flip.HORIZONTAL: (("flop", "true"),),
    Flip.VERTICAL: (("flip", "true"),),
    Flip.BOTH: (("flip", "true"), ("flop", "true")),
}
_WORDS: Final[Words] = {
    "rotate": word("rotate"),
    "flip": lambda flip: _FLIPS[flip],
    **{
        name: word(name)
        for name in ("highlights", "shadows", "brightness", "contrast", "lightness", "saturation", "opacity")
    },
    "exposure": word("exposure", scaled(50)),
    "hue": word("hue", lambda degrees: scaled(1 / 1.8, digits=4)(degrees if degrees <= 180 else degrees - 360)),  # noqa: PLR2004
    "grayscale": constant(("grayscale", "true")),
    "blur": word("blur"),
    "sharpen": word("sharpen", mask_amount(1, 20)),
    "vignette": word("vignette"),
    FORMAT: format_word("format"),
    "quality": word("q"),
    "metadata": option("stripmetadata", {Metadata.KEEP: "false", Metadata.ALL: "false"}),
    "page": word("page"),
}


def _size(terms: Terms) -> Iterator[Pair]:
    for name in ("width", "height"):
        if name in terms:
            yield name[0], str(terms[name])
    fit = terms.fit
    if is_box(terms) and fit in _SCALES:
        yield "scale.option", _SCALES[fit]
    elif is_sized(terms) and not terms.enlarge:
        yield "scale.option", "noup"
    if not is_box(terms):
        return
    if fit is Fit.COVER:
        yield from _cut(terms)
    elif fit is Fit.CONTAIN:
        yield from (("canvas.width", str(terms.width)), ("canvas.height", str(terms.height)))


def _cut(terms: Terms) -> Iterator[Pair]:
    """Yield the crop that follows a fit around the box."""
    words = direction(terms.gravity)
    if words is None:
        return
    down, across = words
    yield from (("cw", str(terms.width)), ("ch", str(terms.height)))
    yield from (
        ("cx", {"left": "0", "": "center"}.get(across, across)),
        ("cy", {"top": "0", "": "center"}.get(down, down)),
    )


def urls(request: ImageRequest) -> Iterator[str]:
    """Yield the URL of a request."""
    terms = transposed(terms_to_write(request.plan))
    pairs = [*_size(terms), *write_terms(terms, _WORDS)]
    if terms.fit is Fit.CONTAIN and "background" in terms:
        pairs.append(("canvas.color", colour(terms.background)))
    if terms.form == ORIGINAL:
        pairs.append(("format", "original"))
    yield with_query(f"/{path_of(request.source)}", pairs)
