"""ICC profiles of wide gamuts, made from the figures that their standards give: primaries, white and curve.

A profile is a matrix and a curve (ICC.1:2001-04, version 2, which everything reads). Colours are adapted to D50, the white of all profiles, by
Bradford's matrix (ICC.1:2022 annex E). Knows numbers; must never know pixels or files.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

Pair = tuple[float, float]
Row = tuple[float, float, float]
Matrix = tuple[Row, Row, Row]

_D65: Final[Pair] = (0.3127, 0.3290)
_D50: Final[Pair] = (0.3457, 0.3585)
_D50_XYZ: Final[Row] = (0.9642, 1.0, 0.8249)
_BRADFORD: Final[Matrix] = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
_POINTS: Final = 1024


@dataclass(frozen=True, slots=True)
class Gamut:
    """``curve`` is a gamma, or the codes' light at ``_POINTS`` places."""

    name: str
    red: Pair
    green: Pair
    blue: Pair
    white: Pair
    curve: float | tuple[float, ...]


def _bt2020(code: float) -> float:
    """The light of a code: the other way round than ITU-R BT.2020-2 table 4, which gives the code of a light."""
    alpha, beta = 1.09929682680944, 0.018053968510807
    return code / 4.5 if code < 4.5 * beta else ((code + alpha - 1) / alpha) ** (1 / 0.45)


ADOBE_RGB: Final = Gamut("Adobe RGB (1998) compatible", (0.64, 0.33), (0.21, 0.71), (0.15, 0.06), _D65, 563 / 256)
"""Adobe RGB (1998) Color Image Encoding, version 2005-05."""

REC_2020: Final = Gamut(
    "Rec. 2020",
    (0.708, 0.292),
    (0.170, 0.797),
    (0.131, 0.046),
    _D65,
    tuple(_bt2020(point / (_POINTS - 1)) for point in range(_POINTS)),
)
"""ITU-R BT.2020-2 tables 3 and 4."""

PROPHOTO: Final = Gamut("ProPhoto compatible", (0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001), _D50, 461 / 256)
"""ISO 22028-2 (ROMM RGB), without the straight line near black that no 8 bits show. Its gamma is 1.8, in 256ths."""


@lru_cache(maxsize=8)
def profile_of(gamut: Gamut) -> bytes:
    """The gamut as an ICC profile, always the same bytes."""
    red, green, blue = zip(*_to_d50(gamut), strict=True)
    curve = _curve(gamut.curve)
    return _assembled(
        {
            b"desc": _described(gamut.name),
            b"cprt": b"text" + bytes(4) + b"No copyright: figures of a standard\0",
            b"wtpt": _xyz(_D50_XYZ),
            b"rXYZ": _xyz(red),
            b"gXYZ": _xyz(green),
            b"bXYZ": _xyz(blue),
            **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
        }
    )


def _to_d50(gamut: Gamut) -> Matrix:
    """From light in the gamut to XYZ under D50. The columns are scaled so that white comes out as it must."""
    columns = _transposed(tuple(_light(*pair) for pair in (gamut.red, gamut.green, gamut.blue)))
    white = _light(*gamut.white)
    scales = _applied(_inverse(columns), white)
    rgb = tuple(tuple(part * scale for part, scale in zip(row, scales, strict=True)) for row in columns)
    seen, wanted = _applied(_BRADFORD, white), _applied(_BRADFORD, _D50_XYZ)
    cones = tuple(tuple(part * to / of for part in row) for row, to, of in zip(_BRADFORD, wanted, seen, strict=True))
    return _product(_product(_inverse(_BRADFORD), cones), rgb)


def _light(x: float, y: float) -> Row:
    """XYZ of a chromaticity at Y = 1."""
    return x / y, 1.0, (1 - x - y) / y


def _applied(matrix: Sequence[Sequence[float]], vector: Sequence[float]) -> Row:
    first, second, third = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return first, second, third


def _transposed(matrix: Sequence[Sequence[float]]) -> Matrix:
    first, second, third = ((a, b, c) for a, b, c in zip(*matrix, strict=True))
    return first, second, third


def _product(left: Sequence[Sequence[float]], right: Sequence[Sequence[float]]) -> Matrix:
    return _transposed([_applied(left, column) for column in zip(*right, strict=True)])


def _inverse(matrix: Sequence[Sequence[float]]) -> Matrix:
    """By cofactors."""
    (a, b, c), (d, e, f), (g, h, i) = matrix
    det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    rows = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    first, second, third = ((x / det, y / det, z / det) for x, y, z in rows)
    return first, second, third


# ---------------------------------------------------------------- bytes


def _assembled(tags: dict[bytes, bytes]) -> bytes:
    """Header, table of tags, tags; what several share is there once."""
    at = 128 + 4 + 12 * len(tags)
    table, body, places = struct.pack(">I", len(tags)), b"", dict[bytes, int]()
    for name, data in tags.items():
        if data not in places:
            places[data] = at + len(body)
            body += data + bytes(-len(data) % 4)
        table += name + struct.pack(">2I", places[data], len(data))
    size = at + len(body)
    header = struct.pack(">2I", size, 0) + b"\x02\x40\0\0mntrRGB XYZ " + struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
    header += b"acsp" + bytes(28) + _numbers(_D50_XYZ)
    return header.ljust(128, b"\0") + table + body


def _described(name: str) -> bytes:
    text = name.encode() + b"\0"
    return b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78)


def _xyz(value: Sequence[float]) -> bytes:
    return b"XYZ " + bytes(4) + _numbers(value)


def _numbers(values: Sequence[float]) -> bytes:
    return struct.pack(">3i", *(round(value * 65_536) for value in values))


def _curve(curve: float | tuple[float, ...]) -> bytes:
    points = [round(curve * 256)] if isinstance(curve, float) else [round(light * 65_535) for light in curve]
    return b"curv" + bytes(4) + struct.pack(f">I{len(points)}H", len(points), *points)
