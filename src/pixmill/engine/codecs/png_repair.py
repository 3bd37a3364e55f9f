"""Rebuilds PNGs whose checksums, compressed data or ends are damaged, as far as browsers show them.

Knows chunks, scanlines and Adam7 passes (PNG specification, third edition, §5, §7.2, §8). Parses untrusted data:
linear, bounded by the size of the image, which the caller has checked.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from PIL import Image

from pixmill.engine.codecs.png_chunks import SIGNATURE, encode_chunk, iter_chunks

_HEADER: Final = struct.Struct(">IIBBBBB")
_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_MAX_FILTER: Final = 4
_ZLIB_HEADER_BYTES: Final = 2
_RAW_DEFLATE: Final = -15
_FEED_BYTES: Final = 4_096
_FASTEST: Final = 1
_PASSES: Final = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Left, top, and the distances of the pixels of each pass of Adam7 (§8.1)."""

_GRIDS: Final = ((8, 8), (4, 8), (4, 4), (2, 4), (2, 2), (1, 2), (1, 1))
"""The distances of the pixels that are known after each pass."""


@dataclass(frozen=True, slots=True)
class RepairedPng:
    """A valid file, and how many rows of each pass come from the original; the others are zeros."""

    file: bytes
    rows: list[int]
    expected_rows: list[int]

    @property
    def is_complete(self) -> bool:
        return self.rows == self.expected_rows

    def hide_missing(self, image: Image.Image) -> Image.Image:
        """Make transparent what is missing; of an interlaced image, enlarge what is known, as browsers do."""
        if len(self.rows) == 1:
            image.paste((0,) * len(image.getbands()), (0, self.rows[0], *image.size))
            return image
        passes = next(number for number, rows in enumerate(self.rows) if rows < self.expected_rows[number])
        finer = _sampled(image, _GRIDS[passes])
        border = min(image.height, self.rows[passes] * _PASSES[passes][3])
        coarser = _sampled(image, _GRIDS[passes - 1]) if passes else Image.new(image.mode, image.size)
        coarser.paste(finer.crop((0, 0, image.width, border)), (0, 0))
        return coarser


def _sampled(image: Image.Image, grid: tuple[int, int]) -> Image.Image:
    """Return the image with each cell of the grid in the colour of its top left pixel."""
    x, y = grid
    columns, rows = -(-image.width // x), -(-image.height // y)
    corners = image.transform(
        (columns, rows), Image.Transform.AFFINE, (x, 0, 0.5 - x / 2, 0, y, 0.5 - y / 2), Image.Resampling.NEAREST
    )
    return corners.resize((columns * x, rows * y), Image.Resampling.NEAREST).crop((0, 0, *image.size))


def repair_png(source: memoryview) -> RepairedPng:
    """Rebuild the file. Raises ValueError, struct.error if there is nothing to decode."""
    chunks = iter_chunks(source)
    first, header = next(chunks, (b"", b""))
    if first != b"IHDR":
        raise ValueError("No header at the start")
    others, data = list[tuple[bytes, memoryview]](), list[memoryview]()
    for kind, content in chunks:
        if kind == b"IDAT":
            data.append(content)
        elif data:
            break  # what is behind other chunks is not shown
        elif kind != b"IHDR":  # the size that was checked is that of the first
            others.append((kind, content))
    width, height, depth, colour_type, _, _, interlaced = _HEADER.unpack(header)
    bits = depth * _CHANNELS.get(colour_type, 0)
    shapes = list(_shapes(width, height, bits, interlaced=bool(interlaced)))
    pixels = _inflate(data, sum(row_bytes * rows for row_bytes, rows in shapes))
    rows = list(_count_rows(pixels, shapes))
    if not any(rows):
        raise ValueError("No row of pixels")
    complete = bytes(pixels[: sum(count * row_bytes for count, (row_bytes, _) in zip(rows, shapes, strict=True))])
    expected = sum(row_bytes * count for row_bytes, count in shapes)
    before = b"".join(encode_chunk(kind, content) for kind, content in others)
    compressed = zlib.compress(complete.ljust(expected, b"\0"), _FASTEST)
    file = (
        SIGNATURE
        + encode_chunk(b"IHDR", header)
        + before
        + encode_chunk(b"IDAT", compressed)
        + encode_chunk(b"IEND", b"")
    )
    return RepairedPng(file, rows, [count for _, count in shapes])


def _shapes(width: int, height: int, bits: int, *, interlaced: bool) -> Iterator[tuple[int, int]]:
    """Yield the bytes of a row, with its filter, and the rows of each pass; no rows for an empty one."""
    for left, top, x, y in _PASSES if interlaced else ((0, 0, 1, 1),):
        columns, rows = -(-max(0, width - left) // x), -(-max(0, height - top) // y)
        yield 1 + (columns * bits + 7) // 8, rows if columns else 0


def _inflate(data: list[memoryview], expected: int) -> bytearray:
    """Decompress up to the first error, whatever window size and checksum are stated."""
    inflater, pixels = zlib.decompressobj(_RAW_DEFLATE), bytearray()
    compressed = memoryview(b"".join(data))[_ZLIB_HEADER_BYTES:]
    for start in range(0, len(compressed), _FEED_BYTES):
        block = compressed[start : start + _FEED_BYTES]
        before = inflater.copy()
        try:
            pixels += inflater.decompress(block, expected - len(pixels))
        except zlib.error:
            return _inflate_bytewise(before, block, pixels, expected)
        if len(pixels) >= expected or inflater.eof:
            break
    return pixels


def _inflate_bytewise(inflater: "zlib._Decompress", block: memoryview, pixels: bytearray, expected: int) -> bytearray:
    """Decompress what precedes the error in a block."""
    for at in range(len(block)):
        try:
            pixels += inflater.decompress(block[at : at + 1], max(1, expected - len(pixels)))
        except zlib.error:
            break
    return pixels


def _count_rows(pixels: bytearray, shapes: list[tuple[int, int]]) -> Iterator[int]:
    """Yield the rows of each pass that are complete, up to the first with an unknown filter."""
    at, is_broken = 0, False
    for row_bytes, rows in shapes:
        count = 0
        while count < rows and not is_broken:
            is_broken = at + row_bytes > len(pixels) or pixels[at] > _MAX_FILTER
            count, at = (count, at) if is_broken else (count + 1, at + row_bytes)
        yield count
