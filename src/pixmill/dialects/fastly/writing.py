"""Writes a plan as parameters of Fastly's Image Optimizer. Must never know whether it means the same."""

from collections.abc import Iterator
from math import gcd
from typing import Final

from pixmill.dialects.kit.writing import (
    FORMAT,
    BoxWords,
    Pair,
    Terms,
    Words,
    colour,
    direction,
    format_word,
    is_box,
    margins_of,
    number,
    option,
    path_of,
    percent_region,
    pixel_region,
    scaled,
    terms_to_write,
    with_query,
    word,
    write_terms,
)
from pixmill.plan.colour import Colour
from pixmill.plan.effects import UnsharpMask
from pixmill.plan.gravity import Point, Smart
from pixmill.plan.ops import CropUnit, CropWindow, Fit
from pixmill.plan.output import Metadata
from pixmill.plan.request import ImageRequest
from pixmill.plan.transforms import Extend, Trim

_FITS: Final = {
    **dict.fromkeys(((Fit.INSIDE, True), (Fit.INSIDE, False), (Fit.CONTAIN, True), (Fit.CONTAIN, False)), "bounds"),
    (Fit.OUTSIDE, True): "cover",
    (Fit.COVER, True): "crop",
}
_LONG_BYTE: Final = 255


def _crop(crop: object) -> str | None:
    if region := pixel_region(crop):
        left, top, width, height = region
        return f"{width},{height},x{left},y{top},safe"
    if shares := percent_region(crop):
        left_share, top_share, width_share, height_share = shares
        return f"{width_share}p,{height_share}p,x{left_share}p,y{top_share}p,safe"
    if isinstance(crop, CropWindow) and crop.unit is CropUnit.PIXELS:
        return _window(crop)
    return None


def _window(crop: CropWindow) -> str | None:
    place = _place(crop.gravity)
    if place is None:
        return None
    if crop.aspect:
        return f"{crop.aspect.width}:{crop.aspect.height}{place}"
    return f"{number(crop.width)},{number(crop.height)}{place},safe" if crop.width and crop.height else None


def _place(gravity: object) -> str | None:
    if gravity == Smart():
        return ",smart"
    if not isinstance(gravity, Point) or direction(gravity) is None:
        return None
    x, y = (scaled(100)(share) for share in (gravity.x, gravity.y))
    return "" if (x, y) == ("50", "50") else f",offset-x{x},offset-y{y}"


def _cover(terms: Terms) -> list[Pair]:
    """Write a cover that is not centred as a crop to the shape of the box; then the box may distort."""
    gravity = terms.gravity
    if terms.fit is not Fit.COVER or not is_box(terms) or gravity == Point():
        return []
    divisor = gcd(terms.width, terms.height)
    place = _place(gravity)
    ratio = f"{terms.width // divisor}:{terms.height // divisor}"
    return [] if place is None else [("crop", f"{ratio}{place}")]


def _padding(extend: Extend) -> str | None:
    margins = margins_of(extend)
    return ",".join(map(str, margins)) if margins else None


def _background(shade: Colour) -> str:
    if shade.alpha == _LONG_BYTE:
        return colour(shade)
    return f"{shade.red},{shade.green},{shade.blue},{shade.alpha / _LONG_BYTE:.6g}"


def _trim(trim: Trim) -> str | None:
    if trim != Trim(trim.tolerance, trim.colour):
        return None
    shade = "auto" if trim.colour is None else colour(trim.colour)
    return f"{shade},t{trim.tolerance / _LONG_BYTE + 1e-6:.6f}"


def _sharpening(mask: UnsharpMask) -> str:
    return f"a{number(mask.amount)},r{number(mask.sigma)},t{mask.threshold}"


_WORDS: Final[Words] = {
    "crop": word("crop", _crop),
    "trim": word("trim-color", _trim),
    "orientation": word("orient"),
    "kernel": word("resize-filter"),
    "extend": word("pad", _padding),
    "background": word("bg-color", _background),
    "brightness": word("brightness"),
    "contrast": word("contrast"),
    "saturation": word("saturation"),
    "grayscale": lambda _: (("saturation", "-100"),),
    "blur": word("blur", scaled(2)),
    "sharpen": word("sharpen", _sharpening),
    "threshold": word("bw", lambda value: f"threshold,{scaled(1 / 2.55, digits=4)(value)}"),
    "animated": option("frame", {False: "1"}),
    FORMAT: format_word("format"),
    "quality": word("quality"),
    "metadata": option("metadata", {Metadata.COPYRIGHT: "copyright"}),
}


def urls(request: ImageRequest, *, may_enlarge: bool) -> Iterator[str]:
    """Yield the URL of a request. ``may_enlarge``: images may be enlarged unless a URL forbids it."""
    terms = terms_to_write(request.plan)
    cover = _cover(terms)
    box = BoxWords(
        "width",
        "height",
        "fit",
        {} if cover else _FITS,
        enlarging=None if may_enlarge else ("enable", "upscale"),
        not_enlarging=("disable", "upscale") if may_enlarge else None,
    )
    pairs = [*cover, *box.write(terms)]
    if terms.fit is Fit.CONTAIN:
        pairs.append(("canvas", f"{terms.width},{terms.height}"))
    pairs += write_terms(terms, _WORDS)
    if FORMAT not in terms:
        pairs.append(("auto", "avif,webp"))
    yield with_query(f"/{path_of(request.source)}", pairs)
