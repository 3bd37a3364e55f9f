"""Signed distance fields: the depth of each pixel inside a shape, in pixels, negative outside.

The depth of a pixel is that of its centre, so that ``pixel_coverage`` of it is the share of the pixel inside the shape,
to the first order. If corner radii overlap, all shrink by one factor, as in CSS
(https://www.w3.org/TR/css-backgrounds-3/#corner-overlap).
"""

from math import ceil, cos, pi, sin

import pyvips

from pixmill.engine.raster.convert import VipsImage
from pixmill.plan.lengths import Size
from pixmill.plan.shapes import CornerRadii, Ellipse, Polygon, Star

_CORNERS = ((0, 0), (1, 0), (1, 1), (0, 1))
"""Whether at the right, whether at the bottom; in the order of the radii."""

_EPSILON = 1e-6
_STAR_POINTS = 5


def pixel_coverage(depth: VipsImage) -> VipsImage:
    """Return the share of each pixel inside the shape, 0 to 1."""
    return (depth + 0.5).clamp(min=0, max=1)


def rounded_rectangle_depth(size: Size, corner_radii: CornerRadii) -> VipsImage:
    """Return the depth inside the canvas with rounded corners."""
    depth = _rectangle_depth(size)
    for (at_right, at_bottom), radius in zip(_CORNERS, _fitted_radii(size, corner_radii), strict=True):
        if radius:
            tile = _corner_depth(radius, size)
            tile = tile.fliphor() if at_right else tile
            tile = tile.flipver() if at_bottom else tile
            depth = depth.insert(tile, at_right * (size.width - tile.width), at_bottom * (size.height - tile.height))
    return depth


def shape_depth(shape: Ellipse | Polygon | Star, size: Size) -> VipsImage:
    """Return the depth inside a shape in the middle of the canvas."""
    coordinates = pyvips.Image.xyz(size.width, size.height) - [(size.width - 1) / 2, (size.height - 1) / 2]
    radius = min(size.width, size.height) / 2
    match shape:
        case Ellipse(circle=True):
            return radius - _norm(coordinates)
        case Ellipse():
            return _ellipse_depth(coordinates, size.width / 2, size.height / 2)
        case Polygon(corners=corners):
            return _polygon_depth(coordinates, radius, corners, step=1, edges=corners)
        case Star():
            return _polygon_depth(coordinates, radius, _STAR_POINTS, step=2, edges=_STAR_POINTS - 1)


def _norm(coordinates: VipsImage) -> VipsImage:
    x, y = coordinates[0], coordinates[1]
    return (x * x + y * y) ** 0.5


def _ellipse_depth(coordinates: VipsImage, x_radius: float, y_radius: float) -> VipsImage:
    """Return k₀ (1 − k₀) / k₁ with k₀ = |p / r| and k₁ = |p / r²|.

    That is the distance to the first order (Quilez, "ellipse - distance").
    """
    from_centre = _norm(coordinates / [x_radius, y_radius])
    gradient = _norm(coordinates / [x_radius**2, y_radius**2])
    return (from_centre * (1 - from_centre) + _EPSILON * min(x_radius, y_radius)) / (gradient + _EPSILON)


def _polygon_depth(coordinates: VipsImage, radius: float, corners: int, *, step: int, edges: int) -> VipsImage:
    """Return the depth behind ``edges`` of the lines that join each corner on a circle to another one.

    The other corner is ``step`` further on. The inside of a polygon is behind all lines; each point of a star is in
    front of one.
    """
    angles = [(2 * corner + step) * pi / corners - pi / 2 for corner in range(corners)]
    normals = [[-cos(angle), -sin(angle)] for angle in angles]
    depths = (coordinates.recomb(pyvips.Image.new_from_array(normals)) + radius * cos(step * pi / corners)).bandsplit()
    return depths[0].bandrank(depths[1:], index=corners - edges)


def _rectangle_depth(size: Size) -> VipsImage:
    x, y = (
        _edge_distance(size.width).replicate(1, size.height),
        _edge_distance(size.height).rot90().replicate(size.width, 1),
    )
    return x.minpair(y)


def _edge_distance(length: int) -> VipsImage:
    """Return, for each pixel of a row, the distance of its centre from the nearer end."""
    coordinates = pyvips.Image.xyz(length, 1)[0] + 0.5
    return coordinates.minpair(length - coordinates).cast("float")


def _corner_depth(radius: float, size: Size) -> VipsImage:
    """Return the depth in the upper left corner."""
    side = ceil(radius)
    coordinates = (radius - 0.5 - pyvips.Image.xyz(min(side, size.width), min(side, size.height))).clamp(
        min=0, max=side
    )
    return (radius - _norm(coordinates)).cast("float")


def _fitted_radii(size: Size, corner_radii: CornerRadii) -> list[float]:
    unit = min(size.width, size.height) / 100 if corner_radii.percent else 1.0
    top_left, top_right = corner_radii.top_left * unit, corner_radii.top_right * unit
    bottom_right, bottom_left = corner_radii.bottom_right * unit, corner_radii.bottom_left * unit
    constraints = (
        (size.width, top_left + top_right),
        (size.width, bottom_left + bottom_right),
        (size.height, top_left + bottom_left),
        (size.height, top_right + bottom_right),
    )
    scale = min([1.0, *(side / sum_ for side, sum_ in constraints if sum_)])
    return [radius * scale for radius in (top_left, top_right, bottom_right, bottom_left)]
