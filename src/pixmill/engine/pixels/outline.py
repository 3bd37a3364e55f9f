"""How deep each pixel of a picture lies inside of an outline: floats in pixels, negative outside.

Knows forms and sizes. The depth of a pixel is that of its centre, so that ``covered`` of it is how much of the pixel the outline
holds, to the first order. Corners whose radii do not fit all shrink by one factor, as CSS has it
(https://www.w3.org/TR/css-backgrounds-3/#corner-overlap).
"""

from math import ceil, cos, pi, sin

import pyvips

from pixmill.engine.pixels.bridge import VipsImage
from pixmill.plan.geometry import Size
from pixmill.plan.shapes import Ellipse, Polygon, Rounding, Star

_CORNERS = ((0, 0), (1, 0), (1, 1), (0, 1))
"""Right or not, down or not, in the order of the radii."""

_TINY = 1e-6
_STAR_POINTS = 5


def covered(depth: VipsImage) -> VipsImage:
    """How much of each pixel is inside, 0 to 1."""
    return (depth + 0.5).clamp(min=0, max=1)


def rounded_box(size: Size, rounding: Rounding) -> VipsImage:
    """The depth in the picture's own rectangle, with its corners rounded."""
    depth = _box(size)
    for (right, down), radius in zip(_CORNERS, _radii(size, rounding), strict=True):
        if radius:
            tile = _corner(radius, size)
            tile = tile.fliphor() if right else tile
            tile = tile.flipver() if down else tile
            depth = depth.insert(tile, right * (size.width - tile.width), down * (size.height - tile.height))
    return depth


def inside(form: Ellipse | Polygon | Star, size: Size) -> VipsImage:
    """The depth in a form in the middle of a picture."""
    places = pyvips.Image.xyz(size.width, size.height) - [(size.width - 1) / 2, (size.height - 1) / 2]
    circle = min(size.width, size.height) / 2
    match form:
        case Ellipse(circle=True):
            return circle - _length(places)
        case Ellipse():
            return _ellipse(places, size.width / 2, size.height / 2)
        case Polygon(corners=corners):
            return _within(places, circle, corners, step=1, edges=corners)
        case Star():
            return _within(places, circle, _STAR_POINTS, step=2, edges=_STAR_POINTS - 1)


def _length(places: VipsImage) -> VipsImage:
    x, y = places[0], places[1]
    return (x * x + y * y) ** 0.5


def _ellipse(places: VipsImage, across: float, down: float) -> VipsImage:
    """k₀ (1 − k₀) / k₁ with k₀ = |p / r| and k₁ = |p / r²|: the distance to the first order (Quilez, "ellipse - distance")."""
    from_centre = _length(places / [across, down])
    slope = _length(places / [across**2, down**2])
    return (from_centre * (1 - from_centre) + _TINY * min(across, down)) / (slope + _TINY)


def _within(places: VipsImage, circle: float, corners: int, *, step: int, edges: int) -> VipsImage:
    """The depth behind so many of the lines that join each corner on a circle to the one ``step`` further on.

    A polygon is what lies behind all of them; a point of a star lies before one.
    """
    angles = [(2 * corner + step) * pi / corners - pi / 2 for corner in range(corners)]
    normals = [[-cos(angle), -sin(angle)] for angle in angles]
    depths = (places.recomb(pyvips.Image.new_from_array(normals)) + circle * cos(step * pi / corners)).bandsplit()
    return depths[0].bandrank(depths[1:], index=corners - edges)


def _box(size: Size) -> VipsImage:
    x, y = (_edge(size.width).replicate(1, size.height), _edge(size.height).rot90().replicate(size.width, 1))
    return x.minpair(y)


def _edge(length: int) -> VipsImage:
    """For each pixel of a row, how far its centre is from the nearer end."""
    places = pyvips.Image.xyz(length, 1)[0] + 0.5
    return places.minpair(length - places).cast("float")


def _corner(radius: float, size: Size) -> VipsImage:
    """The upper left one."""
    side = ceil(radius)
    places = (radius - 0.5 - pyvips.Image.xyz(min(side, size.width), min(side, size.height))).clamp(min=0, max=side)
    return (radius - _length(places)).cast("float")


def _radii(size: Size, rounding: Rounding) -> list[float]:
    unit = min(size.width, size.height) / 100 if rounding.percent else 1.0
    top_left, top_right = rounding.top_left * unit, rounding.top_right * unit
    bottom_right, bottom_left = rounding.bottom_right * unit, rounding.bottom_left * unit
    sides = (
        (size.width, top_left + top_right),
        (size.width, bottom_left + bottom_right),
        (size.height, top_left + bottom_left),
        (size.height, top_right + bottom_right),
    )
    fits = min([1.0, *(side / sum_ for side, sum_ in sides if sum_)])
    return [radius * fits for radius in (top_left, top_right, bottom_right, bottom_left)]
