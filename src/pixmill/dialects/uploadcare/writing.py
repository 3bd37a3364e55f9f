"""Writes a plan as operations of Uploadcare. Must never know whether it means the same."""

from collections.abc import Iterator
from typing import Final

from pixmill.dialects.kit.writing import (
    FORMAT,
    Pair,
    Terms,
    Words,
    anchored,
    colour,
    constant,
    direction,
    equal_radius,
    focal_point,
    format_word,
    is_box,
    is_sized,
    join_words,
    mask_amount,
    option,
    path_of,
    percent_region,
    pixel_region,
    scaled,
    terms_to_write,
    word,
    write_terms,
)
from pixmill.media import Format
from pixmill.plan.gravity import Gravity, Point, Smart
from pixmill.plan.ops import Fit, Flip
from pixmill.plan.request import ImageRequest

_TURN: Final = 360
_FLIPS: Final = {
    Flip.HORIZONTAL: (("mirror", ""),),
    Flip.VERTICAL: (("flip", ""),),
    Flip.BOTH: (("mirror", ""), ("flip", "")),
}
_QUALITIES: Final = {
    65: "lightest",
    75: "lighter",
    85: "better",
    95: "best",
}
_BEFORE: Final[Words] = {
    "rotate": word("rotate", lambda degrees: str(-degrees % _TURN)),
    "flip": lambda flip: _FLIPS[flip],
}
_AFTER: Final[Words] = {
    "grayscale": constant(("grayscale", "")),
    "gamma": word("gamma", lambda gamma: scaled(100, digits=0)(1 / gamma)),
    "warmth": word("warmth"),
    "exposure": word("exposure", scaled(100)),
    "brightness": word("brightness"),
    "contrast": word("contrast"),
    "invert": constant(("invert", "")),
    "vibrance": word("vibrance"),
    "saturation": word("saturation"),
    "blur": word("blur", scaled(10)),
    "sharpen": word("sharp", mask_amount(1, 10)),
    "corner_radii": word("border_radius", equal_radius),
    "background": word("setfill", colour),
    "flatten": word("setfill", colour),
    FORMAT: format_word("format", {Format.JPEG: "jpeg"}),
    "quality": option("quality", _QUALITIES),
    "progressive": constant(("progressive", "yes")),
}


def _place(gravity: Gravity) -> str | None:
    if gravity == Smart():
        return "smart"
    if not isinstance(gravity, Point) or not (direction(gravity) or focal_point(gravity)):
        return None
    words = direction(gravity)
    if words and not all(words):
        return anchored(join_words(""))(gravity)
    return f"{scaled(100)(gravity.x)}p,{scaled(100)(gravity.y)}p"


def _geometry(terms: Terms) -> Iterator[Pair]:
    if region := pixel_region(terms.crop):
        left, top, width, height = region
        yield "crop", f"{width}x{height}/{left},{top}"
    elif shares := percent_region(terms.crop):
        left_share, top_share, width_share, height_share = shares
        yield "crop", f"{width_share}px{height_share}p/{left_share}p,{top_share}p"
    if not is_sized(terms):
        return
    fit, box = terms.fit, f"{terms.value('width', '')}x{terms.value('height', '')}"
    enlarges = terms.enlarge
    if is_box(terms) and fit is Fit.INSIDE:
        yield "preview", box
        return
    if not enlarges:
        yield "stretch", "off"
    if is_box(terms) and fit is Fit.COVER:
        place = _place(terms.gravity) if "gravity" in terms else "center"
        yield "scale_crop", f"{box}/{place}" if place else box
    elif not is_box(terms) or fit is Fit.FILL:
        yield "resize", box


def urls(request: ImageRequest) -> Iterator[str]:
    """Yield the URL of a request."""
    terms = terms_to_write(request.plan)
    pairs = [*write_terms(terms, _BEFORE), *_geometry(terms), *write_terms(terms, _AFTER)]
    operations = "".join(f"-/{name}/{text}/" if text else f"-/{name}/" for name, text in pairs)
    yield f"/{path_of(request.source)}/{operations}"
