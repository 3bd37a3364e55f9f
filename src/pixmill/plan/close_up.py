"""Close-ups: less of the image in a window of the same size, around a point or as close as regions allow.

Knows sizes and gravities; must never know pixels. The regions of faces are found later, then sizes are resolved again.
"""

from dataclasses import replace as replace_fields
from fractions import Fraction
from typing import Final

from msgspec.structs import replace

from pixmill.plan.fitting import FitResult, oriented_resize
from pixmill.plan.gravity import Faces, FocalPixels, FocalRegions, Gravity, Point, Smart
from pixmill.plan.lengths import Box, RealSize, Size, exact_fraction
from pixmill.plan.ops import Fit, Resize
from pixmill.plan.placement import regions_extent
from pixmill.plan.size_rules import SkipSmaller

_ALL: Final = Fraction(1)
_LEAST: Final = Fraction(1, 100)
"""A region may be a point: something around it is shown."""


def close_up(source: Size | RealSize, fitted: FitResult, resize: Resize, crop: Box) -> FitResult:
    """Scale the image up behind its window as far as the gravity asks for, but only to its own size unless it may be
    enlarged: the size of the result never changes.
    """
    if (
        shows_all(resize.gravity)
        or oriented_resize(source, resize).fit is not Fit.COVER
        or _is_skipped(source, fitted, resize)
    ):
        return fitted
    shown = _shown_share(fitted, resize.gravity, crop)
    if not resize.enlarge:
        own = max(Fraction(fitted.scaled.width) / source.width, Fraction(fitted.scaled.height) / source.height)
        shown = max(shown, min(own, _ALL))
    if shown >= _ALL:
        return fitted
    scale = None if fitted.scale is None else fitted.scale / shown
    width, height = (fitted.scaled.scaled(1 / shown) if scale is None else source.scaled(scale)).sides
    scaled = Size(max(width, fitted.window.width), max(height, fitted.window.height))
    return replace_fields(fitted, scaled=scaled, scale=scale)


def may_close_up(resize: Resize) -> bool:
    """Return whether faces, which are not found yet, may be shown larger than the size says."""
    return isinstance(resize.gravity, Faces) and resize.gravity.closeness > 0 and resize.fit in (Fit.COVER, Fit.AUTO)


def placed_gravity(gravity: Gravity, found: Point | FocalRegions) -> Gravity:
    """Return what was found in the pixels, with the zoom and the closeness of the gravity that asked for it."""
    if isinstance(found, FocalRegions) and isinstance(gravity, Faces):
        return replace(found, zoom=gravity.zoom, closeness=gravity.closeness)
    return replace(found, zoom=max(1.0, gravity.zoom))


def shows_all(gravity: Gravity) -> bool:
    """Return whether the gravity only places the window, which shows no less of the image."""
    return gravity.zoom == 1 and (isinstance(gravity, Point | Smart) or not gravity.closeness)


def _is_skipped(source: Size | RealSize, fitted: FitResult, resize: Resize) -> bool:
    """Return whether a rule may have left the image as it is."""
    has_rule = resize.skip_smaller is not SkipSmaller.NEVER or resize.max_enlarged_side or resize.min_fitted_side
    return bool(has_rule) and fitted.scaled == fitted.window == source.scaled(_ALL)


def _shown_share(fitted: FitResult, gravity: Gravity, crop: Box) -> Fraction:
    """Return the share of the sides of the window's part of the image that stays visible."""
    shown = _ALL
    if isinstance(gravity, FocalRegions | FocalPixels) and gravity.closeness:
        extent = regions_extent(fitted.scaled, gravity, crop)
        if extent:
            window = fitted.window
            closest = max(Fraction(extent[0], window.width), Fraction(extent[1], window.height))
            shown -= max(Fraction(0), 1 - closest) * exact_fraction(gravity.closeness)
    return max(shown / exact_fraction(gravity.zoom), _LEAST)
