"""Smooth curves through points that never overshoot them. Knows numbers only.

The piecewise cubic Hermite polynomials of Fritsch and Butland (SIAM J. Sci. Stat. Comput. 5, 1984): where the points rise, so does the
curve. Before the first and after the last point it is level.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise

Points = Sequence[tuple[float, float]]


def through(points: Points) -> Callable[[float], float]:
    """The curve through at least one point, given in rising order of their first coordinate."""
    if len(points) == 1:
        return lambda _: points[0][1]
    slopes = _slopes(points)
    starts = [x for x, _ in points]

    def at(x: float) -> float:
        x = min(max(x, starts[0]), starts[-1])
        left = min(bisect_right(starts, x), len(starts) - 1) - 1
        return _cubic(x, points[left], points[left + 1], slopes[left], slopes[left + 1])

    return at


def _cubic(x: float, one: tuple[float, float], other: tuple[float, float], rise: float, fall: float) -> float:
    """Hermite's basis."""
    width = other[0] - one[0]
    t = (x - one[0]) / width
    return (
        one[1] * (1 + 2 * t) * (1 - t) ** 2
        + other[1] * t**2 * (3 - 2 * t)
        + rise * width * t * (1 - t) ** 2
        - fall * width * t**2 * (1 - t)
    )


def _slopes(points: Points) -> list[float]:
    """How steep the curve is in each point."""
    widths = [right[0] - left[0] for left, right in pairwise(points)]
    rises = [(right[1] - left[1]) / width for (left, right), width in zip(pairwise(points), widths, strict=True)]
    if len(rises) == 1:
        return rises * 2
    inner = [_inner(*pair) for pair in zip(pairwise(widths), pairwise(rises), strict=True)]
    return [_end(widths[:2], rises[:2]), *inner, _end(widths[:-3:-1], rises[:-3:-1])]


def _inner(widths: tuple[float, float], rises: tuple[float, float]) -> float:
    """The harmonic mean of both sides, the nearer weighing more; level in a summit."""
    if rises[0] * rises[1] <= 0:
        return 0.0
    before, after = 2 * widths[1] + widths[0], widths[1] + 2 * widths[0]
    return (before + after) / (before / rises[0] + after / rises[1])


def _end(widths: Sequence[float], rises: Sequence[float]) -> float:
    """From three points, held to what keeps the shape."""
    slope = ((2 * widths[0] + widths[1]) * rises[0] - widths[0] * rises[1]) / (widths[0] + widths[1])
    if slope * rises[0] <= 0:
        return 0.0
    if rises[0] * rises[1] < 0 and abs(slope) > 3 * abs(rises[0]):
        return 3 * rises[0]
    return slope
