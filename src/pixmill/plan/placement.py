"""Positions of a window in an image, and of an image on its canvas: integers in, integers out."""

from collections.abc import Sequence
from fractions import Fraction
from math import floor
from typing import NamedTuple

from pixmill.plan.gravity import FocalPixels, FocalRegion, FocalRegions, Gravity, PixelRegion, Point
from pixmill.plan.lengths import Box, Size, exact_fraction, round_position


def window_position(scaled: Size, window: Size, gravity: Gravity, crop: Box | None = None) -> tuple[int, int]:
    """Return the top left corner of the window; centred if it depends on the pixels.

    ``scaled`` is the size of the ``crop`` of the image after scaling; None if it is the whole image, unscaled.
    """
    if window == scaled:
        return (0, 0)
    if isinstance(gravity, FocalRegions | FocalPixels):
        return _best_window(scaled, window, _regions_inside(scaled, gravity, crop or Box.whole(scaled)))
    point = gravity if isinstance(gravity, Point) else Point()
    start = _proportional_start if point.proportional else _centred_start
    return (
        start(scaled.width, window.width, point.x, _shift(point.offset_x, point.share_x, scaled.width)),
        start(scaled.height, window.height, point.y, _shift(point.offset_y, point.share_y, scaled.height)),
    )


def regions_extent(scaled: Size, gravity: FocalRegions | FocalPixels, crop: Box) -> tuple[int, int] | None:
    """Return the width and the height that hold all regions in the image; None if there are none."""
    regions = _regions_inside(scaled, gravity, crop)
    if not regions:
        return None
    return _extent([region.x for region in regions], scaled.width), _extent([one.y for one in regions], scaled.height)


def _extent(spans: list["_Span"], side: int) -> int:
    return min(side, max(span.end for span in spans)) - max(0, min(span.start for span in spans))


def _regions_inside(scaled: Size, gravity: FocalRegions | FocalPixels, crop: Box) -> list["_Spans"]:
    """Return the regions in pixels of the scaled crop, without those that lie outside."""
    if isinstance(gravity, FocalRegions):
        return [_fractional_spans(region, scaled) for region in gravity.regions]
    spans = [_pixel_spans(region, scaled, crop) for region in gravity.regions]
    inside = [one for one in spans if one.x.start < scaled.width and one.y.start < scaled.height]
    return [one for one in inside if one.x.end >= 0 and one.y.end >= 0]


def image_position(canvas: Size, image: Size, gravity: Gravity) -> tuple[int, int]:
    """Return the top left corner of an image on a canvas: the gravity points of both coincide."""
    if image == canvas:
        return (0, 0)
    point = gravity if isinstance(gravity, Point) else Point()
    shift_x = _shift(point.offset_x, point.share_x, canvas.width)
    shift_y = _shift(point.offset_y, point.share_y, canvas.height)
    return (
        _clamp_start(
            floor(exact_fraction(point.x) * (canvas.width - image.width)) + shift_x, canvas.width - image.width
        ),
        _clamp_start(
            floor(exact_fraction(point.y) * (canvas.height - image.height)) + shift_y, canvas.height - image.height
        ),
    )


def _shift(pixels: int, share: float, side: int) -> int:
    return pixels + round_position(exact_fraction(share) * side) if share else pixels


def _centred_start(length: int, window: int, fraction: float, shift: int) -> int:
    """Return the start of a window centred on a fraction of a length, as far as the edges allow, then shifted."""
    start = _clamp_start(round_position(exact_fraction(fraction) * length - Fraction(window, 2)), length - window)
    return _clamp_start(start + shift, length - window)


def _proportional_start(length: int, window: int, fraction: float, shift: int) -> int:
    """Return the start of a window that divides the space it leaves by a fraction, then shifted."""
    return _clamp_start(round_position(exact_fraction(fraction) * (length - window)) + shift, length - window)


def _clamp_start(start: int, max_start: int) -> int:
    return min(max(start, 0), max_start)


class _Span(NamedTuple):
    """The extent of a region along one axis, in pixels."""

    start: int
    end: int

    def overlap(self, start: int, length: int) -> int:
        """Return the number of its pixels inside a window."""
        return max(0, min(self.end, start + length) - max(self.start, start))


class _Spans(NamedTuple):
    """The extent of a region along both axes, and its weight."""

    x: _Span
    y: _Span
    weight: int


def _best_window(scaled: Size, window: Size, regions: Sequence[_Spans]) -> tuple[int, int]:
    """Return the window that covers most of the regions, by weight; of equal ones that nearest to their weighted
    centre, which is that of the image if there are none.

    In each direction the covered weight is linear between the positions where an edge of the window meets an edge of a
    region, so the maximum is at one of these.
    """
    x_spans = [region.x for region in regions]
    y_spans = [region.y for region in regions]
    weights = [region.weight for region in regions]
    centre = (
        _weighted_centre(x_spans, y_spans, weights)
        if regions
        else (
            Fraction(scaled.width, 2),
            Fraction(scaled.height, 2),
        )
    )

    def score(corner: tuple[int, int]) -> tuple[int, Fraction]:
        covered = sum(
            w * x.overlap(corner[0], window.width) * y.overlap(corner[1], window.height) for x, y, w in regions
        )
        distance = abs(corner[0] + Fraction(window.width, 2) - centre[0])
        return covered, -distance - abs(corner[1] + Fraction(window.height, 2) - centre[1])

    lefts = _candidate_starts(x_spans, centre[0], window.width, scaled.width)
    tops = _candidate_starts(y_spans, centre[1], window.height, scaled.height)
    return max(((left, top) for left in lefts for top in tops), key=score)


def _fractional_spans(region: FocalRegion, scaled: Size) -> _Spans:
    x, y = _span(region.x, region.width, scaled.width), _span(region.y, region.height, scaled.height)
    return _Spans(x, y, region.weight)


def _span(start: float, length: float, side: int) -> _Span:
    return _Span(
        round_position(exact_fraction(start) * side),
        min(side, round_position((exact_fraction(start) + exact_fraction(length)) * side)),
    )


def _pixel_spans(region: PixelRegion, scaled: Size, crop: Box) -> _Spans:
    """Map a region from pixels of the image to those of the scaled crop."""
    return _Spans(
        _pixel_span(region.left - crop.left, region.width, Fraction(scaled.width, crop.width)),
        _pixel_span(region.top - crop.top, region.height, Fraction(scaled.height, crop.height)),
        region.weight,
    )


def _pixel_span(start: int, length: int, scale: Fraction) -> _Span:
    return _Span(round_position(start * scale), round_position((start + length) * scale))


def _weighted_centre(x_spans: list[_Span], y_spans: list[_Span], weights: list[int]) -> tuple[Fraction, Fraction]:
    """Return the mean of the centres, weighted by area and weight."""
    pairs = list(zip(x_spans, y_spans, strict=True))
    masses = [w * (x.end - x.start + 1) * (y.end - y.start + 1) for (x, y), w in zip(pairs, weights, strict=True)]
    total = 2 * sum(masses)
    return (
        Fraction(sum(m * (x.start + x.end) for m, x in zip(masses, x_spans, strict=True)), total),
        Fraction(sum(m * (y.start + y.end) for m, y in zip(masses, y_spans, strict=True)), total),
    )


def _candidate_starts(spans: list[_Span], centre: Fraction, window: int, side: int) -> list[int]:
    """Return the starts at which a window may cover the maximum."""
    edges = {edge - offset for span in spans for edge in span for offset in (0, window)}
    edges.add(round_position(centre - Fraction(window, 2)))
    return sorted({_clamp_start(edge, side - window) for edge in edges})
