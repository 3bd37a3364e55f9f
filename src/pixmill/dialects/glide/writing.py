"""Writes a plan as parameters of Glide. Must never know whether it means the same."""

from collections.abc import Iterator
from typing import Final

from pixmill.dialects.kit.writing import (
    FORMAT,
    BoxWords,
    Terms,
    Words,
    colour,
    constant,
    direction,
    focal_point,
    format_word,
    is_box,
    number,
    option,
    path_of,
    pixel_region,
    scaled,
    terms_to_write,
    with_query,
    word,
    write_terms,
)
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Gravity, Point
from pixmill.plan.ops import Fit, Flip
from pixmill.plan.request import ImageRequest

_FITS: Final = {
    (Fit.INSIDE, True): "contain",
    (Fit.INSIDE, False): "max",
    (Fit.COVER, True): "crop",
    (Fit.FILL, True): "stretch",
    (Fit.CONTAIN, False): "fill",
    (Fit.CONTAIN, True): "fill-max",
}
_FLIPS: Final = {Flip.HORIZONTAL: "h", Flip.VERTICAL: "v", Flip.BOTH: "both"}
_TURN: Final = 360
_LONG_BYTE: Final = 255


def _colour(shade: Colour) -> str:
    """Write an opacity in hundredths in front of the digits."""
    digits = colour(shade)[:6]
    return digits if shade.alpha == _LONG_BYTE else f"{round(shade.alpha * 100 / _LONG_BYTE):02d}{digits}"


def _place(gravity: Gravity) -> str:
    if words := direction(gravity):
        return f"-{'-'.join(filter(None, words))}" if any(words) else ""
    if isinstance(gravity, Point) and focal_point(Point(gravity.x, gravity.y)):
        zoom = "" if gravity.zoom == 1 else f"-{number(gravity.zoom)}"
        return f"-{scaled(100)(gravity.x)}-{scaled(100)(gravity.y)}{zoom}"
    return ""


def _region(crop: object) -> str | None:
    region = pixel_region(crop)
    return f"{region[2]},{region[3]},{region[0]},{region[1]}" if region else None


_WORDS: Final[Words] = {
    "rotate": word("or", lambda degrees: str(-degrees % _TURN)),
    "crop": word("crop", _region),
    "brightness": word("bri"),
    "gamma": word("gam"),
    "grayscale": constant(("filt", "greyscale")),
    "flip": option("flip", _FLIPS),
    "pixelate": word("pixel"),
    "background": word("bg", _colour),
    "flatten": word("bg", _colour),
    FORMAT: format_word("fm"),
    "quality": word("q"),
    "progressive": constant(("interlace", "1")),
}


def _box(terms: Terms) -> BoxWords:
    place = _place(terms.gravity) if "gravity" in terms and is_box(terms) else ""
    fits = {**_FITS, (Fit.COVER, True): f"crop{place}"}
    return BoxWords("w", "h", "fit", fits, default="contain", decides=True)


def urls(request: ImageRequest) -> Iterator[str]:
    """Yield the URL of a request."""
    terms = terms_to_write(request.plan)
    yield with_query(f"/{path_of(request.source)}", [*_box(terms).write(terms), *write_terms(terms, _WORDS)])
