"""Where a window lies in a picture, and a picture on its canvas: integers in, integers out."""

from fractions import Fraction
from math import floor
from typing import NamedTuple

from pixmill.plan.lengths import Size, exact, half_up
from pixmill.plan.places import Gravity, Point, Region, Regions


def window_at(scaled: Size, window: Size, gravity: Gravity) -> tuple[int, int]:
    """The corner of the window; in the middle where only the pixels can tell."""
    if isinstance(gravity, Regions):
        return _holding(scaled, window, gravity.regions)
    if window == scaled:
        return (0, 0)
    point = gravity if isinstance(gravity, Point) else Point()
    return (
        _centred(scaled.width, window.width, point.x, point.right),
        _centred(scaled.height, window.height, point.y, point.down),
    )


def picture_at(canvas: Size, picture: Size, gravity: Gravity) -> tuple[int, int]:
    """The corner of a picture on a canvas: its own point of gravity meets that of the canvas."""
    if picture == canvas:
        return (0, 0)
    point = gravity if isinstance(gravity, Point) else Point()
    return (
        _within(floor(exact(point.x) * (canvas.width - picture.width)) + point.right, canvas.width - picture.width),
        _within(floor(exact(point.y) * (canvas.height - picture.height)) + point.down, canvas.height - picture.height),
    )


def _centred(length: int, window: int, at: float, shift: int) -> int:
    """Where a window begins that is centred on the fraction ``at`` of a length, as far as the edges allow, then shifted."""
    start = _within(half_up(exact(at) * length - Fraction(window, 2)), length - window)
    return _within(start + shift, length - window)


def _within(start: int, room: int) -> int:
    return min(max(start, 0), room)


class _Span(NamedTuple):
    """A region along one side, in pixels."""

    start: int
    end: int

    def shared(self, start: int, length: int) -> int:
        """How many pixels of it a window holds."""
        return max(0, min(self.end, start + length) - max(self.start, start))


def _holding(scaled: Size, window: Size, regions: tuple[Region, ...]) -> tuple[int, int]:
    """The window that holds most of the regions, by weight; of several such the one nearest to their common centre.

    What a window holds grows and shrinks linearly between the places where one of its edges meets one of a region's, in
    each direction; so the most is held at one of these.
    """
    across = [_span(region.x, region.width, scaled.width) for region in regions]
    down = [_span(region.y, region.height, scaled.height) for region in regions]
    weights = [region.weight for region in regions]
    centre = _centre(across, down, weights)

    def worth(corner: tuple[int, int]) -> tuple[int, Fraction]:
        spans = zip(across, down, weights, strict=True)
        held = sum(w * x.shared(corner[0], window.width) * y.shared(corner[1], window.height) for x, y, w in spans)
        away = abs(corner[0] + Fraction(window.width, 2) - centre[0])
        return held, -away - abs(corner[1] + Fraction(window.height, 2) - centre[1])

    lefts = _starts(across, centre[0], window.width, scaled.width)
    tops = _starts(down, centre[1], window.height, scaled.height)
    return max(((left, top) for left in lefts for top in tops), key=worth)


def _span(start: float, length: float, side: int) -> _Span:
    return _Span(half_up(exact(start) * side), min(side, half_up((exact(start) + exact(length)) * side)))


def _centre(across: list[_Span], down: list[_Span], weights: list[int]) -> tuple[Fraction, Fraction]:
    """The weighted mean of the regions' centres; a larger region weighs more."""
    pairs = list(zip(across, down, strict=True))
    masses = [w * (x.end - x.start + 1) * (y.end - y.start + 1) for (x, y), w in zip(pairs, weights, strict=True)]
    total = 2 * sum(masses)
    return (
        Fraction(sum(m * (x.start + x.end) for m, x in zip(masses, across, strict=True)), total),
        Fraction(sum(m * (y.start + y.end) for m, y in zip(masses, down, strict=True)), total),
    )


def _starts(spans: list[_Span], centre: Fraction, window: int, side: int) -> list[int]:
    """Where a window can begin that may hold most."""
    edges = {edge - part for span in spans for edge in span for part in (0, window)}
    edges.add(half_up(centre - Fraction(window, 2)))
    return sorted({_within(edge, side - window) for edge in edges})
