"""Writes a plan as tasks of Hygraph. Must never know whether it means the same."""

from collections.abc import Iterator
from typing import Final

from pixmill.dialects.kit.writing import (
    FORMAT,
    BoxWords,
    Pair,
    Terms,
    Words,
    anchored,
    constant,
    equal_radius,
    format_word,
    is_box,
    mask_amount,
    path_of,
    pixel_region,
    terms_to_write,
    word,
    write_terms,
)
from pixmill.plan.gravity import Faces, Gravity
from pixmill.plan.ops import Fit, Flip
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceKind, SourceRef

_BOX: Final = BoxWords(
    "width",
    "height",
    "fit",
    {(Fit.INSIDE, True): "clip", (Fit.INSIDE, False): "max", (Fit.COVER, True): "crop", (Fit.FILL, True): "scale"},
    default="clip",
    decides=True,
)
_FLIPS: Final = {
    Flip.HORIZONTAL: (("flop", ""),),
    Flip.VERTICAL: (("flip", ""),),
    Flip.BOTH: (("flip", ""), ("flop", "")),
}
_BEFORE: Final[Words] = {"rotate": word("rotate", lambda degrees: f"deg:{degrees}"), "flip": lambda flip: _FLIPS[flip]}
_AFTER: Final[Words] = {
    "grayscale": constant(("monochrome", "")),
    "sepia": word("sepia", lambda tone: f"tone:{tone:g}"),
    "blur": word("blur", lambda sigma: f"amount:{sigma:g}"),
    "sharpen": word("sharpen", lambda mask: (amount := mask_amount(1, 4)(mask)) and f"amount:{amount}"),
    "corner_radii": word("rounded_corners", lambda radii: (radius := equal_radius(radii)) and f"radius:{radius}"),
}
_OUTPUT: Final[Words] = {FORMAT: format_word("format"), "quality": word("quality")}


def _align(gravity: Gravity) -> str | None:
    if gravity == Faces():
        return "faces"
    return anchored(lambda down, across: f"[{down},{across}]" if down and across else down + across or None)(gravity)


def _tasks(terms: Terms) -> Iterator[Pair]:
    yield from write_terms(terms, _BEFORE)
    if region := pixel_region(terms.crop):
        yield "crop", f"dim:[{','.join(map(str, region))}]"
    box = list(_BOX.write(terms))
    if is_box(terms) and "gravity" in terms and (side := _align(terms.gravity)):
        box.append(("align", side))
    if box:
        yield "resize", ",".join(f"{name}:{text}" for name, text in box)
    yield from write_terms(terms, _AFTER)
    if output := write_terms(terms, _OUTPUT):
        yield "output", ",".join(f"{name}:{text}" for name, text in output)
    if FORMAT not in terms:
        yield "auto_image", ""


def urls(request: ImageRequest) -> Iterator[str]:
    """Yield the URL of a request. A source is an environment and a handle."""
    environment, mark, handle = request.source.text.rpartition("/")
    if request.source.kind is not SourceKind.PATH or not mark:
        return
    tasks = "".join(f"/{name}={text}" if text else f"/{name}" for name, text in _tasks(terms_to_write(request.plan)))
    start, end = (path_of(SourceRef(SourceKind.PATH, text)) for text in (environment, handle))
    yield f"/{start}{tasks}/{end}"
