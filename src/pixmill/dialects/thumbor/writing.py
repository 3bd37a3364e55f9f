"""Writes a plan as options and filters of thumbor's grammar, for its four dialects.

The inverse of ``grammar.py`` and of the filters. Must never know whether what is written means the same.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from pixmill.dialects.kit.effects import vips_blur_sigma
from pixmill.dialects.kit.writing import (
    Pair,
    Terms,
    Words,
    colour,
    direction,
    focal_point,
    is_url,
    margins_of,
    number,
    opaque_colour,
    option,
    path_of,
    percent_region,
    pixel_region,
    scaled,
    segment_of,
    solve,
    terms_to_write,
    transposed,
    word,
    write_terms,
)
from pixmill.dialects.thumbor.grammar import Flavour
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.effects import LabSharpen, Modulate
from pixmill.plan.gravity import FocalPixels, Gravity, Smart
from pixmill.plan.ops import Crop, Fit, Flip
from pixmill.plan.output import Metadata, Profile
from pixmill.plan.request import ImageRequest
from pixmill.plan.shapes import CornerRadii
from pixmill.plan.source import SourceRef
from pixmill.plan.transforms import Extend, Trim, TrimCorner

_TURN: Final = 360
_WIDE_RADIUS: Final = 150
"""A kernel of thumbor that is cut off so far out is whole."""
_MAX_SIGMA: Final = 250
_FITS: Final = {
    Fit.INSIDE: "fit-in",
    Fit.CONTAIN: "fit-in",
    Fit.OUTSIDE: "full-fit-in",
}


def _counter_clockwise(degrees: int) -> str:
    """Write a clockwise angle counter-clockwise."""
    return str(-degrees % _TURN)


def _rgb(terms: Terms) -> list[Pair]:
    channels = [terms.value(name, 0) for name in ("red", "green", "blue")]
    return [("rgb", ",".join(map(number, channels)))] if any(channels) else []


def _format(form: object) -> str | None:
    return form.value if isinstance(form, Format) else None


def _radius(radii: CornerRadii) -> str | None:
    return number(radii.top_left) if radii == CornerRadii(*(radii.top_left,) * 4) else None


def _round_radius(radii: CornerRadii) -> str | None:
    radius = _radius(radii)
    return radius and f"{radius},0,0,0,true"


def _sharpening(sharpening: LabSharpen) -> str | None:
    """Write the sigma of imagor, which is 1 more than twice the argument."""
    return number((sharpening.sigma - 1) / 2)


def _vips_blur(sigma: float) -> str:
    return solve(lambda half: vips_blur_sigma(half / 2), sigma, 0, 2 * _MAX_SIGMA)


def _hue_change(change: Modulate) -> str:
    return f"{scaled(100)(change.lightness - 1)},{scaled(100)(change.chroma - 1)},{number(change.hue)}"


_SHARED: Final[Words] = {
    "brightness": word("brightness"),
    "contrast": word("contrast"),
    "grayscale": word("grayscale", lambda _: ""),
    "flatten": word("background_color", opaque_colour),
    "quality": word("quality"),
    "format": word("format", _format),
    "max_bytes": word("max_bytes"),
    "profile": option("strip_icc", {Profile.SRGB: ""}),
    "metadata": option("strip_exif", {Metadata.STRIP: ""}),
}
_THUMBOR: Final[Words] = {
    "rotate": word("rotate", _counter_clockwise),
    **_SHARED,
    "equalise": word("equalize", lambda _: ""),
    "modulate": word("saturation", lambda change: number(change.chroma)),
    "blur": word("blur", lambda sigma: f"{_WIDE_RADIUS},{number(sigma)}"),
    "corner_radii": word("round_corner", _round_radius),
    "animated": option("cover", {False: ""}),
}
_IMAGOR: Final[Words] = {
    "rotate": word("orient", _counter_clockwise),
    **_SHARED,
    "modulate": word("modulate", _hue_change),
    "invert": word("invert", lambda _: ""),
    "blur": word("blur", _vips_blur),
    "sharpen_lab": word("sharpen", _sharpening),
    "pixelate": word("pixelate"),
    "blur_faces": word("redact", lambda sigma: f"blur,{number(sigma)}"),
    "pixelate_faces": word("redact", lambda size: f"pixelate,{size}"),
    "corner_radii": word("round_corner", _radius),
    "lossless": word("lossless", lambda _: ""),
    "page": word("page"),
    "dpi": word("dpi"),
    "animated": option("max_frames", {False: "1"}),
    "max_frames": word("max_frames"),
}
_FILTERS: Final[Mapping[Flavour, Words]] = {Flavour.THUMBOR: _THUMBOR, Flavour.IMAGOR: _IMAGOR}


def _segments(terms: Terms, flavour: Flavour) -> Iterator[str]:
    """Yield the options before the filters, in their order."""
    if text := _trim(terms.get("trim")):
        yield text
    if text := _crop(terms.crop, flavour):
        yield text
    fit = terms.fit
    sides = (terms.width, terms.height)
    if any(sides) and fit in _FITS and not (terms.enlarge and not all(sides)):
        prefix = "adaptive-" if terms.value("adaptive", False) else ""
        yield prefix + _FITS[fit]
    flips = _flips(terms)
    margins = _margins(terms.extend) if flavour is Flavour.IMAGOR else ""
    if any(sides) or any(flips) or margins:
        yield f"{flips[0]}{sides[0]}x{flips[1]}{sides[1]}"
    if margins:
        yield margins
    yield from _anchor(terms.gravity)


def _trim(trim: object) -> str:
    if not isinstance(trim, Trim) or trim.corner not in (TrimCorner.TOP_LEFT, TrimCorner.BOTTOM_RIGHT):
        return ""
    return f"trim:{trim.corner.value.replace('_', '-')}:{trim.tolerance}"


def _crop(crop: object, flavour: Flavour) -> str:
    if region := pixel_region(crop):
        left, top, width, height = region
        return f"{left}x{top}:{left + width}x{top + height}"
    if flavour is Flavour.IMAGOR and isinstance(crop, Crop) and percent_region(crop):
        share = scaled(0.01)
        edges = (crop.left, crop.top, crop.left + crop.width, crop.top + crop.height)
        left_share, top_share, right_share, bottom_share = map(share, edges)
        return f"{left_share}x{top_share}:{right_share}x{bottom_share}"
    return ""


def _flips(terms: Terms) -> tuple[str, str]:
    flip = terms.flip
    return (
        "-" if flip in (Flip.HORIZONTAL, Flip.BOTH) else "",
        "-" if flip in (Flip.VERTICAL, Flip.BOTH) else "",
    )


def _margins(extend: Extend) -> str:
    if margins_of(extend) is None:
        return ""
    return f"{extend.left}x{extend.top}:{extend.right}x{extend.bottom}"


def _anchor(gravity: Gravity) -> Iterator[str]:
    if gravity == Smart():
        yield "smart"
    elif words := direction(gravity):
        down, across = words
        if across or down:  # imagor takes one axis alone for a corner
            yield across or "center"
            yield down or "middle"


def _filters(terms: Terms, flavour: Flavour) -> Iterator[Pair]:
    fit, enlarge = terms.fit, terms.enlarge
    has_size = "width" in terms or "height" in terms
    if fit is Fit.FILL:
        yield "stretch", ""
    if has_size and fit in (Fit.COVER, Fit.FILL) and not enlarge:
        yield "no_upscale", ""
    if has_size and fit in (Fit.INSIDE, Fit.CONTAIN) and enlarge and "width" in terms and "height" in terms:
        yield "upscale", ""
    if focus := _focus(terms.gravity, flavour):
        yield "focal", focus
    yield from write_terms(terms, _FILTERS[flavour])
    yield from _rgb(terms)
    if "background" in terms and (fit is Fit.CONTAIN or "extend" in terms):
        yield "fill", _fill(terms.background, flavour)
    elif "background" in terms and "flatten" not in terms:
        yield "background_color", colour(terms.background)


def _fill(shade: Colour, flavour: Flavour) -> str:
    if not shade.alpha:
        return "none" if flavour is Flavour.IMAGOR else "transparent"
    return colour(shade)


def _focus(gravity: Gravity, flavour: Flavour) -> str:
    if isinstance(gravity, FocalPixels) and len(gravity.regions) == 1:
        region = gravity.regions[0]
        return f"{region.left}x{region.top}:{region.left + region.width}x{region.top + region.height}"
    point = focal_point(gravity) if flavour is Flavour.IMAGOR and direction(gravity) is None else None
    return "x".join(point) if point else ""


def options_of(request: ImageRequest, flavour: Flavour) -> str:
    """Return all options and filters of a request, each with a slash behind it."""
    terms = terms_to_write(request.plan)
    if flavour is Flavour.THUMBOR:
        terms = transposed(terms)
    segments = list(_segments(terms, flavour))
    filters = [f"{name}({text})" for name, text in _filters(terms, flavour)]
    if flavour is Flavour.IMAGOR and request.filename:
        filters.append(f"attachment({request.filename})")
    if filters:
        segments.append(f"filters:{':'.join(filters)}")
    return "".join(f"{segment}/" for segment in segments)


def image_of(source: SourceRef) -> str:
    """Return the name of an image behind the options; a URL is one segment if it has a query."""
    return segment_of(source) if is_url(source) and "?" in source.text else path_of(source)


def paths(request: ImageRequest, flavour: Flavour) -> Iterator[str]:
    """Yield paths that are not signed."""
    yield f"/unsafe/{options_of(request, flavour)}{image_of(request.source)}"


Paths = Callable[[ImageRequest], Iterator[str]]
