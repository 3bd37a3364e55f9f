"""Generated ICC profiles, and their conversion to sRGB by plain arithmetic. Knows ICC.1:2022, not Pixmill."""

import struct

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

D50 = np.array([0.9642, 1.0, 0.8249])
# Bradford adaptation (ICC.1 annex E; http://www.brucelindbloom.com/index.html?Eqn_ChromAdapt.html).
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
D65_XY = (0.3127, 0.3290)
SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
ADOBE_RGB = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
DISPLAY_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
ADOBE_GAMMA = 563 / 256


def to_xyz(primaries: tuple[tuple[float, float], ...]) -> Matrix:
    """Linear RGB with these primaries and white D65, to XYZ adapted to D50."""
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in primaries]).T
    x, y = D65_XY
    white = np.array([x / y, 1, (1 - x - y) / y])
    matrix = columns * np.linalg.solve(columns, white)
    scale = np.diag((BRADFORD @ D50) / (BRADFORD @ white))
    return np.asarray(np.linalg.inv(BRADFORD) @ scale @ BRADFORD @ matrix)


def srgb_to_linear(code: Matrix) -> Matrix:
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(light: Matrix) -> Matrix:
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)


def in_srgb(light: Matrix, primaries: tuple[tuple[float, float], ...]) -> Matrix:
    """Convert linear RGB (last axis) of other primaries to 8-bit sRGB values, not rounded."""
    return np.asarray(255 * linear_to_srgb(light @ (np.linalg.inv(to_xyz(SRGB)) @ to_xyz(primaries)).T))


def matrix_profile(primaries: tuple[tuple[float, float], ...], gamma: float) -> bytes:
    """A version 2 display profile: three primaries and one gamma."""
    curve = b"curv" + struct.pack(">IIH2x", 0, 1, round(gamma * 256))
    tags = {b"desc": _text(b"A matrix and a gamma"), b"wtpt": _xyz(D50)}
    for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), to_xyz(primaries).T, strict=True):
        tags[name] = _xyz(column)
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    return _profile(b"RGB ", tags)


def grey_profile(gamma: float) -> bytes:
    """A version 2 profile for grey with one gamma."""
    curve = b"curv" + struct.pack(">IIH2x", 0, 1, round(gamma * 256))
    return _profile(b"GRAY", {b"desc": _text(b"A grey gamma"), b"wtpt": _xyz(D50), b"kTRC": curve})


def _profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    start = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += name + struct.pack(">II", start + len(body), len(data))
        body += data
    size = start + len(body)
    header = struct.pack(">I4sI4s4s4s12x4s", size, b"none", 0x02400000, b"mntr", space, b"XYZ ", b"acsp")
    header = header.ljust(68, b"\0") + _numbers(D50)
    return header.ljust(128, b"\0") + table + body


def _text(text: bytes) -> bytes:
    """``textDescriptionType`` with its empty Unicode and script parts."""
    return (
        b"desc" + struct.pack(">II", 0, len(text) + 1) + text + b"\0" + bytes(8 + 3 + 67 + (-(len(text) + 1 + 90) % 4))
    )


def _xyz(value: Matrix) -> bytes:
    return b"XYZ \0\0\0\0" + _numbers(value)


def _numbers(value: Matrix) -> bytes:
    return struct.pack(">3i", *(round(part * 65536) for part in value))
