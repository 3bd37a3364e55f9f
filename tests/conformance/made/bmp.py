"""BMPs of every header, depth, order of fields and compression."""

import itertools
import struct

import numpy as np

from tests.conformance.made.scene import HEIGHT, PALETTE, WIDTH, Made, scene


def bmp(
    bits: int,
    *,
    header: int = 40,
    compression: int = 0,
    masks: tuple[int, ...] = (),
    top_down: bool = False,
    colours: int | None = None,
    data: bytes | None = None,
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> bytes:
    width, height = size
    palette = b""
    entries = 2**bits if bits <= 8 else 0
    if entries:
        used = entries if colours is None else colours
        triples = [PALETTE[3 * entry : 3 * entry + 3] for entry in range(used)]
        palette = b"".join(triple + (b"" if header == 12 else b"\0") for triple in triples)
    if data is None:
        data = _bmp_rows(bits, masks, width, height, top_down=top_down)
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        info = struct.pack(
            "<IiiHHIIiiII",
            header,
            width,
            -height if top_down else height,
            1,
            bits,
            compression,
            len(data),
            2835,
            2835,
            colours or 0,
            0,
        )
        extra = struct.pack(f"<{len(masks)}I", *masks)
        info += (extra if header > 40 else b"").ljust(header - 40, b"\0") if header > 40 else extra
        if header >= 108:
            info = info[:56] + b"BGRs" + info[60:]
    offset = 14 + len(info) + len(palette)
    return struct.pack("<2sIHHI", b"BM", offset + len(data), 0, 0, offset) + info + palette + data


def _bmp_rows(bits: int, masks: tuple[int, ...], width: int, height: int, *, top_down: bool) -> bytes:
    image = scene(width, height, 4)
    if bits <= 8:
        indices = np.add.outer(np.arange(height), np.arange(width)) % 2**bits
        shown = (indices[..., None] >> np.arange(bits - 1, -1, -1)) & 1
        rows = [np.packbits(row.astype(np.uint8)).tobytes() for row in shown.reshape(height, -1)]
    elif bits == 24:
        rows = [row.tobytes() for row in image[..., 2::-1].astype(np.uint8)]
    else:
        masks = masks or ((0x7C00, 0x3E0, 0x1F) if bits == 16 else (0xFF0000, 0xFF00, 0xFF))
        packed = np.zeros((height, width), np.uint64)
        for band, mask in enumerate(masks):
            if mask:
                shift = (mask & -mask).bit_length() - 1
                packed |= np.round(image[..., band] / 255 * (mask >> shift)).astype(np.uint64) << np.uint64(shift)
        rows = [row.astype("<u2" if bits == 16 else "<u4").tobytes() for row in packed]
    rows = [row.ljust(-(-len(row) // 4) * 4, b"\0") for row in rows]
    return b"".join(rows if top_down else rows[::-1])


def _rle(bits: int, *, skip: bool) -> bytes:
    """Runs, absolute parts and, to ``skip``, a delta that leaves pixels out."""
    out = bytearray()
    for row in range(HEIGHT):
        if skip and row == 10:
            out += b"\0\2\x05\x03"
        at = 5 if skip and row == 10 else 0
        out += bytes([20, row % (2**bits) * (17 if bits == 4 else 1) % 256])
        out += b"\0\6" + (b"\1\2\3\4\5\6" if bits == 8 else b"\x12\x34\x56\0")
        rest = WIDTH - 26 - at
        out += bytes([rest, 3]) + b"\0\0"
    return bytes(out) + b"\0\1"


def bmp_files() -> Made:
    for header, bits in itertools.product((12, 40, 52, 56, 64, 108, 124), (1, 4, 8, 16, 24, 32)):
        if not (header == 12 and bits in (16, 32)):
            yield f"header {header}, {bits} bits", bmp(bits, header=header)
    for bits in (1, 4, 8, 24, 32):
        yield f"top down, {bits} bits", bmp(bits, top_down=True)
    fields = {
        "565": (16, (0xF800, 0x7E0, 0x1F)),
        "555": (16, (0x7C00, 0x3E0, 0x1F)),
        "444": (16, (0xF00, 0xF0, 0xF)),
        "4444": (16, (0xF00, 0xF0, 0xF, 0xF000)),
        "1555": (16, (0x7C00, 0x3E0, 0x1F, 0x8000)),
        "332": (16, (0xE0, 0x1C, 0x03)),
        "888": (32, (0xFF0000, 0xFF00, 0xFF)),
        "888 of RGBX": (32, (0xFF000000, 0xFF0000, 0xFF00)),
        "8888": (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
        "8888 of RGBA": (32, (0xFF000000, 0xFF0000, 0xFF00, 0xFF)),
        "BGR": (32, (0xFF, 0xFF00, 0xFF0000)),
        "101010": (32, (0x3FF00000, 0xFFC00, 0x3FF)),
        "1010102": (32, (0x3FF00000, 0xFFC00, 0x3FF, 0xC0000000)),
        "11-11-10": (32, (0xFFE00000, 0x1FFC00, 0x3FF)),
    }
    for (name, (bits, masks)), header in itertools.product(fields.items(), (40, 56, 108, 124)):
        if header != 40 or len(masks) == 3:
            yield f"fields {name}, header {header}", bmp(bits, header=header, compression=3, masks=masks)
    for bits, compression in ((8, 1), (4, 2)):
        for skip in (False, True):
            data = _rle(bits, skip=skip)
            yield f"RLE{bits}{', with a delta' * skip}", bmp(bits, compression=compression, data=data)
        yield f"RLE{bits}, cut off", bmp(bits, compression=compression, data=_rle(bits, skip=False)[:300])
    yield "few colours", bmp(8, colours=20)
    yield "a colour too many", bmp(4, colours=17)
    for share in (0.4, 0.7, 0.99):
        yield f"cut off at {share:.0%}", (good := bmp(24))[: int(len(good) * share)]
