"""What an encoder under test has to say of itself; the files beside this one have them."""

import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image

JPEG_QUALITIES = (40, 60, 76, 86, 94)
WEBP_QUALITIES = (30, 55, 76, 89, 97)
AVIF_QUALITIES = (35, 48, 61, 74, 88)
JXL_QUALITIES = (40, 60, 76, 86, 94)
PIXMILL_QUALITIES = (40, 57, 72, 84, 93)
LOSSLESS = (100,)


@dataclass(frozen=True)
class Encoded:
    body: bytes
    cpu_ms: float


Encode = Callable[[Path, float], Encoded]
"""Encodes a file at a quality of the encoder's own scale. The file is a PNG of the resampled image, or an original."""


@dataclass(frozen=True)
class Encoder:
    """``name`` is unique within a format. ``resizes``: takes an original, and fits it into 512 × 512 pixels."""

    name: str
    format: str
    qualities: Sequence[float]
    encode: Encode
    version: str
    resizes: bool = False


def timed(work: Callable[[], bytes]) -> Encoded:
    """Measure the CPU time of all threads of this process."""
    began = time.process_time()
    body = work()
    return Encoded(bytes(body), (time.process_time() - began) * 1000)


@lru_cache(maxsize=4)
def pixels(image: Path) -> Image.Image:
    """Return a decoded image."""
    with Image.open(image) as opened:
        return opened.convert("RGBA" if "A" in opened.getbands() or "transparency" in opened.info else "RGB")


@lru_cache(maxsize=4)
def content(path: Path) -> bytes:
    return path.read_bytes()


@lru_cache(maxsize=4)
def uncompressed(image: Path) -> bytes:
    """Return an image in a container that takes no time to decode."""
    out = io.BytesIO()
    pixels(image).save(out, "PNG", compress_level=0)
    return out.getvalue()
