"""The colour matrices of CSS filters, and their product. Knows numbers only.

W3C Filter Effects §9 (https://www.w3.org/TR/filter-effects-1/#feColorMatrixElement), on sRGB codes, as browsers apply the short forms ``saturate()``,
``hue-rotate()`` and ``sepia()``.
"""

from math import cos, radians, sin

Matrix = tuple[tuple[float, float, float], ...]

IDENTITY: Matrix = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
_LUMA: Matrix = ((0.213, 0.715, 0.072),) * 3
_TURN: Matrix = ((-0.213, -0.715, 0.928), (0.143, 0.140, -0.283), (-0.787, 0.715, 0.072))
_SEPIA: Matrix = ((0.393, 0.769, 0.189), (0.349, 0.686, 0.168), (0.272, 0.534, 0.131))


def saturate(factor: float) -> Matrix:
    """0 leaves grey, 1 changes nothing, 2 doubles the distance from grey."""
    return _mixed((factor, IDENTITY), (1 - factor, _LUMA))


def hue_rotate(degrees: float) -> Matrix:
    """Colours turned around the axis of greys; luma stays."""
    c, s = cos(radians(degrees)), sin(radians(degrees))
    return _mixed((1 - c, _LUMA), (c, IDENTITY), (s, _TURN))


def sepia(part: float) -> Matrix:
    """0 changes nothing, 1 leaves nothing but browns."""
    return _mixed((1 - part, IDENTITY), (part, _SEPIA))


def product(left: Matrix, right: Matrix) -> Matrix:
    """What ``right``, then ``left`` does."""
    columns = tuple(zip(*right, strict=True))
    return _matrix([[sum(a * b for a, b in zip(row, column, strict=True)) for column in columns] for row in left])


def _mixed(*parts: tuple[float, Matrix]) -> Matrix:
    return _matrix([[sum(part * matrix[row][at] for part, matrix in parts) for at in range(3)] for row in range(3)])


def _matrix(rows: list[list[float]]) -> Matrix:
    return tuple((red, green, blue) for red, green, blue in rows)
