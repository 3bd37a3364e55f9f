"""Reference for the kernel: Lanczos3 in linear light, or on sRGB values, by float64 matrices. Shares no code with it."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def to_linear(code: Floats) -> Floats:
    """IEC 61966-2-1, sRGB and linear from 0 to 1."""
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def to_srgb(light: Floats) -> Floats:
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055)


def matrix(side: int, start: float, length: float, size: int) -> Floats:
    """Rows of weights, one for each output pixel, over all the pixels of a side."""
    scale = length / size
    centres = start + (np.arange(size) + 0.5) * scale
    x = (np.arange(side)[None, :] + 0.5 - centres[:, None]) / max(scale, 1.0)
    weights = np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0.0)
    pixels = np.arange(side)
    weights[:, (pixels < np.floor(start + 1e-9)) | (pixels >= np.ceil(start + length - 1e-9))] = 0
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float64)


def resample(
    codes: Floats,
    box: tuple[float, float, float, float],
    size: tuple[int, int],
    *,
    alpha: bool,
    light_compensation: float = 0.0,
    linear: bool = True,
) -> tuple[Floats, Floats]:
    """Resample height × width × channels of sRGB from 0 to 1; also return alpha, or ones, before rounding."""
    left, top, across, down = box
    light = codes.copy()
    if linear:
        light = to_linear(codes) + light_compensation * compensated_light(
            codes, np.ceil(left + across - 1e-9), np.ceil(top + down - 1e-9)
        )
    encode = to_srgb if linear else np.asarray
    if alpha:
        light[..., -1] = codes[..., -1]
        light[..., :-1] *= codes[..., -1:]
    light = np.einsum("yh,hwc->ywc", matrix(codes.shape[0], top, down, size[1]), light, optimize=True)
    light = np.einsum("xw,ywc->yxc", matrix(codes.shape[1], left, across, size[0]), light, optimize=True)
    if not alpha:
        return np.clip(encode(light), 0, 1), np.ones((*light.shape[:2], 1))
    cover = np.clip(light[..., -1:], 0, 1)
    colours = np.clip(encode(light[..., :-1] / np.maximum(cover, 1e-12)), 0, 1)
    return np.concatenate([colours, cover], axis=-1), cover


def compensated_light(codes: Floats, right: float, bottom: float) -> Floats:
    """Return the light that averaging may have lost, from the differences between neighbours within the box."""
    across, down = np.zeros_like(codes), np.zeros_like(codes)
    across[:, :-1], down[:-1] = np.diff(codes, axis=1), np.diff(codes, axis=0)
    across[:, int(right) - 1 :], down[int(bottom) - 1 :] = 0, 0
    given: Floats = (0.3 + 0.475 * codes) * (across**2 + down**2)
    return given
