"""Icons and cursors: of DIBs and of PNGs, with their masks."""

import itertools
import struct

import numpy as np

from tests.conformance.made.bmp import bmp
from tests.conformance.made.png import BANDS, GREY_TYPE, PALETTE_TYPE, RGB_TYPE, RGBA_TYPE, SIGNALS, png
from tests.conformance.made.scene import Made, scene


def ico(*images: tuple[tuple[int, int], int, bytes], kind: int = 1) -> bytes:
    """Images are their size, their bits and their bytes: a PNG, or a DIB with its mask."""
    at = 6 + 16 * len(images)
    entries, bodies = b"", b""
    for (width, height), bits, body in images:
        entries += struct.pack("<BBBBHHII", width % 256, height % 256, 0, 0, 1, bits, len(body), at + len(bodies))
        bodies += body
    return struct.pack("<HHH", 0, kind, len(images)) + entries + bodies


def dib(
    bits: int, side: int = 32, *, masked: bool = True, alpha: int | None = None
) -> tuple[tuple[int, int], int, bytes]:
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000) if bits == 32 else ()
    whole = bmp(bits, size=(side, side), masks=masks)
    body = bytearray(whole[14 : 14 + 40] + whole[14 + 40 + (16 if bits == 32 else 0) :])
    body[8:12] = struct.pack("<i", 2 * side)
    if bits == 32 and alpha is not None:
        body[40 + 3 :: 4] = bytes([alpha]) * len(body[40 + 3 :: 4])
    rows = [
        np.packbits((np.arange(side) + row) % 5 == 0).tobytes().ljust(-(-side // 32) * 4, b"\0") for row in range(side)
    ]
    mask = b"".join(rows) if masked else bytes(sum(map(len, rows)))
    return (side, side), bits, bytes(body) + mask


def ico_files() -> Made:
    for bits, side, masked in itertools.product((1, 4, 8, 24, 32), (16, 32, 48), (True, False)):
        yield f"{side} px, {bits} bits{', masked' * masked}", ico(dib(bits, side, masked=masked))
    for alpha in (0, 128, 255):
        yield f"32 bits, alpha {alpha}", ico(dib(32, alpha=alpha))
    for kind, depth in ((RGBA_TYPE, 8), (RGB_TYPE, 8), (PALETTE_TYPE, 8), (GREY_TYPE, 8), (RGBA_TYPE, 16)):
        inner = png(kind, depth, samples=scene(32, 32, BANDS[kind], depth))
        yield f"PNG of type {kind}, {depth} bits", ico(((32, 32), 32, inner))
    for name in ("gAMA 1", "iCCP", "cICP P3"):
        yield f"PNG with {name}", ico(((32, 32), 32, png(RGB_TYPE, 8, SIGNALS[name], samples=scene(32, 32))))
    large = png(RGBA_TYPE, 8, samples=scene(256, 256, 4))
    yield "256 px of PNG", ico(((256, 256), 32, large))
    yield "several sizes", ico(dib(32, 16), dib(32, 32), dib(32, 48))
    yield "several sizes, largest first", ico(dib(32, 48), dib(32, 32), dib(32, 16))
    yield "several depths", ico(dib(4), dib(8), dib(32), dib(24))
    yield "PNG beside DIB", ico(dib(32, 48), ((256, 256), 32, large), dib(8, 16))
    yield "a cursor", ico(dib(32), kind=2)
    yield "a cursor of 1 bit", ico(dib(1), kind=2)
    yield "a size that is another in the image", ico(((16, 16), 32, dib(32)[2]))
    yield "a PNG of another size", ico(((16, 16), 32, png(RGBA_TYPE, 8, samples=scene(32, 32, 4))))
    yield "no mask", ico(((32, 32), 32, dib(32)[2][: 40 + 4096]))
    yield "cut off", ico(dib(32))[:-1500]
