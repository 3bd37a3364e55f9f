"""Colour matrices of CSS filters, and their product. Pure arithmetic.

W3C Filter Effects §9 (https://www.w3.org/TR/filter-effects-1/#feColorMatrixElement), applied to sRGB values, as
browsers do for the functions ``saturate()``, ``hue-rotate()`` and ``sepia()``.
"""

from math import cos, radians, sin

ColourMatrix = tuple[tuple[float, float, float], ...]

IDENTITY: ColourMatrix = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
_LUMA_MATRIX: ColourMatrix = ((0.213, 0.715, 0.072),) * 3
_HUE_ROTATION_MATRIX: ColourMatrix = ((-0.213, -0.715, 0.928), (0.143, 0.140, -0.283), (-0.787, 0.715, 0.072))
_SEPIA_MATRIX: ColourMatrix = ((0.393, 0.769, 0.189), (0.349, 0.686, 0.168), (0.272, 0.534, 0.131))


def saturate(factor: float) -> ColourMatrix:
    """0 removes all colour, 1 is the identity, 2 doubles the distance from grey."""
    return _weighted_sum((factor, IDENTITY), (1 - factor, _LUMA_MATRIX))


def hue_rotate(degrees: float) -> ColourMatrix:
    """Rotate colours around the grey axis; luma is preserved."""
    c, s = cos(radians(degrees)), sin(radians(degrees))
    return _weighted_sum((1 - c, _LUMA_MATRIX), (c, IDENTITY), (s, _HUE_ROTATION_MATRIX))


def sepia(amount: float) -> ColourMatrix:
    """0 is the identity, 1 full sepia."""
    return _weighted_sum((1 - amount, IDENTITY), (amount, _SEPIA_MATRIX))


def multiply(left: ColourMatrix, right: ColourMatrix) -> ColourMatrix:
    """The product: apply ``right``, then ``left``."""
    columns = tuple(zip(*right, strict=True))
    return to_matrix([[sum(a * b for a, b in zip(row, column, strict=True)) for column in columns] for row in left])


def _weighted_sum(*terms: tuple[float, ColourMatrix]) -> ColourMatrix:
    return to_matrix([[sum(part * matrix[row][at] for part, matrix in terms) for at in range(3)] for row in range(3)])


def to_matrix(rows: list[list[float]]) -> ColourMatrix:
    return tuple((red, green, blue) for red, green, blue in rows)
