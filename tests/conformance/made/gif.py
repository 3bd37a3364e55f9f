"""GIFs written block by block, with uncompressed LZW: what encoders would not write, too."""

import itertools
import struct

import numpy as np

from tests.conformance.made.scene import PALETTE, Made


def _codes(indices: bytes, bits: int, *, clear_only: bool = False) -> bytes:
    """Uncompressed LZW: a clear code before the width of codes would grow."""
    clear, width = 1 << bits, bits + 1
    room = (1 << bits) - 2
    codes = []
    for start in range(0, len(indices), room):
        codes += [clear, *indices[start : start + room]]
    codes += [] if clear_only else [clear + 1]
    number, size, out = 0, 0, bytearray()
    for code in codes:
        number |= code << size
        size += width
        while size >= 8:
            out.append(number & 255)
            number >>= 8
            size -= 8
    return bytes(out) + (bytes([number & 255]) if size else b"")


def _blocks(data: bytes) -> bytes:
    return b"".join(bytes([len(part := data[at : at + 255])]) + part for at in range(0, len(data), 255)) + b"\0"


def gif_frame(  # noqa: PLR0913 - a field of the format each
    width: int,
    height: int,
    *,
    x: int = 0,
    y: int = 0,
    shift: int = 0,
    delay: int | None = 10,
    dispose: int = 0,
    transparent: int | None = None,
    local: bytes = b"",
    interlaced: bool = False,
    bits: int = 4,
    ended: bool = True,
) -> bytes:
    indices = ((np.add.outer(np.arange(height) // 3, np.arange(width) // 4) + shift) % (1 << bits)).astype(np.uint8)
    if interlaced:
        indices = np.concatenate([indices[0::8], indices[4::8], indices[2::4], indices[1::2]])
    control = b""
    if delay is not None:
        flags = dispose << 2 | (transparent is not None)
        control = b"\x21\xf9\x04" + struct.pack("<BHB", flags, delay, transparent or 0) + b"\0"
    packed = (0x80 | (len(local) // 3).bit_length() - 2 if local else 0) | (0x40 if interlaced else 0)
    place = b"," + struct.pack("<4HB", x, y, width, height, packed)
    return control + place + local + bytes([bits]) + _blocks(_codes(indices.tobytes(), bits, clear_only=not ended))


def gif(
    *frames: bytes,
    size: tuple[int, int] = (40, 30),
    palette: bytes = PALETTE[:48],
    background: int = 3,
    loops: int | None = 0,
    version: bytes = b"89a",
    end: bytes = b";",
) -> bytes:
    flags = 0xF0 | ((len(palette) // 3).bit_length() - 2) if palette else 0x70
    loop = b"" if loops is None else b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", loops) + b"\0"
    head = b"GIF" + version + struct.pack("<HHBBB", *size, flags, background, 0)
    return head + palette + loop + b"".join(frames) + end


def gif_files() -> Made:
    whole = gif_frame(40, 30)
    yield "still", gif(whole, loops=None)
    yield "87a", gif(gif_frame(40, 30, delay=None), loops=None, version=b"87a")
    for bits in (2, 3, 4, 5, 6, 7, 8):
        yield f"{bits} bits", gif(gif_frame(40, 30, bits=bits), palette=PALETTE[: 3 << bits], loops=None)
    yield "1 bit", gif(gif_frame(40, 30, bits=2), palette=PALETTE[:12], loops=None)
    for interlaced in (False, True):
        yield (
            f"smaller than its canvas{', interlaced' * interlaced}",
            gif(gif_frame(20, 15, x=7, y=5, interlaced=interlaced)),
        )
        yield f"larger than its canvas{', interlaced' * interlaced}", gif(gif_frame(60, 50, interlaced=interlaced))
    yield "partly outside", gif(gif_frame(30, 20, x=25, y=20))
    yield "wholly outside", gif(gif_frame(30, 20, x=100, y=90))
    yield "a canvas of no size", gif(whole, size=(0, 0))
    yield "no global palette", gif(gif_frame(40, 30, local=PALETTE[300:348]), palette=b"")
    yield "no palette at all", gif(whole, palette=b"")
    yield "a palette shorter than its codes", gif(gif_frame(40, 30, bits=4), palette=PALETTE[:12])
    yield "background beyond the palette", gif(gif_frame(20, 15, x=7, y=5), background=200)
    for transparent in (None, 2, 200):
        yield f"transparent {transparent}", gif(gif_frame(40, 30, transparent=transparent))
        yield f"smaller, transparent {transparent}", gif(gif_frame(20, 15, x=3, y=3, transparent=transparent))
    yield "no end of LZW", gif(gif_frame(40, 30, ended=False))
    yield "no trailer", gif(whole, end=b"")
    yield "bytes after the trailer", gif(whole, end=b";more")
    yield "a comment", gif(b"\x21\xfe\x05hello\0", whole)
    yield "an unknown extension", gif(b"\x21\xaa\x03abc\0", whole)
    yield "bytes between blocks", gif(b"\0\0\0", whole)
    for share in (0.4, 0.7, 0.95):
        yield f"cut off at {share:.0%}", (good := gif(whole))[: int(len(good) * share)]


def gif_animations() -> Made:
    for dispose, transparent, covered in itertools.product((0, 1, 2, 3, 4, 7), (None, 2), (True, False)):
        first = gif_frame(40, 30, dispose=dispose) if covered else gif_frame(25, 20, x=5, y=5, dispose=dispose)
        rest = [
            gif_frame(18, 13, x=8 * step, y=6 * step, shift=step, dispose=dispose, transparent=transparent)
            for step in range(3)
        ]
        yield (
            f"disposal {dispose}, transparent {transparent}, {'covered' if covered else 'with a margin'}",
            gif(first, *rest),
        )
    mixed = [
        gif_frame(30, 20, x=step, y=step, shift=step, dispose=way, transparent=5)
        for step, way in enumerate((1, 2, 3, 2, 1, 3))
    ]
    yield "mixed disposal", gif(*mixed)
    for interlaced in (False, True):
        local = [
            gif_frame(40, 30, local=PALETTE[48 * step : 48 * step + 48], interlaced=interlaced) for step in range(1, 4)
        ]
        yield f"local palettes{', interlaced' * interlaced}", gif(*local)
    for delay in (0, 1, 2, 5, 10, 333, 65535):
        yield f"delay {delay}", gif(*(gif_frame(40, 30, shift=step, delay=delay) for step in range(3)))
    yield "no control blocks", gif(*(gif_frame(40, 30, shift=step, delay=None) for step in range(3)))
    for loops in (None, 1, 3, 65535):
        yield f"loops {loops}", gif(*(gif_frame(40, 30, shift=step) for step in range(2)), loops=loops)
    yield "a later frame leaves the canvas", gif(gif_frame(40, 30), gif_frame(40, 30, x=20, y=10, shift=3))
    yield "the first leaves the canvas", gif(gif_frame(60, 50), gif_frame(40, 30, shift=3))
    yield "a second frame cut off", gif(gif_frame(40, 30), gif_frame(40, 30, shift=3))[:-300]
    yield "a frame of no width", gif(gif_frame(40, 30), gif_frame(0, 5), gif_frame(40, 30, shift=5))
