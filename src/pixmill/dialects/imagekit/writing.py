"""Writes a plan as steps of ImageKit. Must never know whether it means the same."""

from collections.abc import Iterator
from typing import Final

from pixmill.dialects.kit.writing import (
    FORMAT,
    ORIGINAL,
    BoxWords,
    Pair,
    Terms,
    Words,
    anchored,
    constant,
    equal_radius,
    format_word,
    is_url,
    join_words,
    number,
    option,
    path_of,
    percent_region,
    pixel_region,
    scaled,
    segment_of,
    terms_to_write,
    word,
    write_terms,
)
from pixmill.plan.colour import Colour
from pixmill.plan.effects import UnsharpMask
from pixmill.plan.gravity import Faces, Gravity, Smart
from pixmill.plan.ops import Crop, CropUnit, CropWindow, Fit, Flip
from pixmill.plan.output import Metadata, Profile
from pixmill.plan.request import ImageRequest
from pixmill.plan.shapes import Border, CornerRadii
from pixmill.plan.transforms import Fill, FreeRotation, Trim

_FITS: Final = {
    (Fit.COVER, True): "maintain_ratio",
    (Fit.COVER, False): "maintain_ratio_no_enlarge",
    (Fit.FILL, True): "force",
    (Fit.INSIDE, False): "at_max",
    (Fit.INSIDE, True): "at_max_enlarge",
    (Fit.OUTSIDE, True): "at_least",
}
_PADS: Final = {(Fit.CONTAIN, True): "pad_resize", (Fit.CONTAIN, False): "pad_resize_no_enlarge"}
_FLIPS: Final = {Flip.HORIZONTAL: "h", Flip.VERTICAL: "v", Flip.BOTH: "h_v"}
_LONG_BYTE: Final = 255


def _focus(gravity: Gravity) -> str | None:
    if gravity == Smart():
        return "auto"
    return "face" if gravity == Faces() else anchored(join_words("_"))(gravity)


def _colour(shade: Colour) -> str:
    """Write six digits and the opacity in hundredths."""
    digits = f"{shade.red:02X}{shade.green:02X}{shade.blue:02X}"
    return digits if shade.alpha == _LONG_BYTE else f"{digits}{round(shade.alpha * 100 / _LONG_BYTE):02d}"


def _crop(crop: object) -> list[Pair]:
    names = ("x", "y", "w", "h")
    if region := pixel_region(crop):
        return [("cm", "extract"), *zip(names, map(str, region), strict=True)]
    if isinstance(crop, Crop) and percent_region(crop):
        share = scaled(0.01)
        shares = map(share, (crop.left, crop.top, crop.width, crop.height))
        return [("cm", "extract"), *zip(names, shares, strict=True)]
    if isinstance(crop, CropWindow) and crop.unit is CropUnit.PIXELS and not crop.aspect and crop.width and crop.height:
        place = _focus(crop.gravity)
        sides = (number(crop.width), number(crop.height))
        return [("cm", "extract"), *zip("wh", sides, strict=True), *([("fo", place)] if place else [])]
    return []


def _trim(trim: Trim) -> str | None:
    return str(trim.tolerance) if trim == Trim(trim.tolerance) else None


def _mask(mask: UnsharpMask) -> list[Pair]:
    if mask.sigma == 1 and not mask.threshold:
        return [("e-sharpen", scaled(100)(mask.amount))]
    numbers = (mask.sigma, mask.sigma, mask.amount, mask.threshold / _LONG_BYTE)
    return [("e-usm", "-".join(f"{one:.6g}" for one in numbers))]


def _radius(radii: CornerRadii) -> str | None:
    return equal_radius(radii)


def _border(border: Border) -> str:
    return f"{border.width}_{_colour(border.colour)}"


def _rotation(rotation: FreeRotation) -> str:
    return number(rotation.degrees)


_BEFORE: Final[Words] = {
    "rotate": word("rt"),
    "flip": option("fl", _FLIPS),
}
_AFTER: Final[Words] = {
    "rotate_free": word("rt", _rotation),
    "grayscale": constant(("e-grayscale", "")),
    "normalise": constant(("e-contrast", "")),
    "blur": word("bl"),
    "sharpen": _mask,
    "corner_radii": word("r", _radius),
    "border": word("b", _border),
    "opacity": word("o"),
}
_OUTPUT: Final[Words] = {
    FORMAT: format_word("f"),
    "quality": word("q"),
    "progressive": option("pr", {True: "true"}),
    "lossless": option("lo", {True: "true"}),
    "profile": option("cp", {Profile.KEEP: "true"}),
    "metadata": option("md", {Metadata.KEEP: "true", Metadata.ALL: "true"}),
    "page": word("pg"),
}


def _box(terms: Terms) -> Iterator[Pair]:
    is_padded = terms.fit is Fit.CONTAIN
    box = BoxWords("w", "h", "cm" if is_padded else "c", _PADS if is_padded else _FITS, "maintain_ratio", decides=True)
    yield from box.write(terms)
    if "gravity" in terms and (focus := _focus(terms.gravity)):
        yield "fo", focus
    if "background" in terms:
        is_blurred = "extend" in terms and terms.extend.fill is Fill.BLUR
        yield "bg", "blurred" if is_blurred else _colour(terms.background)


def steps_of(request: ImageRequest) -> Iterator[list[Pair]]:
    """Yield the steps of a request, in the order of work."""
    terms: Terms = terms_to_write(request.plan)
    yield write_terms(terms, _BEFORE)
    yield [*_crop(terms.crop), *write_terms(terms, {"trim": word("t", _trim)})]
    form = [("f", "orig")] if terms.form == ORIGINAL else []
    yield [*_box(terms), *write_terms(terms, _AFTER), *write_terms(terms, _OUTPUT), *form]


def urls(request: ImageRequest) -> Iterator[str]:
    """Yield the URL of a request."""
    steps = (",".join(f"{name}-{text}" if text else name for name, text in step) for step in steps_of(request) if step)
    chain = ":".join(steps)
    source = segment_of(request.source) if is_url(request.source) else path_of(request.source)
    yield f"/tr:{chain}/{source}" if chain else f"/{source}"
