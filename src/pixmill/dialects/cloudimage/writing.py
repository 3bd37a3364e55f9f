"""Writes a plan as parameters of Cloudimage. Must never know whether it means the same."""

from collections.abc import Iterator
from typing import Final

from pixmill.dialects.kit.writing import (
    FLIP_LETTERS,
    FORMAT,
    ORIGINAL,
    BoxWords,
    Words,
    anchored,
    colour,
    compass,
    constant,
    equal_radius,
    format_word,
    is_url,
    number,
    option,
    path_of,
    pixel_region,
    scaled,
    terms_to_write,
    transposed,
    with_query,
    word,
    write_terms,
)
from pixmill.media import Format
from pixmill.plan.gravity import Faces, Gravity, Smart
from pixmill.plan.ops import Fit
from pixmill.plan.request import ImageRequest

_BOX: Final = BoxWords(
    "w",
    "h",
    "func",
    {
        **dict.fromkeys(((Fit.INSIDE, True), (Fit.INSIDE, False)), "bound"),
        (Fit.COVER, True): "crop",
        (Fit.FILL, True): "cover",
        (Fit.CONTAIN, True): "fit",
        (Fit.OUTSIDE, True): "boundmin",
    },
    default="crop",
    not_enlarging=("org_if_sml", "1"),
)
_TURN: Final = 360


def _gravity(gravity: Gravity) -> str | None:
    if gravity == Smart():
        return "auto"
    return "face" if gravity == Faces() else anchored(compass)(gravity)


def _region(crop: object) -> list[tuple[str, str]]:
    region = pixel_region(crop)
    if region is None:
        return []
    left, top, width, height = region
    return [("tl_px", f"{left},{top}"), ("br_px", f"{left + width},{top + height}")]


_WORDS: Final[Words] = {
    "gravity": word("gravity", _gravity),
    "crop": _region,
    "trim": word("trim", lambda trim: str(trim.tolerance) if not trim.padding and not trim.colour else None),
    "rotate": word("r", lambda degrees: str(-degrees % _TURN)),
    "rotate_free": word("r", lambda rotation: number(-rotation.degrees % _TURN)),
    "flip": option("flip", FLIP_LETTERS),
    "background": word("bg_color", colour),
    "flatten": word("bg_color", colour),
    "corner_radii": word("radius", equal_radius),
    "grayscale": constant(("grey", "1")),
    "brightness": word("bright", scaled(2.55, digits=0)),
    "contrast": word("contrast"),
    "blur": word("blur", scaled(2)),
    "pixelate": word("pixelate"),
    "opacity": word("opacity", scaled(0.01)),
    FORMAT: format_word("force_format", {Format.JPEG: "jpeg"}),
    "quality": word("q"),
}


def urls(request: ImageRequest, prefix: str) -> Iterator[str]:
    """Yield the URL of a request; it turns after the resize."""
    terms = transposed(terms_to_write(request.plan))
    source = request.source.text if is_url(request.source) else path_of(request.source)
    form = [("force_format", "original")] if terms.form == ORIGINAL else []
    yield with_query(f"{prefix}/{source}", [*_BOX.write(terms), *write_terms(terms, _WORDS), *form])
