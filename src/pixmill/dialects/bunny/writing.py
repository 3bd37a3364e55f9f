"""Writes a plan as parameters of Bunny's Optimizer. Must never know whether it means the same."""

from collections.abc import Iterator
from math import gcd, log2
from typing import Final

from pixmill.dialects.kit.writing import (
    FORMAT,
    BoxWords,
    Pair,
    Terms,
    Words,
    anchored,
    compass,
    constant,
    focal_point,
    format_word,
    number,
    option,
    path_of,
    pixel_region,
    scaled,
    terms_of,
    transposed,
    with_query,
    word,
    write_terms,
)
from pixmill.plan.effects import UnsharpMask
from pixmill.plan.gravity import Faces
from pixmill.plan.ops import CropUnit, CropWindow, Fit, Flip
from pixmill.plan.request import ImageRequest

_BOX: Final = BoxWords("width", "height", enlarging=("upscaling", "resampling"))
_FLIPS: Final = {Flip.HORIZONTAL: (("flop", "true"),), Flip.VERTICAL: (("flip", "true"),)}


def _crop(crop: object) -> list[Pair]:
    if region := pixel_region(crop):
        left, top, width, height = region
        return [("crop", f"{width},{height},{left},{top}")]
    if not isinstance(crop, CropWindow) or crop.unit is not CropUnit.PIXELS:
        return []
    sides = f"{number(crop.width)},{number(crop.height)}"
    if crop.aspect:
        return [("aspect_ratio", f"{crop.aspect.width}:{crop.aspect.height}"), *_gravity(crop.gravity)]
    if crop.gravity == Faces():
        return [("face_crop", sides)]
    return [("crop", sides), *_gravity(crop.gravity)]


def _gravity(gravity: object) -> list[Pair]:
    if gravity == Faces():
        return [("face_crop", "true")]
    text = anchored(compass)(gravity)
    return [("crop_gravity", text)] if text and text != "center" else []


def _cover(terms: Terms) -> list[Pair]:
    """Write a cover as a crop to the shape of the box: what is left has that shape."""
    if terms.fit is not Fit.COVER or "width" not in terms or "height" not in terms or "crop" in terms:
        return []
    gravity = terms.gravity
    if not _gravity(gravity) and focal_point(gravity) != ("0.5", "0.5"):
        return []
    divisor = gcd(terms.width, terms.height)
    ratio = f"{terms.width // divisor}:{terms.height // divisor}"
    return [("aspect_ratio", ratio), *_gravity(gravity)]


_WORDS: Final[Words] = {
    "crop": _crop,
    "flip": lambda flip: _FLIPS.get(flip, ()),
    "rotate": word("rotate"),
    "brightness": word("brightness"),
    "contrast": word("contrast"),
    "gamma": word("gamma", lambda gamma: f"{100 * log2(gamma):.4f}".rstrip("0").rstrip(".")),
    "saturation": word("saturation"),
    "grayscale": constant(("saturation", "-100")),
    "hue": word("hue", scaled(5 / 18, digits=4)),
    "sepia": word("sepia"),
    "blur": word("blur", scaled(2)),
    "sharpen": option("sharpen", {UnsharpMask(1.0, 1.0): "true"}),
    FORMAT: format_word("format", {}),
    "quality": word("quality"),
}


def urls(request: ImageRequest) -> Iterator[str]:
    """Yield the URL of a request."""
    terms = transposed(terms_of(request.plan))
    yield with_query(f"/{path_of(request.source)}", [*_cover(terms), *_BOX.write(terms), *write_terms(terms, _WORDS)])
