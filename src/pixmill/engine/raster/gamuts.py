"""Builds ICC profiles of colour spaces from their standards: primaries, white point, transfer curve.

A profile is a matrix and a curve (ICC.1:2001-04, version 2, which all software reads). Colours are adapted to D50,
the white point of all profiles, by the Bradford matrix (ICC.1:2022 annex E). Must never know pixels or files.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

Chromaticity = tuple[float, float]
Vector3 = tuple[float, float, float]
Matrix3 = tuple[Vector3, Vector3, Vector3]

_D65: Final[Chromaticity] = (0.3127, 0.3290)
_D50: Final[Chromaticity] = (0.3457, 0.3585)
_D50_XYZ: Final[Vector3] = (0.9642, 1.0, 0.8249)
_BRADFORD: Final[Matrix3] = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
_CURVE_POINTS: Final = 1024
_BT2020_ALPHA: Final = 1.09929682680944
_BT2020_BETA: Final = 0.018053968510807


@dataclass(frozen=True, slots=True)
class Gamut:
    """Primaries, white point and transfer curve.

    The curve is a gamma, or linear values at ``_CURVE_POINTS`` equidistant encoded ones.
    """

    name: str
    red: Chromaticity
    green: Chromaticity
    blue: Chromaticity
    white: Chromaticity
    curve: float | tuple[float, ...]
    peak: float = 1.0
    """The light of the highest value, where white is less than that."""


def sampled_curve(to_linear: Callable[[float], float]) -> tuple[float, ...]:
    """The linear values of a curve, at most 1, at the points of a profile."""
    return tuple(min(1.0, to_linear(point / (_CURVE_POINTS - 1))) for point in range(_CURVE_POINTS))


def _bt2020_to_linear(value: float) -> float:
    """Decode to linear light: the inverse of ITU-R BT.2020-2 table 4 and of ITU-R BT.709-6 item 1.2."""
    return value / 4.5 if value < 4.5 * _BT2020_BETA else ((value + _BT2020_ALPHA - 1) / _BT2020_ALPHA) ** (1 / 0.45)


def encode_bt709(light: float) -> float:
    """Encode linear light, 0 to 1 (ITU-R BT.709-6 item 1.2)."""
    return light * 4.5 if light < _BT2020_BETA else _BT2020_ALPHA * light**0.45 - (_BT2020_ALPHA - 1)


BT709_CURVE: Final = sampled_curve(_bt2020_to_linear)


ADOBE_RGB: Final = Gamut("Adobe RGB (1998) compatible", (0.64, 0.33), (0.21, 0.71), (0.15, 0.06), _D65, 563 / 256)
"""Adobe RGB (1998) Color Image Encoding, version 2005-05."""

REC_2020: Final = Gamut(
    "Rec. 2020",
    (0.708, 0.292),
    (0.170, 0.797),
    (0.131, 0.046),
    _D65,
    BT709_CURVE,
)
"""ITU-R BT.2020-2 tables 3 and 4."""

SRGB: Final = Gamut("sRGB", (0.64, 0.33), (0.30, 0.60), (0.15, 0.06), _D65, 2.2)
"""IEC 61966-2-1; only its primaries count here, not the curve."""

PROPHOTO: Final = Gamut("ProPhoto compatible", (0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001), _D50, 461 / 256)
"""ISO 22028-2 (ROMM RGB), without the linear segment near black, which 8 bits cannot show. Its gamma is 1.8, in
256ths."""


@lru_cache(maxsize=16)
def gamut_icc_profile(gamut: Gamut, *, grey: bool = False, private_tags: tuple[tuple[bytes, bytes], ...] = ()) -> bytes:
    """Encode the gamut as an ICC profile of RGB, or its curve as one of grey, deterministically.

    Raises ValueError or ZeroDivisionError for primaries that span no triangle.
    """
    tags = {
        b"desc": _description_tag(gamut.name),
        b"cprt": b"text" + bytes(4) + b"No copyright: figures of a standard\0",
        b"wtpt": _xyz_tag(_D50_XYZ),
    }
    if grey:
        return _assemble_profile(tags | {b"kTRC": _curve_tag(_grey_curve(gamut))}, b"GRAY")
    red, green, blue = (
        tuple(part * gamut.peak for part in column) for column in zip(*rgb_to_d50_xyz(gamut), strict=True)
    )
    tags |= {b"rXYZ": _xyz_tag(red), b"gXYZ": _xyz_tag(green), b"bXYZ": _xyz_tag(blue)}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve_tag(gamut.curve))
    return _assemble_profile(tags | dict(private_tags), b"RGB ")


def _grey_curve(gamut: Gamut) -> float | tuple[float, ...]:
    """The curve up to white: a profile of grey has no columns that could hold more."""
    curve, peak = gamut.curve, gamut.peak
    if isinstance(curve, tuple) or peak == 1:
        return curve
    return sampled_curve(lambda value: float(peak * value**curve))


def linear_conversion(source: Gamut, target: Gamut) -> Matrix3:
    """The matrix from linear RGB of one gamut to that of another, with the white point adapted."""
    return _multiply(_invert(rgb_to_d50_xyz(target)), rgb_to_d50_xyz(source))


def rgb_to_d50_xyz(gamut: Gamut) -> Matrix3:
    """The matrix from linear RGB to XYZ under D50.

    Its columns are scaled so that white maps to the white point.
    """
    columns = _transpose(tuple(_chromaticity_to_xyz(*pair) for pair in (gamut.red, gamut.green, gamut.blue)))
    white = _chromaticity_to_xyz(*gamut.white)
    scales = _multiply_vector(_invert(columns), white)
    rgb_to_xyz = tuple(tuple(part * scale for part, scale in zip(row, scales, strict=True)) for row in columns)
    source_cones, target_cones = _multiply_vector(_BRADFORD, white), _multiply_vector(_BRADFORD, _D50_XYZ)
    adaptation = tuple(
        tuple(part * to / of for part in row) for row, to, of in zip(_BRADFORD, target_cones, source_cones, strict=True)
    )
    return _multiply(_multiply(_invert(_BRADFORD), adaptation), rgb_to_xyz)


def _chromaticity_to_xyz(x: float, y: float) -> Vector3:
    """XYZ of a chromaticity at Y = 1; at X = 1 or Z = 1 for one that has no luminance."""
    if y == 0:
        return (1.0, 0.0, (1 - x) / x) if x else (0.0, 0.0, 1.0)
    return x / y, 1.0, (1 - x - y) / y


def _multiply_vector(matrix: Sequence[Sequence[float]], vector: Sequence[float]) -> Vector3:
    first, second, third = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return first, second, third


def _transpose(matrix: Sequence[Sequence[float]]) -> Matrix3:
    first, second, third = ((a, b, c) for a, b, c in zip(*matrix, strict=True))
    return first, second, third


def _multiply(left: Sequence[Sequence[float]], right: Sequence[Sequence[float]]) -> Matrix3:
    return _transpose([_multiply_vector(left, column) for column in zip(*right, strict=True)])


def _invert(matrix: Sequence[Sequence[float]]) -> Matrix3:
    """Invert by cofactors."""
    (a, b, c), (d, e, f), (g, h, i) = matrix
    det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    rows = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    first, second, third = ((x / det, y / det, z / det) for x, y, z in rows)
    return first, second, third


# ---------------------------------------------------------------- encoding


def _assemble_profile(tags: dict[bytes, bytes], colour_space: bytes) -> bytes:
    """Join the header, the tag table and the tags; identical tags are stored once."""
    offset = 128 + 4 + 12 * len(tags)
    table, body, offsets = struct.pack(">I", len(tags)), b"", dict[bytes, int]()
    for name, data in tags.items():
        if data not in offsets:
            offsets[data] = offset + len(body)
            body += data + bytes(-len(data) % 4)
        table += name + struct.pack(">2I", offsets[data], len(data))
    size = offset + len(body)
    header = (
        struct.pack(">2I", size, 0)
        + b"\x02\x40\0\0mntr"
        + colour_space
        + b"XYZ "
        + struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
    )
    header += b"acsp" + bytes(28) + _s15_fixed16(_D50_XYZ)
    return header.ljust(128, b"\0") + table + body


def _description_tag(name: str) -> bytes:
    text = name.encode() + b"\0"
    return b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78)


def _xyz_tag(value: Sequence[float]) -> bytes:
    return b"XYZ " + bytes(4) + _s15_fixed16(value)


def _s15_fixed16(values: Sequence[float]) -> bytes:
    return struct.pack(">3i", *(round(value * 65_536) for value in values))


def _curve_tag(curve: float | tuple[float, ...]) -> bytes:
    points = (
        [min(max(round(curve * 256), 1), 65_535)]
        if isinstance(curve, float)
        else [round(light * 65_535) for light in curve]
    )
    return b"curv" + bytes(4) + struct.pack(f">I{len(points)}H", len(points), *points)
