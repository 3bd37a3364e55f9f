"""Fits an image to a box by the rules that depend on its size: skipped fits and conditional device pixel ratios.

Sizes are computed in ``fitting.py``; this module decides which box it is given.
"""

import dataclasses
from fractions import Fraction
from math import ceil
from typing import Final

from msgspec.structs import replace

from pixmill.plan.fitting import FitResult, fit, needed_scale, oriented_resize, shrink_fit
from pixmill.plan.lengths import RealSize, Size, exact_fraction, round_length
from pixmill.plan.ops import Fit, Resize
from pixmill.plan.size_rules import Dpr, DprRule, SkipSmaller

_ONE: Final = Fraction(1)
_FINE_STEP: Final = Fraction(1, 10)
_COARSE_STEP: Final = Fraction(1, 2)
_COARSE_ABOVE: Final = Fraction(3)


def fit_by_rules(source: Size | RealSize, resize: Resize, *, has_canvas: bool = False) -> FitResult:
    """Fit an image of size ``source`` to the box. ``has_canvas``: a canvas holds the box if the image is too small.

    Raises InvalidParameter if the image would have to be enlarged, and that is an error.
    """
    if resize.dpr is None and not _may_skip(resize):
        return fit(source, resize)
    resize = oriented_resize(source, resize)
    if resize.dpr is None:
        return _fit_or_skip(source, resize)
    match resize.dpr.rule:
        case DprRule.STEPPED:
            return _fit_at(source, resize, _stepped_factor(source.scaled(_ONE), resize, resize.dpr))
        case DprRule.DROPPED:
            return _fit_up_to(source, resize, resize.dpr)
        case DprRule.CAPPED if not resize.enlarge:
            return _fit_capped(source, resize, resize.dpr, has_canvas=has_canvas or resize.fit is Fit.CONTAIN)
        case _:
            return _fit_at(source, resize, exact_fraction(resize.dpr.factor))


def drawing_resize(resize: Resize) -> Resize:
    """Return the box of a vector drawing, which has no size of its own that would limit it."""
    return replace(resize, enlarge=True) if resize.enlarge_drawings else resize


def _may_skip(resize: Resize) -> bool:
    return bool(resize.skip_smaller is not SkipSmaller.NEVER or resize.max_enlarged_side or resize.min_fitted_side)


def _fit_or_skip(source: Size | RealSize, resize: Resize) -> FitResult:
    whole = source.scaled(_ONE)
    if _is_smaller(whole, resize):
        return FitResult(whole, whole, scale=_ONE)
    result = fit(source, resize)
    size = result.output
    is_enlarged_too_far = resize.max_enlarged_side and any(
        side > max(resize.max_enlarged_side, own) for side, own in zip(size.sides, whole.sides, strict=True)
    )
    if is_enlarged_too_far or min(size.sides) < resize.min_fitted_side:
        return FitResult(whole, whole, scale=_ONE)
    return result


def _is_smaller(source: Size, resize: Resize) -> bool:
    if resize.skip_smaller is SkipSmaller.NEVER or not (resize.width or resize.height):
        return False
    sides = [(own, side) for own, side in zip(source.sides, (resize.width, resize.height), strict=True) if side]
    if resize.skip_smaller is SkipSmaller.BOTH:
        return all(own <= side for own, side in sides)
    if resize.skip_smaller is SkipSmaller.BELOW:
        return all(own < side for own, side in sides)
    return any(own < side for own, side in sides)


def _fit_at(source: Size | RealSize, resize: Resize, factor: Fraction) -> FitResult:
    return dataclasses.replace(_fit_or_skip(source, _multiplied(resize, factor)), dpr=factor)


def _multiplied(resize: Resize, factor: Fraction) -> Resize:
    """Multiply the box and its limits by a ratio."""

    def multiplied(side: int) -> int:
        return round_length(side * factor, resize.rounding) if side else 0

    return replace(
        resize,
        dpr=None,
        width=multiplied(resize.width),
        height=multiplied(resize.height),
        min_width=multiplied(resize.min_width),
        min_height=multiplied(resize.min_height),
        max_width=multiplied(resize.max_width),
        max_height=multiplied(resize.max_height),
    )


def _stepped_factor(source: Size, resize: Resize, dpr: Dpr) -> Fraction:
    """Return the largest factor of the steps at which each given side lies in the image, but at least 1."""
    factor = exact_fraction(dpr.factor)
    limits = [
        Fraction(own, side) for own, side in zip(source.sides, (resize.width, resize.height), strict=True) if side
    ]
    limit = max(_ONE, min(limits, default=factor))
    if factor <= limit:
        return max(_ONE, factor)
    if factor > _COARSE_ABOVE:
        target = max(limit, _COARSE_ABOVE)
        factor -= ceil((factor - target) / _COARSE_STEP) * _COARSE_STEP
    if factor > limit:
        factor -= ceil((factor - limit) / _FINE_STEP) * _FINE_STEP
    return max(_ONE, factor)


def _fit_up_to(source: Size | RealSize, resize: Resize, dpr: Dpr) -> FitResult:
    """Multiply the box, unless a side of the result would exceed the maximum."""
    result = _fit_at(source, resize, exact_fraction(dpr.factor))
    if not dpr.max_side or max(result.output.sides) <= dpr.max_side:
        return result
    return _fit_at(source, resize, _ONE)


def _fit_capped(source: Size | RealSize, resize: Resize, dpr: Dpr, *, has_canvas: bool) -> FitResult:
    """Multiply the box as far as the image needs no enlarging.

    An image that is too small for the box is not enlarged to it, so a ratio below 1 shrinks what is left of the box;
    with a canvas, the whole box.
    """
    factor = exact_fraction(dpr.factor)
    scale = needed_scale(source, resize)
    if scale <= 1:
        return _fit_at(source, resize, min(factor, 1 / scale))
    factor = min(_ONE, factor if has_canvas else factor * scale)
    result = _fit_or_skip(source, replace(resize, dpr=None))
    return result if factor == _ONE else shrink_fit(source, result, factor, resize.rounding)
