"""Reference for the kernel: Lanczos3 in linear light, or on sRGB values, by float64 matrices. Shares no code with it."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def to_linear(code: Floats) -> Floats:
    """IEC 61966-2-1, sRGB and linear from 0 to 1."""
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def to_srgb(light: Floats) -> Floats:
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055)


def matrix(side: int, start: float, length: float, size: int, droop_compensation: float = 0.0) -> Floats:
    """Rows of weights, one for each output pixel, over all the pixels of a side."""
    scale = length / size
    centres = start + (np.arange(size) + 0.5) * scale
    x = (np.arange(side)[None, :] + 0.5 - centres[:, None]) / max(scale, 1.0)
    weights = np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0.0)
    first, end = int(np.floor(start + 1e-9)), int(np.ceil(start + length - 1e-9))
    weights[:, :first] = weights[:, end:] = 0
    weights = without_droop(weights, droop_compensation, first, end)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float64)


def without_droop(weights: Floats, droop_compensation: float, first: int, end: int) -> Floats:
    """Sharpen rows of weights; neighbours of the pixels ``first`` to ``end`` beyond these are the outermost of them."""
    within = np.pad(weights[:, first:end], ((0, 0), (1, 1)))
    within[:, 1:-1] = (1 + 2 * droop_compensation) * within[:, 1:-1] - droop_compensation * (
        within[:, 2:] + within[:, :-2]
    )
    out = np.zeros_like(weights)
    out[:, first:end] = within[:, 1:-1]
    out[:, first] -= droop_compensation * weights[:, first]
    out[:, end - 1] -= droop_compensation * weights[:, end - 1]
    return out


def resample(
    codes: Floats,
    box: tuple[float, float, float, float],
    size: tuple[int, int],
    *,
    alpha: bool,
    light_compensation: float = 0.0,
    droop_compensation: float = 0.0,
    linear: bool = True,
    halve: bool = False,
) -> tuple[Floats, Floats]:
    """Resample height × width × channels of sRGB from 0 to 1; also return alpha, or ones, before rounding."""
    left, top, across, down = box
    light = codes.copy()
    if linear:
        light = to_linear(codes) + light_compensation * compensated_light(codes, box)
    encode = to_srgb if linear else np.asarray
    if alpha:
        light[..., -1] = codes[..., -1]
        light[..., :-1] *= codes[..., -1:]
    if halve:
        light, left, top = halved(light, box)
        across, down, droop_compensation = across / 2, down / 2, 1 / 32 + droop_compensation / 4
    light = np.einsum(
        "yh,hwc->ywc", matrix(light.shape[0], top, down, size[1], droop_compensation), light, optimize=True
    )
    light = np.einsum(
        "xw,ywc->yxc", matrix(light.shape[1], left, across, size[0], droop_compensation), light, optimize=True
    )
    if not alpha:
        return np.clip(encode(light), 0, 1), np.ones((*light.shape[:2], 1))
    cover = np.clip(light[..., -1:], 0, 1)
    colours = np.clip(encode(light[..., :-1] / np.maximum(cover, 1e-12)), 0, 1)
    return np.concatenate([colours, cover], axis=-1), cover


def halved(light: Floats, box: tuple[float, float, float, float]) -> tuple[Floats, float, float]:
    """Return means of 2 × 2 pixels of those that the box touches, and where the box begins in them."""
    rows, columns = touched(box)
    part = light[rows, columns]
    part = np.pad(part, ((0, part.shape[0] % 2), (0, part.shape[1] % 2), (0, 0)), mode="edge")
    means: Floats = (part[::2, ::2] + part[::2, 1::2] + part[1::2, ::2] + part[1::2, 1::2]) / 4
    return means, (box[0] - columns.start) / 2, (box[1] - rows.start) / 2


def touched(box: tuple[float, float, float, float]) -> tuple[slice, slice]:
    """Return the rows and the columns of the pixels that the box touches."""
    left, top, across, down = box
    return (
        slice(int(np.floor(top + 1e-9)), int(np.ceil(top + down - 1e-9))),
        slice(int(np.floor(left + 1e-9)), int(np.ceil(left + across - 1e-9))),
    )


def compensated_light(codes: Floats, box: tuple[float, float, float, float]) -> Floats:
    """Return the light that averaging may have lost, from the neighbours of each pixel within the box.

    At its edge the pixel itself stands for the missing one.
    """
    rows, columns = touched(box)
    padded = np.pad(codes[rows, columns], ((1, 1), (1, 1), (0, 0)), mode="edge")
    x, y = padded[1:-1, 2:] - padded[1:-1, :-2], padded[2:, 1:-1] - padded[:-2, 1:-1]
    light = np.zeros_like(codes)
    light[rows, columns] = (0.3 + 0.475 * codes[rows, columns]) * (x**2 + y**2)
    return light
