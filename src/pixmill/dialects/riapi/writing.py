"""Writes a plan as commands of ImageResizer and Imageflow, and of ImageSharp.Web.

Must never know whether what is written means the same.
"""

from collections.abc import Iterator
from typing import Final

from pixmill.dialects.kit.writing import (
    FORMAT,
    BoxWords,
    Terms,
    Words,
    anchored,
    colour,
    constant,
    focal_point,
    format_word,
    is_box,
    join_words,
    number,
    option,
    path_of,
    percent_region,
    pixel_region,
    scaled,
    slope_of,
    terms_to_write,
    with_query,
    word,
    write_terms,
)
from pixmill.plan.gravity import Gravity, Point
from pixmill.plan.ops import Crop, Fit, Flip
from pixmill.plan.request import ImageRequest

_BOX: Final = BoxWords(
    "width",
    "height",
    "mode",
    {(Fit.INSIDE, False): "max", (Fit.COVER, True): "crop", (Fit.FILL, True): "stretch", (Fit.CONTAIN, False): "pad"},
    enlarging=("scale", "both"),
)
_FLIPS: Final = {Flip.HORIZONTAL: "x", Flip.VERTICAL: "y", Flip.BOTH: "xy"}


def _place(gravity: Gravity) -> list[tuple[str, str]]:
    names = anchored(lambda down, across: (down or "middle") + (across or "center"))(gravity)
    if names:
        return [("anchor", names)]
    if isinstance(gravity, Point) and focal_point(gravity):
        return [("c.gravity", f"{scaled(100)(gravity.x)},{scaled(100)(gravity.y)}")]
    return []


def _region(crop: object) -> list[tuple[str, str]]:
    if region := pixel_region(crop):
        left, top, width, height = region
        return [("crop", f"{left},{top},{left + width},{top + height}")]
    if isinstance(crop, Crop) and percent_region(crop):
        edges = (crop.left, crop.top, crop.left + crop.width, crop.top + crop.height)
        return [("c", ",".join(map(number, edges)))]
    return []


_WORDS: Final[Words] = {
    "gravity": _place,
    "crop": _region,
    "rotate": word("srotate"),
    "flip": option("sflip", _FLIPS),
    "trim": word("trim.threshold", lambda trim: str(trim.tolerance) if not trim.padding and not trim.colour else None),
    "background": word("bgcolor", colour),
    "flatten": word("bgcolor", colour),
    "grayscale": constant(("s.grayscale", "bt709")),
    "brightness": word("s.brightness", scaled(0.01)),
    "contrast": word("s.contrast", lambda contrast: number(round(float(slope_of(contrast)) - 1, 8))),
    "invert": constant(("s.invert", "true")),
    "opacity": word("s.alpha", scaled(0.01)),
    "blur": word("a.blur", scaled(2)),
    FORMAT: format_word("format"),
    "quality": word("quality"),
    "page": word("page", lambda page: str(page - 1)),
}


def riapi_urls(request: ImageRequest) -> Iterator[str]:
    """Yield the URL of a request: with the format that the client prefers, then with that of the original."""
    terms = terms_to_write(request.plan)
    pairs = [*_BOX.write(terms), *write_terms(terms, _WORDS)]
    path = f"/{path_of(request.source)}"
    if FORMAT not in terms:
        yield with_query(path, [*pairs, ("format", "auto")])
    yield with_query(path, pairs)


_SHARP_BOX: Final = BoxWords(
    "width",
    "height",
    "rmode",
    {
        (Fit.INSIDE, True): "max",
        (Fit.COVER, True): "crop",
        (Fit.FILL, True): "stretch",
        (Fit.CONTAIN, True): "pad",
        (Fit.CONTAIN, False): "boxpad",
    },
)


def _sharp_place(gravity: Gravity) -> list[tuple[str, str]]:
    if names := anchored(join_words(""))(gravity):
        return [("ranchor", names)]
    point = focal_point(gravity)
    return [("rxy", ",".join(point))] if point else []


_SHARP_WORDS: Final[Words] = {
    "gravity": _sharp_place,
    "background": word("bgcolor", colour),
    "flatten": word("bgcolor", colour),
    FORMAT: format_word("format"),
    "quality": word("quality"),
}


def imagesharp_urls(request: ImageRequest) -> Iterator[str]:
    """Yield the URL of a request."""
    terms = terms_to_write(request.plan)
    if not is_box(terms):
        terms = Terms(terms, enlarge=True)
    yield with_query(f"/{path_of(request.source)}", [*_SHARP_BOX.write(terms), *write_terms(terms, _SHARP_WORDS)])
