"""Writes bitmaps of Windows and OS/2 and icons of any kind: depths, bit fields, palettes, run lengths, headers."""

import struct
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.pixels.images import Pixels, photo

WIDTH, HEIGHT = 37, 23
COLOURS: Pixels = np.asarray(photo(WIDTH * 4, HEIGHT * 4).resize((WIDTH, HEIGHT), Image.Resampling.BOX))
GREYS: Pixels = np.asarray(Image.fromarray(COLOURS).convert("L"))
ALPHA: Pixels = np.tile((np.arange(WIDTH) * 7 % 256).astype(np.uint8), (HEIGHT, 1))
Row = Callable[[int], bytes]


def palette(colours: int, entry_bytes: int = 4) -> bytes:
    """Blue, green, red and a byte that means nothing."""
    return b"".join(bytes((at * 37 % 256, at * 91 % 256, at * 151 % 256, 0x80)[:entry_bytes]) for at in range(colours))


def in_palette(indices: NDArray[np.int_], colours: int) -> Pixels:
    """The pixels of these indices; black for those that the palette does not have."""
    table = np.zeros((256, 3), np.uint8)
    table[:colours] = np.frombuffer(palette(colours), np.uint8).reshape(-1, 4)[:, 2::-1]
    return table[indices]


def rows(encode: Row, *, top_down: bool = False, height: int = HEIGHT) -> bytes:
    order = range(height) if top_down else range(height - 1, -1, -1)
    return b"".join(row + bytes(-len(row) % 4) for row in map(encode, order))


def true_colour(at: int) -> bytes:
    return COLOURS[at, :, ::-1].tobytes()


def indexed(bits: int) -> Row:
    def encode(at: int) -> bytes:
        values = [int(value) for value in indices(bits)[at]] + [0] * (-WIDTH % (8 // bits))
        per_byte = 8 // bits
        return bytes(
            sum(values[first + place] << bits * (per_byte - 1 - place) for place in range(per_byte))
            for first in range(0, len(values), per_byte)
        )

    return encode


def indices(bits: int) -> NDArray[np.int_]:
    return GREYS.astype(int) * ((1 << bits) - 1) // 255


def fields(masks: Sequence[int], bits: int) -> tuple[Row, Pixels]:
    """Rows of words with these bit fields, and what they show: channels scaled to 8 bits and rounded, or cut to them."""
    words, shown = np.zeros((HEIGHT, WIDTH), np.uint64), []
    for channel, mask in enumerate(masks):
        values, depth = (COLOURS[..., channel] if channel < 3 else ALPHA).astype(int), mask.bit_count()
        shift = (mask & -mask).bit_length() - 1
        scaled = (values * ((1 << depth) - 1) + 127) // 255
        words |= scaled.astype(np.uint64) << np.uint64(max(shift, 0))
        highest = (1 << min(depth, 8)) - 1
        shown.append((scaled >> max(0, depth - 8)) * 255 / max(highest, 1) + 0.5)
    stored = words.astype("<u2" if bits == 16 else "<u4")
    return (lambda at: stored[at].tobytes()), np.floor(np.stack(shown, axis=-1)).astype(np.uint8)


def header(
    bits: int, compression: int = 0, *, length: int = 40, colours: int = 0, height: int = HEIGHT, width: int = WIDTH
) -> bytes:
    return struct.pack("<IiiHHIIiiII", length, width, height, 1, bits, compression, 0, 2835, 2835, colours, 0)


def long_header(bits: int, compression: int, masks: Sequence[int] = (0, 0, 0, 0), length: int = 124) -> bytes:
    """A header of version 4 (108 bytes) or 5 (124)."""
    return (header(bits, compression, length=length) + struct.pack("<4I", *masks) + b"BGRs").ljust(length, b"\0")


def os2_header(bits: int) -> bytes:
    return struct.pack("<IHHHH", 12, WIDTH, HEIGHT, 1, bits)


def file_of(info: bytes, pixels: bytes, colours: bytes = b"", *, offset: int | None = None) -> bytes:
    start = 14 + len(info) + len(colours)
    file_header = b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start if offset is None else offset)
    return file_header + info + colours + pixels


def runs(bits: int) -> bytes:
    """Every row as runs and literals in turn, without an end of the bitmap."""
    return b"".join(_row_of_runs(indices(bits)[at], bits) for at in range(HEIGHT - 1, -1, -1))


def _row_of_runs(values: NDArray[np.int_], bits: int) -> bytes:
    out, at = b"", 0
    while at < WIDTH:
        if at // 5 % 2:
            out += bytes((1, int(values[at]) << (4 if bits == 4 else 0)))
            at += 1
            continue
        count = min(5, WIDTH - at)
        literal = [int(value) for value in values[at : at + count]]
        if count < 3:
            out += b"".join(bytes((1, value << (4 if bits == 4 else 0))) for value in literal)
        else:
            coded = bytes(literal)
            if bits == 4:
                literal += [0] * (count % 2)
                coded = bytes(high << 4 | low for high, low in zip(literal[::2], literal[1::2], strict=True))
            out += bytes((0, count)) + coded + bytes(len(coded) % 2)
        at += count
    return out + b"\0\0"


def icon(*images: tuple[int, int, int, bytes], kind: int = 1, lengths: Sequence[int] = ()) -> bytes:
    """An icon of images with the width, height and depth that the directory gives them."""
    directory, body, start = b"", b"", 6 + 16 * len(images)
    for number, (width, height, bits, data) in enumerate(images):
        length = lengths[number] if lengths else len(data)
        directory += struct.pack("<BBBBHHII", width % 256, height % 256, 0, 0, 1, bits, length, start + len(body))
        body += data
    return struct.pack("<HHH", 0, kind, len(images)) + directory + body


def icon_bitmap(bits: int, mask: NDArray[np.bool_] | None = None, alpha: Pixels | None = None) -> bytes:
    """Colours and, unless there is none, the mask of what is transparent."""
    if bits == 32:
        opacity = np.full((HEIGHT, WIDTH), 255, np.uint8) if alpha is None else alpha
        row: Row = lambda at: np.dstack([COLOURS[at : at + 1, :, ::-1], opacity[at : at + 1]]).tobytes()  # noqa: E731
    else:
        row = true_colour if bits == 24 else indexed(bits)
    colours = b"" if bits > 8 else palette(1 << bits)
    masked = b"" if mask is None else rows(lambda at: np.packbits(mask[at]).tobytes())
    return header(bits, height=2 * HEIGHT) + colours + rows(row) + masked
