"""Colour adjustments and effects of imgproxy as those of a plan. Knows values and formulas; must never know a URL."""

from fractions import Fraction
from typing import Final

from pixmill.dialects.imgproxy.state import Filters
from pixmill.dialects.kit.effects import blur_sigma, contrast_of_slope
from pixmill.dialects.kit.numbers import angle
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.effects import (
    Adjust,
    ColourAdjustment,
    Convolution,
    Duotone,
    Effects,
    Gradient,
    GradientRamp,
    LabSharpen,
    ProgressiveBlur,
    RedactionBox,
    RegionBlur,
    ToneAdjustment,
)

_MIN_SIGMA: Final = Fraction(1, 10)
_MAX_SHARPENING: Final = Fraction(10)
_DECIMALS: Final = 4
"""Of a percentage in a native URL."""
_MAX_BLOCK: Final = 1_000
_MAX_SATURATION: Final = 900


def adjust_of(filters: Filters) -> Adjust:
    """Return the colour adjustments."""
    return Adjust(
        tone=ToneAdjustment(
            brightness=round(filters.brightness * 100 / 255, _DECIMALS),
            contrast=round(contrast_of_slope(float(filters.contrast)), _DECIMALS),
        ),
        colour=ColourAdjustment(
            saturation=float(min((filters.saturation - 1) * 100, Fraction(_MAX_SATURATION))),
            duotone=_duotone(filters),
            colorize=filters.colorize,
        ),
    )


def _duotone(filters: Filters) -> Duotone | None:
    """Return the duotone; a monochrome image is one that begins with black."""
    if filters.duotone is not None:
        return Duotone(*filters.duotone)
    if filters.monochrome is not None:
        return Duotone(Colour(0, 0, 0, filters.monochrome.alpha), filters.monochrome)
    return None


def effects_of(filters: Filters) -> Effects:
    """Return the effects."""
    return Effects(
        progressive_blur=_progressive_blur(filters),
        sharpen_lab=_sharpening(filters.sharpen),
        convolution=_unsharp(filters),
        pixelate=min(filters.pixelate, _MAX_BLOCK) if filters.pixelate > 1 else 0,
        blur_areas=_blur_areas(filters),
        blur_faces=_sigma(filters.blur_faces),
        gradient=_gradient(filters),
    )


def _sigma(sigma: Fraction) -> float:
    return blur_sigma(float(sigma))


def _ramp(direction: Fraction, start: Fraction, stop: Fraction) -> GradientRamp:
    return GradientRamp(float(angle(direction)), float(start * 100), float(max(start, stop) * 100))


def _progressive_blur(filters: Filters) -> ProgressiveBlur | None:
    if filters.progressive_blur is None or not (sigma := _sigma(filters.progressive_blur[0])):
        return None
    return ProgressiveBlur(sigma, _ramp(*filters.progressive_blur[1:]))


def _sharpening(sigma: Fraction) -> LabSharpen | None:
    """Return libvips' sharpening, with its own defaults."""
    return LabSharpen(float(min(sigma, _MAX_SHARPENING)), flat=0.0, jagged=3.0) if sigma >= _MIN_SIGMA else None


def _unsharp(filters: Filters) -> Convolution | None:
    """Return the mask: each neighbour counts by the weight, divided."""
    if filters.unsharp is None:
        return None
    weight, divider = filters.unsharp
    edge = float(-weight / divider)
    return Convolution((edge, edge, edge, edge, float(1 + 8 * weight / divider), edge, edge, edge, edge))


def _blur_areas(filters: Filters) -> RegionBlur | None:
    if filters.blur_areas is None or not (sigma := _sigma(filters.blur_areas[0])):
        return None
    boxes = sorted(_box(*area) for area in filters.blur_areas[1])
    return RegionBlur(sigma, tuple(boxes))


def _box(left: Fraction, top: Fraction, width: Fraction, height: Fraction) -> RedactionBox:
    return RedactionBox(float(left * 100), float(top * 100), float(width * 100), float(height * 100), percent=True)


def _gradient(filters: Filters) -> Gradient | None:
    if filters.gradient is None:
        return None
    colour, direction, start, stop = filters.gradient
    return Gradient(_ramp(direction, start, stop), TRANSPARENT, colour)
