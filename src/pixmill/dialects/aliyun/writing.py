"""Writes a plan as a chain of actions. Must never know whether it means the same."""

from collections.abc import Iterator
from typing import Final

from pixmill.dialects.kit.writing import (
    FORMAT,
    Pair,
    Terms,
    Words,
    colour,
    equal_radius,
    fit_word,
    format_word,
    is_box,
    is_sized,
    mask_amount,
    number,
    path_of,
    pixel_region,
    terms_to_write,
    word,
    write_terms,
)
from pixmill.plan.ops import Fit
from pixmill.plan.request import ImageRequest

_MODES: Final = {
    (Fit.INSIDE, False): "lfit",
    (Fit.OUTSIDE, True): "mfit",
    (Fit.COVER, True): "fill",
    (Fit.CONTAIN, True): "pad",
    (Fit.FILL, True): "fixed",
}
_WIDEST_BLUR: Final = 50
_BEFORE: Final[Words] = {"rotate": word("rotate"), "rotate_free": word("rotate", lambda one: number(one.degrees))}
_AFTER: Final[Words] = {
    "brightness": word("bright"),
    "contrast": word("contrast"),
    "blur": word("blur", lambda sigma: f"r_{_WIDEST_BLUR},s_{number(sigma)}"),
    "sharpen": word("sharpen", mask_amount(1, 100)),
    "corner_radii": word("rounded-corners", lambda radii: (radius := equal_radius(radii)) and f"r_{radius}"),
    FORMAT: format_word("format"),
    "quality": word("quality", lambda quality: f"Q_{quality}"),
    "progressive": word("interlace", lambda _: "1"),
}


def _crop(terms: Terms) -> Iterator[Pair]:
    if region := pixel_region(terms.crop):
        left, top, width, height = region
        yield "crop", f"x_{left},y_{top},w_{width},h_{height}"


def _size(terms: Terms) -> Iterator[Pair]:
    if not is_sized(terms):
        return
    parts = [f"m_{fit_word(terms, _MODES)}"] if is_box(terms) else []
    parts += [f"{name[0]}_{terms[name]}" for name in ("width", "height") if name in terms]
    parts += ["limit_0"] if terms.enlarge else []
    if terms.fit is Fit.CONTAIN and "background" in terms:
        parts.append(f"color_{colour(terms.background).upper()}")
    yield "resize", ",".join(parts)


def urls(request: ImageRequest, param: str) -> Iterator[str]:
    """Yield the URL of a request; ``param`` has the chain."""
    terms = terms_to_write(request.plan)
    actions = [*write_terms(terms, _BEFORE), *_crop(terms), *_size(terms), *write_terms(terms, _AFTER)]
    chain = "".join(f"/{name},{text}" for name, text in actions)
    yield f"/{path_of(request.source)}?{param}=image{chain}" if chain else f"/{path_of(request.source)}"
