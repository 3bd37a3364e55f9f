"""The originals that the cases of dialects name: quadrants of red, green, blue and yellow in known sizes.

``L`` 1200 × 800, ``P`` 600 × 900, ``S`` 100 × 80 and others are JPEGs of four colours, so that a pixel says which part
of the original it shows; they look the same cut from the centre and distorted, which ``T`` does not. ``A`` and ``T`` have a border to trim, ``E6`` an orientation, ``G`` and ``DB`` frames.
"""

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

from PIL import Image

RED, GREEN, BLUE, YELLOW = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)
BLACK, WHITE = (0, 0, 0), (255, 255, 255)
QUADRANTS: Final = (RED, GREEN, BLUE, YELLOW)
"""From left to right, the upper two first."""

_ORIENTATION: Final = 0x0112
_FRAME_MS: Final = 100


def _quadrants(width: int, height: int) -> Image.Image:
    """Draw the four colours; the halves on the right and below are the larger ones where a side is odd."""
    image = Image.new("RGB", (width, height))
    middle_x, middle_y = width // 2, height // 2
    corners = [(0, 0, middle_x, middle_y), (middle_x, 0, width, middle_y)]
    corners += [(0, middle_y, middle_x, height), (middle_x, middle_y, width, height)]
    for box, colour in zip(corners, QUADRANTS, strict=True):
        image.paste(colour, box)
    return image


def _written(image: Image.Image, form: str, **options: object) -> bytes:
    body = io.BytesIO()
    image.save(body, form, **options)
    return body.getvalue()


def _jpeg(width: int, height: int, **options: object) -> bytes:
    return _written(_quadrants(width, height), "JPEG", quality=95, subsampling=0, **options)


def _png(width: int, height: int) -> bytes:
    return _written(_quadrants(width, height), "PNG")


def _on_transparent() -> bytes:
    """Draw a red square of 200 pixels in the middle of nothing."""
    image = Image.new("RGBA", (400, 300))
    image.paste((*RED, 255), (75, 75, 275, 225))
    return _written(image, "PNG")


def _with_border() -> bytes:
    """Draw black with 20 white pixels around it."""
    image = Image.new("RGB", (300, 200), "white")
    image.paste((0, 0, 0), (20, 20, 280, 180))
    return _written(image, "PNG")


def _turned() -> bytes:
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    return _jpeg(300, 200, exif=exif)


def _animation(form: str, size: tuple[int, int], colours: tuple[tuple[int, int, int], ...], **options: object) -> bytes:
    """Draw the quadrants, then a frame of each colour."""
    later = [Image.new("RGB", size, colour) for colour in colours]
    first = _quadrants(*size)
    return _written(first, form, save_all=True, append_images=later, duration=_FRAME_MS, loop=0, **options)


_DRAWING: Final = b"""<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100" viewBox="0 0 200 100">\
<rect width="200" height="100" fill="#00f"/><script>alert(1)</script></svg>"""

SOURCES: Final[dict[str, Callable[[], bytes]]] = {
    "L.jpg": lambda: _jpeg(1200, 800),
    "P.jpg": lambda: _jpeg(600, 900),
    "S.jpg": lambda: _jpeg(100, 80),
    "B.jpg": lambda: _jpeg(2725, 2225),
    "K.jpg": lambda: _jpeg(640, 865),
    "Q.jpg": lambda: _jpeg(300, 300),
    "C4.jpg": lambda: _jpeg(100, 68),
    "E6.jpg": _turned,
    "W.png": lambda: _png(200, 100),
    "GO.png": lambda: _png(1634, 2224),
    "GF.png": lambda: _png(202, 259),
    "A.png": _on_transparent,
    "T.png": _with_border,
    "X.webp": lambda: _written(_quadrants(320, 240), "WEBP", quality=90),
    "G.gif": lambda: _animation("GIF", (120, 90), (GREEN, BLUE)),
    "G.webp": lambda: _animation("WEBP", (120, 90), (GREEN, BLUE), lossless=True),
    "DB.gif": lambda: _animation("GIF", (121, 128), tuple((30 * step, 0, 0) for step in range(1, 8))),
    "V.svg": lambda: _DRAWING,
    "bad.jpg": lambda: b"this is not a picture\n",
}


@cache
def source(name: str) -> bytes:
    """Return the bytes of an original."""
    return SOURCES[name]()


def write_sources(folder: Path) -> None:
    """Write all originals into a folder."""
    for name in SOURCES:
        folder.joinpath(name).write_bytes(source(name))
