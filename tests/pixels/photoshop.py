"""Writes Photoshop files for tests, by the specification and without Pixmill's own code."""

import struct
import zlib
from collections.abc import Sequence

from PIL import Image

MODES = {"1": 0, "L": 1, "P": 2, "RGB": 3, "CMYK": 4, "LAB": 9}
RAW, PACKED, ZIPPED = 0, 1, 2


def make_psd(
    image: Image.Image,
    *,
    bits: int = 8,
    compression: int = PACKED,
    psb: bool = False,
    layers: int | None = None,
    resources: Sequence[tuple[int, bytes]] = (),
    more: Sequence[Image.Image] = (),
) -> bytes:
    """Write an image with its alpha and ``more`` channels. ``layers``: their number, negative for transparency."""
    mode = image.mode.removesuffix("A") or image.mode
    channels = [
        *(_plane(channel, mode, bits) for channel in image.split()),
        *(_deep(c, bits) for c in more),
    ]
    palette = (
        b"".join(bytes((image.getpalette() or [])[n::3]).ljust(256, b"\0") for n in range(3)) if mode == "P" else b""
    )
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 1 + psb, len(channels), image.height, image.width, bits, MODES[mode])
    named = b"".join(
        b"8BIM" + struct.pack(">HHI", n, 0, len(data)) + data + bytes(len(data) % 2) for n, data in resources
    )
    layer_info = b"" if layers is None else _layers(layers, bits, psb=psb)
    return b"".join(
        (
            head,
            struct.pack(">I", len(palette)) + palette,
            struct.pack(">I", len(named)) + named,
            struct.pack(">Q" if psb else ">I", len(layer_info)) + layer_info,
            struct.pack(">H", compression),
            _stored(channels, image.height, compression, psb=psb),
        )
    )


def _layers(count: int, bits: int, *, psb: bool) -> bytes:
    """The number of layers, without them; with 16 bits in a block behind another one, as Photoshop writes it."""
    size = "Q" if psb else "I"
    if bits < 16:
        return struct.pack(f">{size}h", 2, count)
    other = b"8BIMPatt" + struct.pack(">I", 5) + bytes(8)
    return struct.pack(f">{size}I", 0, 0) + other + b"8BIMLr16" + struct.pack(f">{size}hxx", 2, count)


def _plane(channel: Image.Image, mode: str, bits: int) -> bytes:
    if bits == 1:
        return channel.point(lambda value: 255 - value, "1").tobytes()
    if mode == "CMYK":
        channel = channel.point(lambda value: 255 - value)
    return _deep(channel, bits)


def _deep(channel: Image.Image, bits: int) -> bytes:
    values = channel.tobytes()
    return values if bits == 8 else b"".join(struct.pack(">H", value * 257) for value in values)


def _stored(channels: Sequence[bytes], height: int, compression: int, *, psb: bool) -> bytes:
    if compression == RAW:
        return b"".join(channels)
    if compression == ZIPPED:
        return zlib.compress(b"".join(channels))
    rows = [
        packed(channel[at : at + len(channel) // height]) for channel in channels for at in _starts(channel, height)
    ]
    lengths = struct.pack(f">{len(rows)}{'I' if psb else 'H'}", *map(len, rows))
    return lengths + b"".join(rows)


def _starts(channel: bytes, height: int) -> range:
    return range(0, len(channel), len(channel) // height)


def packed(row: bytes) -> bytes:
    """PackBits: runs of equal bytes, and what is between them."""
    out, at = bytearray(), 0
    while at < len(row):
        run = 1
        while at + run < len(row) and run < 128 and row[at + run] == row[at]:
            run += 1
        if run > 1:
            out += bytes((257 - run, row[at]))
            at += run
            continue
        end = at + 1
        while end < len(row) and end - at < 128 and (end + 1 >= len(row) or row[end] != row[end + 1]):
            end += 1
        out += bytes((end - at - 1,)) + row[at:end]
        at = end
    return bytes(out)
