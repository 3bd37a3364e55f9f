"""Positions of a window in an image, and of an image on its canvas: integers in, integers out."""

from fractions import Fraction
from math import floor
from typing import NamedTuple

from pixmill.plan.gravity import FocalRegion, FocalRegions, Gravity, Point
from pixmill.plan.lengths import Size, exact_fraction, round_position


def window_position(scaled: Size, window: Size, gravity: Gravity) -> tuple[int, int]:
    """Return the top left corner of the window; centred if it depends on the pixels."""
    if isinstance(gravity, FocalRegions):
        return _best_window(scaled, window, gravity.regions)
    if window == scaled:
        return (0, 0)
    point = gravity if isinstance(gravity, Point) else Point()
    return (
        _centred_start(scaled.width, window.width, point.x, point.offset_x),
        _centred_start(scaled.height, window.height, point.y, point.offset_y),
    )


def image_position(canvas: Size, image: Size, gravity: Gravity) -> tuple[int, int]:
    """Return the top left corner of an image on a canvas: the gravity points of both coincide."""
    if image == canvas:
        return (0, 0)
    point = gravity if isinstance(gravity, Point) else Point()
    return (
        _clamp_start(
            floor(exact_fraction(point.x) * (canvas.width - image.width)) + point.offset_x, canvas.width - image.width
        ),
        _clamp_start(
            floor(exact_fraction(point.y) * (canvas.height - image.height)) + point.offset_y,
            canvas.height - image.height,
        ),
    )


def _centred_start(length: int, window: int, fraction: float, shift: int) -> int:
    """Return the start of a window centred on a fraction of a length, as far as the edges allow, then shifted."""
    start = _clamp_start(round_position(exact_fraction(fraction) * length - Fraction(window, 2)), length - window)
    return _clamp_start(start + shift, length - window)


def _clamp_start(start: int, max_start: int) -> int:
    return min(max(start, 0), max_start)


class _Span(NamedTuple):
    """The extent of a region along one axis, in pixels."""

    start: int
    end: int

    def overlap(self, start: int, length: int) -> int:
        """Return the number of its pixels inside a window."""
        return max(0, min(self.end, start + length) - max(self.start, start))


def _best_window(scaled: Size, window: Size, regions: tuple[FocalRegion, ...]) -> tuple[int, int]:
    """Return the window that covers most of the regions, by weight; of equal ones that nearest to their weighted
    centre.

    In each direction the covered weight is linear between the positions where an edge of the window meets an edge of a
    region, so the maximum is at one of these.
    """
    x_spans = [_span(region.x, region.width, scaled.width) for region in regions]
    y_spans = [_span(region.y, region.height, scaled.height) for region in regions]
    weights = [region.weight for region in regions]
    centre = _weighted_centre(x_spans, y_spans, weights)

    def score(corner: tuple[int, int]) -> tuple[int, Fraction]:
        spans = zip(x_spans, y_spans, weights, strict=True)
        covered = sum(w * x.overlap(corner[0], window.width) * y.overlap(corner[1], window.height) for x, y, w in spans)
        distance = abs(corner[0] + Fraction(window.width, 2) - centre[0])
        return covered, -distance - abs(corner[1] + Fraction(window.height, 2) - centre[1])

    lefts = _candidate_starts(x_spans, centre[0], window.width, scaled.width)
    tops = _candidate_starts(y_spans, centre[1], window.height, scaled.height)
    return max(((left, top) for left in lefts for top in tops), key=score)


def _span(start: float, length: float, side: int) -> _Span:
    return _Span(
        round_position(exact_fraction(start) * side),
        min(side, round_position((exact_fraction(start) + exact_fraction(length)) * side)),
    )


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
