"""Monotone cubic interpolation: smooth curves through points, without overshoot. Pure arithmetic.

Piecewise cubic Hermite polynomials by Fritsch and Butland (SIAM J. Sci. Stat. Comput. 5, 1984): the curve rises
where the points rise, and is constant before the first and after the last point.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise

Points = Sequence[tuple[float, float]]


def monotone_cubic(points: Points) -> Callable[[float], float]:
    """Return the curve through one or more points, sorted by their first coordinate."""
    if len(points) == 1:
        return lambda _: points[0][1]
    slopes = _slopes(points)
    starts = [x for x, _ in points]

    def evaluate(x: float) -> float:
        x = min(max(x, starts[0]), starts[-1])
        left = min(bisect_right(starts, x), len(starts) - 1) - 1
        return _cubic_hermite(x, points[left], points[left + 1], slopes[left], slopes[left + 1])

    return evaluate


def _cubic_hermite(
    x: float, left: tuple[float, float], right: tuple[float, float], left_slope: float, right_slope: float
) -> float:
    """Evaluate one segment in the Hermite basis."""
    width = right[0] - left[0]
    t = (x - left[0]) / width
    return (
        left[1] * (1 + 2 * t) * (1 - t) ** 2
        + right[1] * t**2 * (3 - 2 * t)
        + left_slope * width * t * (1 - t) ** 2
        - right_slope * width * t**2 * (1 - t)
    )


def _slopes(points: Points) -> list[float]:
    """The slope of the curve at each point."""
    widths = [right[0] - left[0] for left, right in pairwise(points)]
    secants = [(right[1] - left[1]) / width for (left, right), width in zip(pairwise(points), widths, strict=True)]
    if len(secants) == 1:
        return secants * 2
    inner_slopes = [_inner_slope(*pair) for pair in zip(pairwise(widths), pairwise(secants), strict=True)]
    return [_end_slope(widths[:2], secants[:2]), *inner_slopes, _end_slope(widths[:-3:-1], secants[:-3:-1])]


def _inner_slope(widths: tuple[float, float], secants: tuple[float, float]) -> float:
    """The weighted harmonic mean of both secants, the nearer one weighing more; 0 at an extremum."""
    if secants[0] * secants[1] <= 0:
        return 0.0
    left_weight, right_weight = 2 * widths[1] + widths[0], widths[1] + 2 * widths[0]
    return (left_weight + right_weight) / (left_weight / secants[0] + right_weight / secants[1])


def _end_slope(widths: Sequence[float], secants: Sequence[float]) -> float:
    """The three-point slope at an end, limited so that the curve stays monotone."""
    slope = ((2 * widths[0] + widths[1]) * secants[0] - widths[0] * secants[1]) / (widths[0] + widths[1])
    if slope * secants[0] <= 0:
        return 0.0
    if secants[0] * secants[1] < 0 and abs(slope) > 3 * abs(secants[0]):
        return 3 * secants[0]
    return slope
