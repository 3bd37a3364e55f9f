"""What the files of our own making show: gradients that tell every rotation, mirroring and exchange of channels."""

import io
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.pixels import profiles

Made = Iterator[tuple[str, bytes]]
"""Names and bodies of files."""
Samples = NDArray[np.uint16]

WIDTH, HEIGHT = 61, 43
TILE: Final = 72
"""Side of what is compressed with loss: larger than a block of every codec."""

P3: Final = profiles.matrix_profile(profiles.DISPLAY_P3, 2.2)
ADOBE: Final = profiles.matrix_profile(profiles.ADOBE_RGB, profiles.ADOBE_GAMMA)
GREY: Final = profiles.grey_profile(1.8)


def scene(width: int = WIDTH, height: int = HEIGHT, bands: int = 3, depth: int = 8) -> Samples:
    """Gradients that show every turn and mirroring, and corners of pure colours; alpha goes from none to all."""
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    planes = [x, y, (1 - x) * (1 - y), np.clip(1.2 * x - 0.1, 0, 1)]
    image = np.stack(planes, axis=-1)
    corner = max(2, min(width, height) // 6)
    for number, colour in enumerate([(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)]):
        rows = slice(0, corner) if number < 2 else slice(height - corner, None)
        columns = slice(0, corner) if number % 2 == 0 else slice(width - corner, None)
        image[rows, columns, :3] = colour
    chosen = {1: [0], 2: [0, 3], 3: [0, 1, 2], 4: [0, 1, 2, 3]}[bands]
    return np.asarray(np.round(image[..., chosen] * (2**depth - 1)), np.uint16)


def soft(bands: int = 3, side: int = TILE) -> Image.Image:
    """The scene without its hard corners, for codecs with loss."""
    y, x = np.mgrid[0 : 1 : side * 1j, 0 : 1 : side * 1j]
    planes = np.stack([x, y, (1 - x) * (1 - y), np.clip(1.2 * x - 0.1, 0, 1)], axis=-1)
    pixels = np.round(planes * 255).astype(np.uint8)
    return Image.fromarray(pixels[..., 0] if bands == 1 else pixels[..., :bands])


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    body = io.BytesIO()
    image.save(body, kind, **options)
    return body.getvalue()


def exif(orientation: int) -> Image.Exif:
    data = Image.Exif()
    data[0x0112] = orientation
    return data


PALETTE: Final = np.random.default_rng(4).integers(0, 256, 768, dtype=np.uint8).tobytes()


def small(level: int, alpha: int = 255, size: tuple[int, int] = (20, 15)) -> Samples:
    pixels = scene(*size, bands=4)
    pixels[..., 2] = level
    pixels[..., 3] = alpha
    return pixels


def steps(bands: int = 4, count: int = 3, side: int = TILE) -> list[Image.Image]:
    images = []
    for step in range(count):
        image = soft(bands, side)
        image.paste(tuple([60 * step, 200, 90, 255][:bands]), (8 * step, 8, 8 * step + 20, 40))
        images.append(image)
    return images
