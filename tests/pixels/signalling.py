"""Files that say what their numbers mean in other ways than by ICC, made byte by byte. Knows formats, not Pixmill."""

import re
import struct
import zlib
from io import BytesIO
from typing import Any, Final

from PIL import Image

PATCHES: Final = ((200, 60, 60), (128, 128, 128), (20, 20, 20))
SIDE: Final = 16

Chunk = tuple[bytes, bytes]

P3: Final = (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
BT709: Final = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
"""White, red, green, blue."""


def patches(mode: str = "RGB") -> Image.Image:
    """Squares of a red, a middle and a dark grey."""
    image = Image.new("RGB", (SIDE * len(PATCHES), SIDE))
    for number, colour in enumerate(PATCHES):
        image.paste(colour, (number * SIDE, 0, (number + 1) * SIDE, SIDE))
    return image.getchannel("R") if mode == "L" else image.convert(mode)


def patch_values(image: Image.Image) -> list[tuple[int, ...]]:
    """The colour in the middle of each square, whatever the size of the image."""
    shown = image.convert("RGB")
    step = image.width / len(PATCHES)
    pixels = [shown.getpixel((int((number + 0.5) * step), image.height // 2)) for number in range(len(PATCHES))]
    return [pixel for pixel in pixels if isinstance(pixel, tuple)]


def encode_png(image: Image.Image, *chunks: Chunk, before: bytes = b"") -> memoryview:
    """Encode a PNG with these chunks after the header, or before the first chunk of a type."""
    out = BytesIO()
    image.save(out, "PNG")
    return with_chunks(out.getvalue(), *chunks, before=before)


def with_chunks(file: bytes, *chunks: Chunk, before: bytes = b"") -> memoryview:
    at = file.index(before) - 4 if before else 33
    return memoryview(file[:at] + b"".join(chunk(*it) for it in chunks) + file[at:])


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def cicp(primaries: int, transfer: int, matrix: int = 0, full_range: int = 1) -> Chunk:
    return b"cICP", bytes((primaries, transfer, matrix, full_range))


def gama(gamma: float) -> Chunk:
    return b"gAMA", struct.pack(">I", round(gamma * 100_000))


def chrm(*points: float) -> Chunk:
    return b"cHRM", struct.pack(">8i", *(round(point * 100_000) for point in points))


def iccp(profile: bytes) -> Chunk:
    return b"iCCP", b"profile\0\0" + zlib.compress(profile)


def clli(max_nits: int) -> Chunk:
    return b"cLLI", struct.pack(">2I", max_nits * 10_000, 0)


def encode_avif(image: Image.Image, primaries: int, transfer: int, **options: Any) -> memoryview:
    """Encode an AVIF, or a sequence, with these code points in its boxes ``colr``."""
    out = BytesIO()
    image.save(out, "AVIF", quality=100, subsampling="4:0:0" if image.mode == "L" else "4:4:4", **options)
    named = b"nclx" + struct.pack(">2H", primaries, transfer)
    return memoryview(re.sub(rb"nclx.{4}", lambda _: named, out.getvalue(), flags=re.DOTALL))
